"""Code is found sound, or refused by name before it can run."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rsp import agent

from gdbstub.agent.expression import MOST_BYTES, MOST_STACK, parse
from gdbstub.agent.opcodes import BY_NAME, OPCODES
from gdbstub.target import TargetError

END = agent("end")


def refused(code):
    with pytest.raises(TargetError) as caught:
        parse(code)
    return caught.value.message


def test_every_opcode_of_the_manual_has_its_number():
    assert set(OPCODES) == {*range(0x01, 0x31), 0x32, 0x33, 0x34}
    assert [BY_NAME[name].number for name in ("float", "ext", "if_goto", "end", "printf")] == [
        *(0x01, 0x16, 0x20, 0x27, 0x34)
    ]
    assert len(BY_NAME) == len(OPCODES)


@pytest.mark.parametrize(
    "name",
    [
        *("float", "ref_float", "ref_double", "ref_long_double", "l_to_d", "d_to_l"),
        *("trace", "trace_quick", "trace16", "tracenz", "getv", "setv", "tracev"),
    ],
)
def test_an_opcode_that_makes_no_sense_here_is_refused_by_name(name):
    code = agent("const8 1", "const8 1") + bytes([BY_NAME[name].number])
    message = refused(code + bytes(BY_NAME[name].operand) + END)
    assert f"agent opcode {name} " in message
    assert BY_NAME[name].refused in message


@pytest.mark.parametrize("number", [0x00, 0x31, 0x35, 0xFF])
def test_an_unknown_opcode_is_refused(number):
    assert f"{number:#04x}" in refused(bytes([number]) + END)


def test_nothing_is_no_expression_and_neither_is_too_much():
    assert "empty" in refused(b"")
    assert parse(agent("const8 1", "pop") * (MOST_BYTES // 3) + END)
    assert "longer" in refused(agent("const8 1", "pop") * (MOST_BYTES // 3) + END * 2)


@pytest.mark.parametrize("opcode", [each for each in OPCODES.values() if each.operand], ids=str)
def test_an_operand_cut_short_is_refused(opcode):
    for length in range(opcode.operand):
        message = refused(bytes([opcode.number]) + bytes(length))
        assert opcode.name in message


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_printf_cut_short_is_refused(cut):
    whole = agent("const8 0", "const8 0", "printf 0 ab\\n")
    assert "printf" in refused(whole[:-cut])


@pytest.mark.parametrize("opcode", OPCODES.values(), ids=lambda each: each.name)
def test_an_opcode_that_finds_too_little_on_the_stack_is_refused(opcode):
    if opcode.refused or not (opcode.pops or opcode.name == "pick"):
        return
    needed = opcode.pops or 1
    operand = "1" if opcode.name == "ext" else "0 " if opcode.name == "printf" else "0"
    code = agent(*["const8 1"] * (needed - 1), f"{opcode.name} {operand}", "end")
    assert refused(code) == f"the agent opcode {opcode.name} finds too little on the stack"


@pytest.mark.parametrize(
    ("code", "needs"),
    [
        (agent("const8 1", "pick 1", "end"), "pick"),
        (agent("const8 0", "const8 0", "printf 1 %d", "end"), "printf"),
    ],
)
def test_what_an_operand_wants_must_be_on_the_stack_too(code, needs):
    assert refused(code) == f"the agent opcode {needs} finds too little on the stack"


def test_the_stack_has_an_end():
    assert parse(agent(*["const8 1"] * MOST_STACK, "end"))
    assert f"more than {MOST_STACK}" in refused(agent(*["const8 1"] * (MOST_STACK + 1), "end"))


@pytest.mark.parametrize(
    "code",
    [
        agent("goto 2", "end"),  # into its own operand
        agent("goto 4", "end"),  # behind the end
        agent("goto 65535", "end"),
        agent("const8 1", "if_goto 1", "end"),
        agent("const8 1"),  # falls off the end
        agent("const8 1", "if_goto 0"),
        agent("goto 4", "const16 0x2727", "end"),  # an end within an operand
    ],
)
def test_a_way_that_leads_to_no_opcode_is_refused(code):
    assert "which is no opcode" in refused(code)


def test_a_stack_that_depends_on_the_way_taken_is_refused():
    code = agent("reg 0", "if_goto 8", "const8 1", "const8 2", "end")
    assert "depends on the way" in refused(code)
    assert "depends on the way" in refused(agent("const8 1", "goto 0"))


def test_what_no_way_leads_to_is_only_read():
    expression = parse(agent("const8 1", "end", "pop", "add"))
    assert list(expression.instructions) == [0, 2]
    assert "0x00" in refused(agent("const8 1", "end") + b"\x00")


def test_extending_from_no_bits_is_refused():
    assert "ext" in refused(agent("const8 1", "ext 0", "end"))
    assert parse(agent("const8 1", "zero_ext 0", "end"))


def test_an_expression_says_which_registers_it_reads_and_whether_it_has_a_value():
    expression = parse(agent("reg 15", "reg 3", "add", "reg 3", "add", "end"))
    assert expression.registers == {3, 15}
    assert expression.gives_value
    assert not parse(END).gives_value
    assert not parse(agent("const8 0", "const8 0", "printf 0 hi", "end")).gives_value


def test_expressions_of_the_same_bytes_are_equal_and_parsed_once():
    assert parse(agent("reg 1", "end")) is parse(agent("reg 1", "end"))
    assert parse(agent("reg 1", "end")) != parse(agent("reg 2", "end"))
    assert len({parse(agent("reg 1", "end")), parse(agent("reg 1", "end"))}) == 1


@given(st.binary(max_size=60))
def test_no_bytes_whatever_make_it_raise_anything_else(code):
    with suppress(TargetError):
        assert parse(code).heights[0] == 0
