"""Memory as a frame's code sees it, which need not be as the CPU sees it now.

A trap turns translation off. So in a handler, what a program with translation on has interrupted
is at other addresses than the program's: found here by the program's page table.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from isa_spec.formats import LENGTH
from isa_spec.paging import ENTRY_PAGE, OFFSET, PAGE_SHIFT, table_base, table_length
from isa_spec.words import WORD
from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.decoding import Instruction, decode
from soclet.gdb_client.tables import ENTRY_BITS, WORD_BYTES

_CHUNK = 256
"""Bytes of code that are read at once: one packet for some 32 instructions."""


ReadMemory = Callable[[int, int], bytes | None]
"""Gives bytes by their address and number; None where not all can be read."""


def _ask_gdb(address: int, length: int) -> bytes | None:
    try:
        return bytes(gdb.selected_inferior().read_memory(address, length))
    except gdb.error:
        return None


@dataclass(frozen=True, slots=True)
class Space:
    """Addresses as they are now, or where `ptbr` is given, as that page table has them.

    `now` reads those of now.
    """

    ptbr: int | None = None
    now: ReadMemory = field(default=_ask_gdb, compare=False)

    def read(self, address: int, length: int) -> bytes | None:
        """Give bytes that lie in one page; None where not all can be read."""
        at = address if self.ptbr is None else self._translated(self.ptbr, address)
        return None if at is None else self.now(at, length)

    def of_table(self, ptbr: int | None) -> "Space":
        """Give those of another page table; None: those of now."""
        return replace(self, ptbr=ptbr)

    def _translated(self, ptbr: int, address: int) -> int | None:
        number = address >> PAGE_SHIFT
        if number >= table_length(ptbr):
            return None
        entry = self.of_table(None).word(table_base(ptbr) + WORD_BYTES * number)
        if entry is None or not entry & ENTRY_BITS["present"]:
            return None
        return entry & ENTRY_PAGE | address & OFFSET

    def word(self, address: int) -> int | None:
        """Give the word at an address; None where there is none."""
        data = self.read(address, WORD_BYTES) if address % WORD_BYTES == 0 else None
        return None if data is None else int.from_bytes(data, "little")


NOW = Space()


class Code:
    """The code of a space, read in pieces and kept: for one question, since code may change."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._pieces: dict[int, bytes] = {}

    def __call__(self, address: int) -> Instruction | None:
        """Give the instruction at an address; None where there is none."""
        address &= WORD
        if address % LENGTH:
            return None
        start = address - address % _CHUNK
        if start not in self._pieces:
            self._pieces[start] = self._space.read(start, _CHUNK) or b""
        code = self._pieces[start][address - start :][:LENGTH]
        if len(code) < LENGTH:
            code = self._space.read(address, LENGTH) or b""
        return decode(int.from_bytes(code, "little")) if len(code) == LENGTH else None
