"""Where each function's caller is, of an ELF file: its .debug_frame, read by pyelftools.

Imported only when a stack is asked for. Knows DWARF's numbers of registers; must not know who made
the file. What has no place in a frame row, such as an expression, leaves its register undefined,
or ends the function's rows where the frame address itself is such.
"""

from collections.abc import Iterator
from io import BytesIO
from itertools import takewhile
from typing import Any, Final

from elftools.dwarf.callframe import FDE
from elftools.elf.elffile import ELFFile

from isa_spec.registers import REGISTERS
from toolchain.program import FrameRow, FunctionFrame, How, Rule

_NUMBERS: Final = {
    register.dwarf: register.number for register in REGISTERS if register.dwarf is not None
}
_HOWS: Final = {
    "SAME_VALUE": How.SAME,
    "UNDEFINED": How.UNDEFINED,
    "OFFSET": How.OFFSET,
    "VAL_OFFSET": How.VALUE,
}
_LOST: Final = Rule(How.UNDEFINED)


def read_frames(data: bytes) -> tuple[FunctionFrame, ...]:
    """Give the functions' frames of an ELF file, by address; none where they cannot be read."""
    try:
        return tuple(sorted(_functions(data), key=lambda frame: frame.start))
    except Exception:  # pyelftools has no one way to say that a file is malformed
        return ()


def _functions(data: bytes) -> Iterator[FunctionFrame]:
    file = ELFFile(BytesIO(data))
    if not file.has_dwarf_info():
        return
    information = file.get_dwarf_info()
    if not information.has_CFI():
        return
    for entry in information.CFI_entries():
        if isinstance(entry, FDE):
            lines = takewhile(_is_plain, entry.get_decoded().table)
            rows = tuple(_row(line) for line in lines)
            if rows:
                start = entry.header.initial_location
                yield FunctionFrame(start, start + entry.header.address_range, rows)


def _is_plain(line: dict[Any, Any]) -> bool:
    return line["cfa"].expr is None and line["cfa"].reg in _NUMBERS


def _row(line: dict[Any, Any]) -> FrameRow:
    frame = line["cfa"]
    rules = {_NUMBERS[column]: _rule(rule) for column, rule in line.items() if column in _NUMBERS}
    in_order = tuple((number, rules[number]) for number in sorted(rules))
    return FrameRow(line["pc"], _NUMBERS[frame.reg], frame.offset, in_order)


def _rule(rule: Any) -> Rule:
    how = _HOWS.get(rule.type)
    return _LOST if how is None else Rule(how, rule.arg or 0)
