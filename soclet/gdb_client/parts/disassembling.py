"""gdb's disassembler for our code: x/i, disassemble, display/i and the full-screen mode use it.

Without it gdb shows ARM instructions, since ARM is what it takes the machine for.
"""

from isa_spec.formats import LENGTH
from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.decoding import assembly, decode, named_value
from soclet.gdb_client.parts.target import is_ours, named, symbol_at
from soclet.gdb_client.tables import WORD_BYTES


def install_disassembler() -> None:
    """Have gdb use it, in place of one that an earlier load of the script has put there."""
    if not hasattr(gdb, "disassembler"):
        return  # gdb 12 has none.

    class Disassembler(gdb.disassembler.Disassembler):
        """Shows one instruction."""

        def __call__(
            self, info: gdb.disassembler.DisassembleInfo
        ) -> gdb.disassembler.DisassemblerResult | None:
            """Show it; None leaves it to gdb. What cannot be read is gdb's to tell."""
            if not is_ours(info.architecture, info.progspace):
                return None
            length, text = _show(info)
            return gdb.disassembler.DisassemblerResult(length, text)

    gdb.disassembler.register_disassembler(Disassembler("soclet"))


def _show(info: gdb.disassembler.DisassembleInfo) -> tuple[int, str]:
    """Give the bytes that are shown, and how.

    What is no instruction is shown as data, up to where the next instruction may begin.
    """
    if info.address % LENGTH == 0:
        try:
            code = bytes(info.read_memory(LENGTH))
        except gdb.MemoryError:
            code = bytes(info.read_memory(WORD_BYTES))
        found = decode(int.from_bytes(code, "little")) if len(code) == LENGTH else None
        if found is not None:
            text = assembly(found, info.address, named)
            value = named_value(found)
            return LENGTH, text if value is None else text + _remark(*value)
        words = (code[at : at + WORD_BYTES] for at in range(0, len(code), WORD_BYTES))
        return len(code), ".word " + ", ".join(f"{_number(word):#x}" for word in words)
    if info.address % WORD_BYTES == 0:
        return WORD_BYTES, f".word {_number(info.read_memory(WORD_BYTES)):#x}"
    return 1, f".byte {_number(info.read_memory(1)):#x}"


def _number(data: bytes | memoryview) -> int:
    return int.from_bytes(data, "little")


def _remark(value: int, jumped_to: bool) -> str:
    """Name a value that is an address: where it jumps to, or what begins there."""
    symbol = symbol_at(value)
    if symbol is None or (symbol[1] and not jumped_to):
        return ""
    name, offset = symbol
    return f"\t; <{name}+{offset}>" if offset else f"\t; <{name}>"
