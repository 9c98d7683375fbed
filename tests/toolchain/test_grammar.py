"""Instructions are written as their rows say, whatever the rows are."""

import pytest
from construct import Int8ul, Int16ul
from hypothesis import given
from hypothesis import strategies as st

from isa_spec.formats import GENERAL, WITH_VALUE, Format, Kind
from isa_spec.instruction import Instruction, InstructionSet
from isa_spec.instructions import BASE
from isa_spec.registers import REGISTERS
from toolchain.assembler import assemble
from toolchain.grammar import Register, grammar_of, unescape
from toolchain.problems import AssemblyErrors, WrongError


def test_every_row_can_be_assembled_from_its_own_syntax():
    numbers = {"a": "r3", "b": "r4", "value": "0x12345678", "target": ". + 16"}
    for row in BASE:
        text = row.format_operands(lambda field, _: numbers[field.name], range(len(row.operands)))
        (segment,) = assemble("t.s", text).segments
        decoded = BASE.decode(int.from_bytes(segment.data, "little"))
        assert decoded is not None, text
        assert decoded.row is row
        values = {"a": 3, "b": 4, "value": 0x12345678, "target": 16}
        assert decoded.operands == tuple(values[name] for name in row.operands)


@st.composite
def statements(draw):
    row = draw(st.sampled_from(BASE.rows))
    operands = []
    for field in row.fields:
        if field.kind is Kind.REGISTER:
            operands.append(draw(st.integers(0, len(REGISTERS) - 1)))
        else:
            bounds = field.bounds
            operands.append(bounds[draw(st.integers(0, len(bounds) - 1))])
    return row, tuple(operands)


@given(statements(), st.randoms(use_true_random=False))
def test_any_instruction_is_encoded_as_its_row_encodes_it(statement, random):
    row, operands = statement

    def show(field, operand):
        match field.kind:
            case Kind.REGISTER:
                return random.choice(REGISTERS[operand].names)
            case Kind.TARGET:
                return f". + ({operand})"
            case _:
                return random.choice([str, hex, bin])(operand)

    text = row.format_operands(show, operands)
    (segment,) = assemble("t.s", text).segments
    assert segment.data == row.encode(*operands)


MADE_UP = {
    "opcode": (Int8ul, Kind.OPCODE),
    "a": (Int8ul, Kind.REGISTER),
    "b": (Int8ul, Kind.REGISTER),
    "value": (Int8ul, Kind.VALUE),
    "zeros": (Int16ul, Kind.ZERO),
    "more": (Int16ul, Kind.ZERO),
}


def test_a_new_row_with_new_marks_assembles_with_no_change_here():
    form = Format("made up", **MADE_UP)
    rows = [
        Instruction(0x40, "swap [a + value] := b", form, _body("a", "value", "b")),
        Instruction(0x41, "swap a, b", GENERAL, _body("a", "b")),
        Instruction(0x42, "mov a, [value]", WITH_VALUE, _body("a", "value")),
        Instruction(0x43, "peek { a }", WITH_VALUE, _body("a")),
    ]
    extended = BASE + rows
    text = "swap [r1 + 4*2] := sp\nswap r1, r2\nmov r9, [x]\npeek{r3}\nx: mov r1, [r2]"
    (segment,) = assemble("t.s", text, instructions=extended).segments
    words = [segment.data[n : n + 8] for n in range(0, len(segment.data), 8)]
    assert words == [
        rows[0].encode(1, 8, 15),
        rows[1].encode(1, 2),
        rows[2].encode(9, 0x1020),
        rows[3].encode(3),
        next(row for row in BASE if row.syntax == "mov a, [b]").encode(1, 2),
    ]
    with pytest.raises(AssemblyErrors, match="unknown instruction or macro swap"):
        assemble("t.s", "swap r1, r2")
    with pytest.raises(AssemblyErrors, match="swap \\[a \\+ value\\] := b"):
        assemble("t.s", "swap r1", instructions=extended)


def _body(*operands):
    """Give a body that uses operands, its source at hand as rows need it."""
    return _BODIES[operands]


def _move(cpu, a, value, b):
    """made up"""
    cpu.r[a] = value + b


def _two(r, a, b):
    """made up"""
    r[a] = r[b]


def _from(cpu, a, value):
    """made up"""
    cpu.r[a] = cpu.load(value)


def _one(r, a):
    """made up"""
    r[a] = 1


_BODIES = {("a", "value", "b"): _move, ("a", "b"): _two, ("a", "value"): _from, ("a",): _one}


def test_a_value_too_big_for_a_narrow_field_is_refused():
    form = Format("narrow", **MADE_UP)
    extended = InstructionSet((*BASE, Instruction(0x40, "nar a, value, b", form, _move)))
    with pytest.raises(AssemblyErrors, match="256 does not fit 8 bits"):
        assemble("t.s", "nar r1, 256, r2", instructions=extended)


def test_blanks_do_not_matter_and_registers_have_aliases():
    grammar = grammar_of(BASE)
    for text in ("[sp],at", " [ r15 ] , r12 ", "[r15],\tr12"):
        match = grammar.instruction("mov", text, 1)
        assert match.row.syntax == "mov [a], b"
        assert [operand.number for operand in match.operands] == [15, 12]


def test_a_symbol_may_look_like_a_mnemonic_but_not_be_a_register():
    assert assemble("t.s", "mov: wait\njmp mov").segments
    for name in ("sp", "r3", "status"):
        with pytest.raises(AssemblyErrors, match="is a register's name"):
            assemble("t.s", f"{name}: wait")
    assert grammar_of(BASE).instruction("mov", "r1, r10x", 1).operands[0] == Register(1, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"a\nb", "a\nb"),
        (r"\\n", "\\n"),
        (r"\\\\", "\\\\"),
        (r"\x41\x4a", "AJ"),
        (r"\"\'", "\"'"),
        (r"\e[0m\r\t\0\a\b", "\x1b[0m\r\t\0\a\b"),
        ("", ""),
    ],
)
def test_escapes_are_undone(text, expected):
    assert unescape(text, 1) == expected


@pytest.mark.parametrize("text", [r"\q", r"\x4", r"\xzz", r"a\N"])
def test_an_escape_that_does_not_exist_is_refused(text):
    with pytest.raises(WrongError, match="is no escape"):
        unescape(text, 1)
