"""The section .debug_aranges: which addresses the one compilation unit covers."""

from typing import Final

from construct import Array, Int8ul, Int16ul, Int32ul, Padding, Struct

from toolchain.dwarf.encoding import ADDRESS, ADDRESS_SIZE, unit
from toolchain.program import Program

VERSION: Final = 2
RANGE: Final = Struct("address" / ADDRESS, "length" / ADDRESS)
HEADER: Final = Struct(
    "version" / Int16ul,
    "info_offset" / Int32ul,
    "address_size" / Int8ul,
    "segment_size" / Int8ul,
    "to_a_multiple_of_two_addresses" / Padding(4),
)


def aranges_section(program: Program) -> bytes:
    """Give the table of the ranges that a program's instructions occupy."""
    header = {
        "version": VERSION,
        "info_offset": 0,
        "address_size": ADDRESS_SIZE,
        "segment_size": 0,
        "to_a_multiple_of_two_addresses": None,
    }
    ranges = [
        {"address": sequence.rows[0].address, "length": sequence.end - sequence.rows[0].address}
        for sequence in program.sequences
    ]
    end = {"address": 0, "length": 0}
    table = Array(len(ranges) + 1, RANGE).build([*ranges, end])
    return unit(HEADER.build(header) + table)
