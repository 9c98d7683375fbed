"""The section .debug_line: which address belongs to which line of which file.

Knows the state machine that debuggers run. Must not know how lines came about.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final

from construct import Array, Int8sl, Int8ul, Int16ul, Struct, VarInt

from isa_spec.formats import LENGTH
from toolchain.dwarf.encoding import ADDRESS, SLEB128, STRING, file_name, unit
from toolchain.program import LineSequence, Program

VERSION: Final = 4
LINE_BASE: Final = -4
LINE_RANGE: Final = 12
"""A special opcode moves on by LINE_BASE up to LINE_BASE + LINE_RANGE - 1 lines."""


class Standard(IntEnum):
    """Opcodes of one byte."""

    COPY = 1
    ADVANCE_PC = 2
    ADVANCE_LINE = 3
    SET_FILE = 4


class Extended(IntEnum):
    """Opcodes that a zero byte and a length stand before."""

    END_SEQUENCE = 1
    SET_ADDRESS = 2


OPERAND_COUNTS: Final = (0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1)
"""How many operands each standard opcode of this version has."""

OPCODE_BASE: Final = len(OPERAND_COUNTS) + 1

FILE: Final = Struct("name" / STRING, "directory" / VarInt, "modified" / VarInt, "length" / VarInt)
PARAMETERS: Final = Struct(
    "shortest_instruction" / Int8ul,
    "operations_per_instruction" / Int8ul,
    "is_statement" / Int8ul,
    "line_base" / Int8sl,
    "line_range" / Int8ul,
    "opcode_base" / Int8ul,
    "operand_counts" / Array(len(OPERAND_COUNTS), Int8ul),
)


def line_section(program: Program) -> bytes:
    """Give the line table of a program."""
    numbers = {file: n for n, file in enumerate(program.files, 1)}
    files = b"".join(
        FILE.build({"name": file_name(program, f), "directory": 0, "modified": 0, "length": 0})
        for f in program.files
    )
    header = (
        PARAMETERS.build(
            {
                "shortest_instruction": LENGTH,
                "operations_per_instruction": 1,
                "is_statement": 1,
                "line_base": LINE_BASE,
                "line_range": LINE_RANGE,
                "opcode_base": OPCODE_BASE,
                "operand_counts": OPERAND_COUNTS,
            }
        )
        + _NO_DIRECTORIES
        + files
        + b"\0"
    )
    rows = b"".join(part for sequence in program.sequences for part in _sequence(sequence, numbers))
    return unit(Int16ul.build(VERSION) + unit(header) + rows)


_NO_DIRECTORIES: Final = b"\0"
"""All names are as seen from the directory of the source."""


def _sequence(sequence: LineSequence, numbers: dict[str, int]) -> Iterator[bytes]:
    address, file, line = sequence.rows[0].address, 1, 1
    yield _extended(Extended.SET_ADDRESS, ADDRESS.build(address))
    for row in sequence.rows:
        number = numbers[row.source.file]
        if number != file:
            yield _standard(Standard.SET_FILE, VarInt, number)
        yield from _advance((row.address - address) // LENGTH, row.source.line - line)
        address, file, line = row.address, number, row.source.line
    yield _standard(Standard.ADVANCE_PC, VarInt, (sequence.end - address) // LENGTH)
    yield _extended(Extended.END_SEQUENCE, b"")


def _advance(instructions: int, lines: int) -> Iterator[bytes]:
    """Move on and add a row: by one special opcode where one reaches."""
    if lines not in range(LINE_BASE, LINE_BASE + LINE_RANGE):
        yield _standard(Standard.ADVANCE_LINE, SLEB128, lines)
        lines = 0
    most = (0xFF - OPCODE_BASE - (lines - LINE_BASE)) // LINE_RANGE
    if instructions > most:
        yield _standard(Standard.ADVANCE_PC, VarInt, instructions)
        instructions = 0
    special = lines - LINE_BASE + LINE_RANGE * instructions + OPCODE_BASE
    yield Int8ul.build(special)


def _standard(opcode: Standard, form: Any, operand: int) -> bytes:
    built: bytes = Int8ul.build(opcode) + form.build(operand)
    return built


def _extended(opcode: Extended, operand: bytes) -> bytes:
    built: bytes = b"\0" + VarInt.build(1 + len(operand)) + Int8ul.build(opcode) + operand
    return built
