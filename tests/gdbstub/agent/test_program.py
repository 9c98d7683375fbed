"""What a breakpoint's conditions and commands decide together."""

import pytest
from rsp import agent

from gdbstub.agent.expression import AgentFault, parse
from gdbstub.agent.program import BreakpointProgram, fault_sentence


class Context:
    def __init__(self, *values):
        self.values = values
        self.read = []
        self.shown = []

    def register(self, number):
        self.read.append(number)
        if number >= len(self.values):
            raise AgentFault(f"there is no register {number}")
        return self.values[number]

    def memory(self, address, _size):
        raise AgentFault(f"nothing is at {address:#x}")

    def show(self, text):
        self.shown.append(text)


def reg(number):
    return parse(agent(f"reg {number}", "end"))


def says(number):
    return parse(agent(f"reg {number}", "const8 0", "const8 0", r"printf 1 %d\n", "end"))


@pytest.mark.parametrize(
    ("conditions", "stops"),
    [((), True), ((0,), False), ((1,), True), ((0, 1), True), ((0, 0), False)],
)
def test_it_stops_where_any_condition_holds_or_there_is_none(conditions, stops):
    program = BreakpointProgram(conditions=tuple(map(reg, conditions)))
    assert program.compile()(Context(0, 7)) is stops


def test_later_conditions_are_not_evaluated_where_one_holds():
    context = Context(5, 5)
    assert BreakpointProgram(conditions=(reg(0), reg(1))).compile()(context)
    assert context.read == [0]


def test_commands_are_carried_out_in_their_order_and_it_goes_on():
    context = Context(3, 4)
    assert not BreakpointProgram(commands=(says(0), says(1))).compile()(context)
    assert context.shown == ["3\n", "4\n"]


@pytest.mark.parametrize(("condition", "shown"), [(0, []), (1, ["4\n"])])
def test_commands_are_carried_out_only_where_the_condition_holds(condition, shown):
    context = Context(0, 4)
    program = BreakpointProgram(conditions=(reg(condition),), commands=(says(1),))
    assert not program.compile()(context)
    assert context.shown == shown


@pytest.mark.parametrize(
    "program",
    [
        BreakpointProgram(conditions=(reg(9),)),
        BreakpointProgram(conditions=(reg(0), reg(9))),
        BreakpointProgram(commands=(says(9),)),
    ],
)
def test_what_cannot_be_carried_out_is_a_fault(program):
    with pytest.raises(AgentFault) as caught:
        program.compile()(Context(0))
    assert fault_sentence(0x1010, caught.value) == (
        "the breakpoint at 0x1010 stops because its condition or command cannot be carried out: "
        "there is no register 9"
    )


def test_programs_of_the_same_expressions_are_equal_and_compiled_once():
    one, other = BreakpointProgram((reg(0),)), BreakpointProgram((reg(0),))
    assert one == other
    assert one.compile() is other.compile()
    assert one != BreakpointProgram((reg(0),), persist=True)
