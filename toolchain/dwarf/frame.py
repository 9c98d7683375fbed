"""The section .debug_frame: how to find a function's caller, instruction by instruction.

Knows how frame rows are written down. Must not know how they are found. What is common to all
functions is what stock debuggers were seen to understand: code alignment 8, data alignment -4,
and the return address in link's column.
"""

from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise
from typing import Final

from construct import Int8ul, Int32ul, VarInt

from isa_spec.formats import LENGTH
from isa_spec.registers import LINK, REGISTERS, SP
from toolchain.dwarf.encoding import ADDRESS, ADDRESS_SIZE, SLEB128, STRING, unit
from toolchain.program import FrameRow, Function, How, Program, Rule

VERSION: Final = 4
CODE_ALIGNMENT: Final = LENGTH
DATA_ALIGNMENT: Final = -4
COMMON: Final = 0xFFFF_FFFF
"""What the common entry has in the place of its own offset."""


class Op(IntEnum):
    """Call frame instructions; of the first two the low six bits are an operand."""

    ADVANCE_LOC = 0x40
    OFFSET = 0x80
    ADVANCE_LOC4 = 0x04
    OFFSET_EXTENDED_SF = 0x11
    UNDEFINED = 0x07
    SAME_VALUE = 0x08
    DEF_CFA = 0x0C
    DEF_CFA_OFFSET = 0x0E
    DEF_CFA_SF = 0x12
    DEF_CFA_OFFSET_SF = 0x13
    VAL_OFFSET = 0x14
    VAL_OFFSET_SF = 0x15


LOW: Final = 0x3F
"""The largest operand that fits an instruction's own byte."""


def frame_section(program: Program) -> bytes:
    """Give the frames of a program's functions."""
    common = _padded(
        Int32ul.build(COMMON)
        + Int8ul.build(VERSION)
        + STRING.build("")
        + Int8ul.build(ADDRESS_SIZE)
        + Int8ul.build(0)
        + VarInt.build(CODE_ALIGNMENT)
        + SLEB128.build(DATA_ALIGNMENT)
        + VarInt.build(_column(LINK))
        + _op(Op.DEF_CFA, _column(SP), 0)
        + _op(Op.SAME_VALUE, _column(LINK))
        + _op(Op.VAL_OFFSET, _column(SP), 0)
    )
    return common + b"".join(
        _padded(
            Int32ul.build(0)
            + ADDRESS.build(function.symbol.address)
            + ADDRESS.build(function.symbol.size)
            + b"".join(_instructions(function))
        )
        for function in program.functions
    )


def _instructions(function: Function) -> Iterator[bytes]:
    first = FrameRow(function.symbol.address, SP, 0, ())
    for before, row in pairwise((first, *function.frame)):
        if steps := (row.address - before.address) // CODE_ALIGNMENT:
            small = steps <= LOW
            yield (
                Int8ul.build(Op.ADVANCE_LOC | steps)
                if small
                else Int8ul.build(Op.ADVANCE_LOC4) + Int32ul.build(steps)
            )
        yield from _frame_address(before, row)
        known = dict(before.rules)
        for register, rule in row.rules:
            if rule != known.get(register, Rule(How.SAME)):
                yield _rule(_column(register), rule)


def _frame_address(before: FrameRow, row: FrameRow) -> Iterator[bytes]:
    if row.base != before.base:
        if row.offset >= 0:
            yield _op(Op.DEF_CFA, _column(row.base), row.offset)
        else:
            yield _op_signed(Op.DEF_CFA_SF, row.offset, _column(row.base))
    elif row.offset != before.offset:
        if row.offset >= 0:
            yield _op(Op.DEF_CFA_OFFSET, row.offset)
        else:
            yield _op_signed(Op.DEF_CFA_OFFSET_SF, row.offset)


def _rule(column: int, rule: Rule) -> bytes:
    match rule.how:
        case How.SAME:
            return _op(Op.SAME_VALUE, column)
        case How.UNDEFINED:
            return _op(Op.UNDEFINED, column)
        case How.VALUE:
            return _op_signed(Op.VAL_OFFSET_SF, rule.offset, column)
        case How.OFFSET if rule.offset <= 0:
            built: bytes = Int8ul.build(Op.OFFSET | column) + VarInt.build(_factored(rule.offset))
            return built
        case How.OFFSET:
            return _op_signed(Op.OFFSET_EXTENDED_SF, rule.offset, column)


def _op(op: Op, *operands: int) -> bytes:
    return bytes([op]) + b"".join(VarInt.build(operand) for operand in operands)


def _op_signed(op: Op, offset: int, *operands: int) -> bytes:
    """Give an instruction whose last operand is an offset in units of the data alignment."""
    built: bytes = _op(op, *operands) + SLEB128.build(_factored(offset))
    return built


def _factored(offset: int) -> int:
    return offset // DATA_ALIGNMENT


def _column(register: int) -> int:
    number = REGISTERS[register].dwarf
    if number is None:
        raise ValueError(f"{REGISTERS[register].name} has no number in debugging information")
    return number


def _padded(entry: bytes) -> bytes:
    """Give an entry, its length a multiple of an address's by instructions that do nothing."""
    return unit(entry + bytes(-len(entry) % ADDRESS_SIZE))
