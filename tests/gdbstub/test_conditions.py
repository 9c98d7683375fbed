"""Conditions and commands that come with a breakpoint, from the packet to the target."""

from types import SimpleNamespace

import pytest
from fake_target import FakeTarget, PlainTarget
from rsp import agent, expression

from gdbstub.agent.expression import AgentFault, parse
from gdbstub.agent.program import BreakpointProgram
from gdbstub.target import BreakpointKind, Breakpoints, Signal, Stop, TargetError

SOFTWARE, HARDWARE = BreakpointKind.SOFTWARE, BreakpointKind.HARDWARE

R1_IS_5 = ("reg 1", "const8 5", "equal", "end")
R2 = ("reg 2", "end")
HELLO = ("const8 0", "const8 0", r"printf 0 hello\n", "end")


def parsed(*instructions):
    return parse(agent(*instructions))


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (b";" + expression(*R1_IS_5), BreakpointProgram((parsed(*R1_IS_5),))),
        (
            b";" + expression(*R1_IS_5) + expression(*R2),
            BreakpointProgram((parsed(*R1_IS_5), parsed(*R2))),
        ),
        (
            b";" + expression(*R1_IS_5) + b";" + expression(*R2),
            BreakpointProgram((parsed(*R1_IS_5), parsed(*R2))),
        ),
        (b";cmds:0," + expression(*HELLO), BreakpointProgram((), (parsed(*HELLO),))),
        (
            b";" + expression(*R2) + b";cmds:1," + expression(*HELLO) + expression(*HELLO),
            BreakpointProgram((parsed(*R2),), (parsed(*HELLO), parsed(*HELLO)), persist=True),
        ),
    ],
)
@pytest.mark.parametrize(("digit", "kind"), [(b"0", SOFTWARE), (b"1", HARDWARE)])
def test_conditions_and_commands_reach_the_target(talk, target, digit, kind, text, program):
    assert talk.ask(b"Z" + digit + b",1010,4" + text) == b"OK"
    assert target.asked[1:] == [("program", kind, 0x1010, program)]
    assert talk.ask(b"z" + digit + b",1010,4") == b"OK"
    assert target.breakpoints == set()
    assert target.programs == {}


def test_setting_the_same_again_changes_nothing(talk, target):
    packet = b"Z0,1010,4;" + expression(*R2)
    assert talk.ask_all(packet, packet, packet.lower().replace(b"z0", b"Z0").replace(b"x", b"X"))
    assert len(target.asked) == 2


def test_setting_it_otherwise_takes_the_place_of_what_was_set(talk, target):
    talk.ask_all(b"Z0,1010,4", b"Z0,1010,4;" + expression(*R2))
    assert target.programs == {(SOFTWARE, 0x1010): BreakpointProgram((parsed(*R2),))}
    talk.ask(b"Z0,1010,4;" + expression(*R1_IS_5))
    assert target.programs == {(SOFTWARE, 0x1010): BreakpointProgram((parsed(*R1_IS_5),))}
    talk.ask(b"Z0,1010,4")
    assert target.programs == {(SOFTWARE, 0x1010): BreakpointProgram()}
    talk.ask(b"z0,1010,4")
    assert target.breakpoints == set()
    assert [each[0] for each in target.asked[1:]] == ["set", *["program"] * 3, "clear"]


def test_a_plain_breakpoint_is_set_as_ever(talk, target):
    talk.ask_all(b"Z0,1010,4", b"Z0,1010,4", b"z0,1010,4", b"Z0,1010,4")
    assert [each[0] for each in target.asked[1:]] == ["set", "clear", "set"]


def test_a_refused_program_leaves_the_one_that_was_set(talk, target, monkeypatch):
    talk.ask(b"Z0,1010,4;" + expression(*R2))

    def refuse(*_):
        raise TargetError("no room", 28)

    monkeypatch.setattr(target, "set_breakpoint_program", refuse)
    assert talk.ask(b"Z0,1010,4;" + expression(*R1_IS_5)) == b"E1c"
    assert talk.ask(b"Z0,1010,4;" + expression(*R2)) == b"OK"
    assert target.programs == {(SOFTWARE, 0x1010): BreakpointProgram((parsed(*R2),))}


@pytest.mark.parametrize("leave", ["D", "close"])
def test_a_client_that_leaves_takes_them_along(talk, target, leave):
    talk.ask(b"Z0,1010,4;cmds:1," + expression(*HELLO))
    if leave == "D":
        talk.ask(b"D")
    else:
        talk.session.close()
    assert target.programs == {}
    assert target.breakpoints == set()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b";", b"a breakpoint's conditions are "),
        (b";X", b"an agent expression is its length"),
        (b";X1", b"an agent expression is its length"),
        (b";X1,", b"an agent expression is its length"),
        (b";X2,27", b"an agent expression is its length"),
        (b";X1,2", b"an agent expression is its length"),
        (b";X1,2700", b"an agent expression is its length"),
        (b";X1,zz", b"an agent expression is its length"),
        (b";X0,", b"an agent expression is empty"),
        (b";Y1,27", b"a breakpoint's conditions are "),
        (b";cmds:1", b"a breakpoint's conditions are "),
        (b";cmds:1,", b"a breakpoint's conditions are "),
        (b";cmds:2,X1,27", b"a breakpoint's conditions are "),
        (b";cmds:0,X1,27;X1,27;cmds:0,X1,27", b"a breakpoint's conditions are "),
        (b";X1,27", b"a condition of a breakpoint gives no value"),
        (b";" + expression("reg 17", "end"), b"there is no register 17"),
        (b";cmds:0," + expression("reg 0xffff", "pop", "end"), b"there is no register 65535"),
        (b";X1,31", b"agent expressions have no opcode 0x31"),
        (b";" + expression("const8 1", "const8 4", "trace", "end"), b"the agent opcode trace is "),
        (b";" + expression("goto 9", "end"), b"the agent opcode goto leads to 9"),
        (b";X3,220127" + b"X1,2", b"an agent expression is its length"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_set(talk, target, text, why):
    assert talk.ask(b"Z0,1010,4" + text) == b"E16"
    talk.ask(b"qSupported:error-message+")
    assert talk.ask(b"Z0,1010,4" + text).startswith(b"E." + why)
    assert target.asked == ["attach"]
    assert talk.ask(b"z0,1010,4") == b"OK"
    assert target.asked == ["attach"]


def test_code_that_underflows_is_taken_and_is_a_fault_where_it_is_evaluated(talk, target):
    assert talk.ask(b"Z0,1010,4;" + expression("const8 0", "equal", "end")) == b"OK"
    why = "the agent opcode equal finds too little on the stack"
    with pytest.raises(AgentFault, match=why):
        target.programs[SOFTWARE, 0x1010].compile()(SimpleNamespace())
    assert talk.ask(b"Z0,1010,4;cmds:0," + expression("const8 0", "printf 0 x", "end")) == b"OK"
    with pytest.raises(AgentFault, match="the agent opcode printf finds too little"):
        target.programs[SOFTWARE, 0x1010].compile()(SimpleNamespace())


class Unconditional(PlainTarget):
    """A target with breakpoints, but without conditions for them."""

    set_breakpoint = FakeTarget.set_breakpoint
    clear_breakpoint = FakeTarget.clear_breakpoint


def test_without_the_ability_nothing_is_advertised_and_conditions_are_refused(connect):
    target = Unconditional()
    assert isinstance(target, Breakpoints)
    talk = connect(target)
    advertised = talk.ask(b"qSupported:error-message+")
    assert b"hwbreak+;swbreak+" in advertised
    assert b"ConditionalBreakpoints" not in advertised
    assert b"BreakpointCommands" not in advertised
    why = b"E.breakpoints of this target have no conditions and no commands"
    assert talk.ask(b"Z0,1010,4;" + expression(*R2)) == why
    assert talk.ask_all(b"Z0,1010,4", b"Z0,1010,4;" + expression(*R2)) == [b"OK", why]
    assert target.breakpoints == {(SOFTWARE, 0x1010)}


# ------------------------------------------------------------------------------- faults

FAULT = "the breakpoint at 0x1010 stops"


def shown(text):
    return b"O" + text.encode().hex().encode()


def test_a_fault_of_a_breakpoint_is_told_once(talk):
    for expected in ([shown(FAULT + "\n")], [], []):
        talk.ask_all(b"c")
        *said, stop = talk.stopped(Stop(Signal.TRAP, fault=FAULT))
        assert said == expected
        assert stop.startswith(b"T05")
    talk.ask_all(b"c")
    said, *_ = talk.stopped(Stop(Signal.TRAP, fault="another"))
    assert said == shown("another\n")


def test_a_fault_is_told_to_the_next_client_too(connect, target):
    for _ in range(2):
        talk = connect(target)
        talk.ask_all(b"c")
        assert len(talk.stopped(Stop(Signal.TRAP, fault=FAULT))) == 2
        talk.session.close()


def test_faults_without_end_are_not_remembered_for_ever(talk, monkeypatch):
    monkeypatch.setattr("gdbstub.client.MOST_FAULTS", 2)
    for fault in ("1", "2", "3", "1"):
        talk.ask_all(b"c")
        assert len(talk.stopped(Stop(Signal.TRAP, fault=fault))) == 2


def test_what_a_printf_shows_reaches_the_console_while_the_target_runs(talk, target):
    talk.ask_all(b"Z0,1010,4;cmds:0," + expression(*HELLO), b"c")
    output = []
    console = SimpleNamespace(register=None, memory=None, show=output.append)
    assert not target.programs[SOFTWARE, 0x1010].compile()(console)
    assert talk.session.console("".join(output)).startswith(b"$O" + b"hello\n".hex().encode())
