"""Rows that contradict themselves, or each other, are refused when they are declared."""

from collections.abc import Callable

import pytest
from construct import Int8ul, Int16ul, Int32ul, Int64ul

from isa_spec.body import read_body
from isa_spec.formats import GENERAL, WITH_VALUE, Format, Kind
from isa_spec.instruction import Instruction, InstructionSet, RowError, Rows
from isa_spec.instructions import BASE
from isa_spec.memory_map import PORTS
from isa_spec.registers import BY_NAME, REGISTERS
from isa_spec.traps import VECTORS

# ruff: noqa: ARG001 - some of these bodies are wrong on purpose


def copy(r, a, b):
    """a ← b"""
    r[a] = r[b]


def copy_to_itself(r, a):
    """a ← a"""
    r[a] = r[a]


def three(r, a, b, value):
    """a ← b + value"""
    r[a] = r[b] + value


def without_words(r, a, b):
    r[a] = r[b]


def set_value(r, a, value):
    """a ← value"""
    r[a] = value


def nothing(cpu):
    """nothing"""
    cpu.sleep()


def wrongly_named(r, a, c):
    """a ← c"""
    r[a] = r[c]


def the_other_way_round(r, b, a):
    """a ← b"""
    r[a] = r[b]


def forgetful(r, a, b):
    """a ← 1"""
    r[a] = 1


def loud(r, a, b):
    """a ← b, or not"""
    if r[b] == 0:
        raise ValueError
    r[a] = r[b]


def no_handle(a, b):
    """a ← b"""
    return a + b


def row(opcode=0x40, syntax="copy a, b", form=GENERAL, body: Callable[..., None] = copy):
    return Instruction(opcode, syntax, form, body)


def test_a_row_that_is_right_is_taken():
    assert row().operands == ("a", "b")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: row(opcode=0x100), r"opcode 0x100 does not fit a byte"),
        (lambda: row(opcode=-1), r"opcode -0x1 does not fit a byte"),
        (lambda: row(body=without_words), r"needs a docstring: the manual's sentence"),
        (
            lambda: row(syntax="copy a, value", body=set_value),
            r"'value' is not an operand of the general format, which has a, b",
        ),
        (
            lambda: row(syntax="copy a, c", body=wrongly_named),
            r"'c' is not an operand of the general format, which has a, b",
        ),
        (
            lambda: row(syntax="copy a, zero"),
            r"'zero' is not an operand of the general format",
        ),
        (
            lambda: row(syntax="copy a, opcode"),
            r"'opcode' is not an operand of the general format",
        ),
        (
            lambda: row(syntax="copy a, a", body=copy_to_itself),
            r"an operand stands there twice",
        ),
        (
            lambda: row(body=wrongly_named),
            r"the body takes \('a', 'c'\), must take \('a', 'b'\), as the syntax does",
        ),
        (
            lambda: row(body=the_other_way_round),
            r"the body takes \('b', 'a'\), must take \('a', 'b'\)",
        ),
        (
            lambda: row(syntax="copy a"),
            r"the body takes \('a', 'b'\), must take \('a',\)",
        ),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(make: Callable[[], object], sentence: str):
    with pytest.raises(RowError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (forgetful, "body forgetful: operand 'b' is not used"),
        (loud, "body loud: what raises a trap must take cpu"),
        (no_handle, "body no_handle: the first parameter must be r or cpu"),
    ],
)
def test_a_body_that_is_not_written_as_bodies_are_is_refused(body, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        row(body=body)


def test_a_body_without_source_at_hand_is_refused():
    with pytest.raises(ValueError, match="its source must be at hand, as a def statement"):
        read_body(lambda r, a: r[a])


def test_two_rows_that_could_match_the_same_bytes_are_refused():
    with pytest.raises(RowError, match="'copy a, b' and 'dup a, b' overlap: give one another"):
        InstructionSet([row(), row(syntax="dup a, b")])


def test_rows_of_one_opcode_overlap_also_in_different_formats():
    other = row(syntax="set a, value", form=WITH_VALUE, body=set_value)
    with pytest.raises(RowError, match="overlap"):
        InstructionSet([row(), other])


def test_an_extension_that_overlaps_the_base_is_refused():
    with pytest.raises(RowError, match="'mov a, b' and 'copy a, b' overlap"):
        BASE.__add__([row(opcode=0x02)])


@pytest.mark.parametrize("syntax", ["copy a, b", "COPY a, b", "copy  a ,b"])
def test_two_rows_that_are_written_the_same_way_are_refused(syntax: str):
    with pytest.raises(RowError, match="are written the same way"):
        InstructionSet([row(), row(opcode=0x41, syntax=syntax)])


def test_rows_may_share_a_mnemonic_where_their_operands_differ():
    other = row(opcode=0x41, syntax="copy a, value", form=WITH_VALUE, body=set_value)
    assert len(InstructionSet([row(), other]).rows) == 2


def test_a_decorator_declares_rows():
    rows = Rows()
    assert rows.instruction(0x40, "copy a, b", GENERAL)(copy) is copy
    assert [declared.body for declared in rows] == [copy]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"opcode": (Int8ul, Kind.OPCODE), "a": (Int8ul, Kind.REGISTER)},
            "format odd: 2 bytes, must be 8",
        ),
        (
            {"opcode": (Int8ul, Kind.OPCODE), "value": (Int64ul, Kind.VALUE)},
            "format odd: 9 bytes, must be 8",
        ),
        (
            {"a": (Int8ul, Kind.REGISTER), "opcode": (Int8ul, Kind.OPCODE),
             "zero": (Int16ul, Kind.ZERO), "value": (Int32ul, Kind.VALUE)},
            "format odd: the first byte must be the opcode",
        ),
        (
            {"opcode": (Int32ul, Kind.OPCODE), "value": (Int32ul, Kind.VALUE)},
            "format odd: the first byte must be the opcode",
        ),
    ],
)  # fmt: skip
def test_a_format_of_another_shape_is_refused(fields, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        Format("odd", **fields)


def test_a_new_format_needs_only_its_struct():
    both = Format(
        "both",
        opcode=(Int8ul, Kind.OPCODE),
        a=(Int8ul, Kind.REGISTER),
        b=(Int16ul, Kind.REGISTER),
        value=(Int32ul, Kind.VALUE),
    )
    wide = row(opcode=0x42, syntax="three a, b, value", form=both, body=three)
    assert wide.encode(1, 2, 3) == bytes.fromhex("42 01 0200 03000000")


def test_what_a_body_tells():
    assert read_body(copy).writes == {"a"}
    assert read_body(copy).quiet
    assert not read_body(nothing).quiet
    assert {row.syntax for row in BASE if row.meaning.quiet} == {
        "mov a, value", "mov a, b", "add a, b", "sub a, b", "mul a, b",
    }  # fmt: skip
    assert {row.syntax for row in BASE if row.meaning.plain and not row.meaning.quiet} == {
        "mov a, [b]", "mov [a], b", "div a, b", "trap value",
    }  # fmt: skip
    assert {row.syntax for row in BASE if row.meaning.writes} == {
        "mov a, value", "mov a, b", "mov a, [b]", "add a, b", "sub a, b", "mul a, b", "div a, b",
    }  # fmt: skip


def test_numbers_names_and_addresses_are_given_once():
    assert [register.number for register in REGISTERS] == list(range(28))
    assert len(BY_NAME) == sum(len(register.names) for register in REGISTERS)
    assert len({port.address for port in PORTS}) == len({port.name for port in PORTS}) == len(PORTS)
    assert len({vector.number for vector in VECTORS}) == len(VECTORS)
