import pytest
from fake_target import PC, FakeTarget, PlainTarget
from rsp import frame

from gdbstub.target import (
    BreakpointKind,
    Continue,
    Exited,
    Killed,
    RangeStep,
    Reason,
    Signal,
    Step,
    Stop,
    TargetError,
)

EXPEDITED = b"thread:01;0d:0d010000;0e:0e010000;0f:%b;"


def stop_reply(code, pc=b"00100000", reason=b""):
    return code + reason + EXPEDITED % pc


AT_START = stop_reply(b"T05")

# ------------------------------------------------------------------------------- stops


def test_a_client_learns_why_the_target_is_halted_with_the_registers_it_needs(talk):
    assert talk.ask(b"?") == AT_START


@pytest.mark.parametrize(
    ("stop", "reply"),
    [
        (Exited(3), b"W03"),
        (Exited(256 + 7), b"W07"),
        (Killed(Signal.KILL), b"X09"),
        (Stop(Signal.SEGV), stop_reply(b"T0b")),
    ],
)
def test_a_client_that_comes_late_learns_how_it_ended(connect, stop, reply):
    assert connect(FakeTarget(stop=stop)).ask(b"?") == reply


def test_there_is_no_going_on_after_the_end(connect):
    talk = connect(FakeTarget(stop=Exited(3)))
    assert talk.ask_all(b"c", b"s", b"g", b"m1000,4", b"Z0,1000,4") == [b"E03"] * 5
    assert talk.ask(b"qSupported").startswith(b"PacketSize")


@pytest.mark.parametrize(
    ("reason", "word"),
    [(Reason.SOFTWARE_BREAKPOINT, b"swbreak"), (Reason.HARDWARE_BREAKPOINT, b"hwbreak")],
)
def test_the_kind_of_a_breakpoint_is_told_to_those_who_offered_to_hear_it(
    talk, target, reason, word
):
    target.stop = Stop(Signal.TRAP, reason)
    assert talk.ask(b"?") == AT_START
    talk.ask(b"qSupported:" + word + b"+")
    assert talk.ask(b"?") == stop_reply(b"T05", reason=word + b":;")


@pytest.mark.parametrize(
    "reason", [Reason.WRITE_WATCHPOINT, Reason.READ_WATCHPOINT, Reason.ACCESS_WATCHPOINT]
)
def test_a_watchpoint_s_stop_names_its_address(talk, target, reason):
    target.stop = Stop(Signal.TRAP, reason, address=0x2004)
    assert talk.ask(b"?") == stop_reply(b"T05", reason=reason.value.encode() + b":2004;")


def test_a_stop_has_an_address_where_it_is_of_a_watchpoint_and_nowhere_else():
    with pytest.raises(ValueError, match="address"):
        Stop(Signal.TRAP, Reason.WRITE_WATCHPOINT)
    with pytest.raises(ValueError, match="address"):
        Stop(Signal.TRAP, Reason.SOFTWARE_BREAKPOINT, address=4)


# ------------------------------------------------------------------------------- resuming


@pytest.mark.parametrize(
    ("payload", "action"),
    [
        (b"c", Continue()),
        (b"c2000", Continue(0x2000)),
        (b"C0b", Continue(None, 11)),
        (b"C0b;2000", Continue(0x2000, 11)),
        (b"s", Step()),
        (b"s2000", Step(0x2000)),
        (b"S05", Step(None, 5)),
        (b"S05;2000", Step(0x2000, 5)),
        (b"vCont;c", Continue()),
        (b"vCont;c:1", Continue()),
        (b"vCont;c:-1", Continue()),
        (b"vCont;C0b:1;c", Continue(None, 11)),
        (b"vCont;s:1;c", Step()),
        (b"vCont;S05:01;c", Step(None, 5)),
        (b"vCont;r1068,1078:1;c", RangeStep(0x1068, 0x1078)),
    ],
)
def test_a_resume_reaches_the_target_as_it_was_meant(connect, payload, action):
    target = FakeTarget(answer=Stop(Signal.TRAP))
    assert connect(target).ask(payload) == AT_START
    assert target.asked == ["attach", action]


@pytest.mark.parametrize(
    "payload",
    [
        *(b"cx", b"s-1", b"C", b"C5", b"C055", b"C05;", b"C05,1000", b"S", b"Sxx"),
        *(b"vCont;", b"vCont;x", b"vCont;c:2", b"vCont;c:p1.1", b"vCont;c1000", b"vCont;s:1;"),
        *(b"vCont;C", b"vCont;r1000", b"vCont;r1000,", b"vCont;s:1;q", b"vCont;t1"),
    ],
)
def test_a_malformed_resume_is_an_error_and_nothing_runs(talk, target, payload):
    assert talk.ask(payload) == b"E16"
    assert target.asked == ["attach"]


def test_the_actions_of_v_cont_are_listed(talk):
    assert talk.ask(b"vCont?") == b"vCont;c;C;s;S;t;r"


def test_a_thread_told_to_stay_halted_stays_halted(talk, target):
    assert talk.ask(b"vCont;t") == stop_reply(b"T00")
    assert target.asked == ["attach"]


def test_a_step_is_answered_at_once_with_its_stop(talk):
    assert talk.ask(b"s") == stop_reply(b"T05", b"04100000")


def test_a_step_without_acknowledgements_is_followed_by_its_stop_reply(talk):
    talk.ask(b"QStartNoAckMode")
    assert talk.send(b"$s#73" * 3) == [
        stop_reply(b"T05", pc) for pc in (b"04100000", b"08100000", b"0c100000")
    ]


def test_a_continue_is_answered_when_the_target_has_stopped_and_not_before(talk):
    assert talk.send(b"$c#63") == [b"+"]
    assert talk.stopped(Stop(Signal.TRAP)) == [AT_START]


def test_a_resume_that_is_refused_leaves_the_target_halted(talk, target, monkeypatch):
    def refuse(_action):
        raise TargetError("check-stopped", 1)

    monkeypatch.setattr(target, "resume", refuse)
    assert talk.ask(b"c") == b"E01"
    assert talk.ask(b"?") == AT_START


def test_what_a_stop_has_to_say_comes_before_it_on_the_console(talk):
    talk.ask_all(b"c")
    assert talk.stopped(Stop(Signal.TRAP, message="brk 7 at 0x1000")) == [
        b"O" + b"brk 7 at 0x1000\n".hex().encode(),
        AT_START,
    ]
    assert talk.ask(b"?") == AT_START


def test_a_program_that_ends_while_it_is_resumed_is_told_as_exited(connect):
    target = FakeTarget(answer=Exited(5, "powered off"))
    talk = connect(target)
    assert talk.ask_all(b"c") == [b"O" + b"powered off\n".hex().encode(), b"W05"]
    assert talk.ask(b"c") == b"E03"


# ------------------------------------------------------------------------------- while it runs


def test_ctrl_c_stops_the_running_target(talk, target):
    talk.ask_all(b"c")
    assert talk.interrupt() == [stop_reply(b"T02")]
    assert not target.running


def test_two_ctrl_c_give_one_stop(talk, target):
    talk.ask_all(b"c")
    assert talk.send(b"\x03\x03") == [stop_reply(b"T02")]
    assert talk.interrupt() == []
    talk.ask_all(b"c")
    assert target.running
    assert target.asked.count("interrupt") == 1


def test_two_ctrl_c_give_one_stop_where_the_target_takes_its_time(talk, target, monkeypatch):
    monkeypatch.setattr(target, "interrupt", lambda: target.asked.append("interrupt"))
    talk.ask_all(b"c")
    assert talk.send(b"\x03\x03") == []
    assert target.asked.count("interrupt") == 1
    assert talk.stopped(Stop(Signal.INT)) == [stop_reply(b"T02")]
    assert talk.stopped(Stop(Signal.INT)) == []
    talk.ask_all(b"c")
    talk.interrupt()
    assert target.asked.count("interrupt") == 2


def test_ctrl_c_to_a_halted_target_waits_for_the_next_resume(talk, target):
    assert talk.ask(b"?") == AT_START
    assert talk.send(b"\x03$?#3f") == [b"+", AT_START]
    assert "interrupt" not in target.asked
    assert talk.send(b"$c#63") == [b"+", stop_reply(b"T02")]
    assert talk.send(b"$c#63") == [b"+"]
    assert target.running


def test_ctrl_c_to_a_halted_target_ends_a_row_of_steps_that_stop_at_once(connect):
    target = FakeTarget(answer=Stop())
    talk = connect(target)
    talk.ask(b"?")
    assert talk.send(b"\x03$s#73") == [b"+", stop_reply(b"T02")]
    assert talk.send(b"$s#73") == [b"+", stop_reply(b"T05", b"04100000")]


def test_ctrl_c_to_a_halted_target_gives_way_to_a_stop_that_says_more(connect):
    target = FakeTarget(answer=Stop(Signal.SEGV))
    talk = connect(target)
    talk.ask(b"?")
    assert talk.send(b"\x03$s#73") == [b"+", stop_reply(b"T0b")]
    target.answer = None
    assert talk.send(b"$c#63") == [b"+"]
    assert target.running


def test_ctrl_c_of_a_client_that_has_not_said_anything_yet_is_nothing(talk, target):
    assert talk.send(b"\x03") == []
    assert target.asked == []
    assert talk.send(b"$c#63") == [b"+"]
    assert target.running


def test_ctrl_c_in_the_same_breath_as_the_resume_stops_it(talk):
    assert talk.send(b"$c#63\x03") == [b"+", stop_reply(b"T02")]


def test_only_ctrl_c_interrupts_other_bytes_wait_for_the_stop(talk, target):
    talk.ask_all(b"c")
    assert talk.send(b"+$?#3f$pf#d6") == [b"+", b"+"]
    assert target.running
    assert talk.stopped(Stop(Signal.TRAP)) == [AT_START, AT_START, b"00100000"]


def test_packets_that_waited_run_on_in_their_order(talk, target):
    talk.ask_all(b"c")
    talk.send(b"$s#73$c#63$?#3f")
    assert talk.stopped(Stop(Signal.TRAP)) == [AT_START, stop_reply(b"T05", b"04100000")]
    assert target.asked[1:] == [Continue(), Step(), Continue()]
    assert target.running


def test_a_client_that_talks_without_end_to_a_running_target_is_cut_off(talk):
    talk.ask_all(b"c")
    talk.send(b"$?#3f" * 1024)
    assert not talk.session.leaving
    talk.send(b"$?#3f")
    assert talk.session.leaving


def test_an_oversize_packet_while_the_target_runs_gets_no_reply(connect, target):
    talk = connect(target, packet_size=64)
    talk.ask_all(b"c")
    assert talk.ask_all(b"m" * 100) == []
    assert target.running


def test_no_stop_is_told_that_nobody_asked_for(connect, target):
    talk = connect(target)
    assert talk.stopped(Stop(Signal.TRAP)) == []
    talk.ask(b"?")
    assert talk.stopped(Stop(Signal.TRAP)) == []


def test_a_client_that_comes_while_the_target_runs_gets_no_stop_that_it_did_not_ask_for(connect):
    target = FakeTarget(running=True)
    talk = connect(target)
    assert talk.send(b"+") == []
    assert talk.ask(b"qC") == b"QC01"
    assert not target.running
    assert talk.ask(b"?") == AT_START


def test_text_is_shown_on_the_console_while_the_target_runs_and_only_then(talk):
    assert talk.session.console("early") == b""
    talk.ask_all(b"c")
    assert talk.session.console("hi\n") == frame(b"O68690a")


# ------------------------------------------------------------------------------- breakpoints

SOFTWARE, HARDWARE = BreakpointKind.SOFTWARE, BreakpointKind.HARDWARE


@pytest.mark.parametrize(("digit", "kind"), [(b"0", SOFTWARE), (b"1", HARDWARE)])
def test_a_breakpoint_is_set_and_cleared(talk, target, digit, kind):
    assert talk.ask(b"Z" + digit + b",1010,8") == b"OK"
    assert target.breakpoints == {(kind, 0x1010)}
    assert talk.ask(b"z" + digit + b",1010,8") == b"OK"
    assert target.breakpoints == set()


def test_a_breakpoint_is_set_not_counted_and_its_kind_makes_no_difference(talk, target):
    assert talk.ask_all(b"Z0,1010,1", b"Z0,1010,2", b"Z0,1010,4") == [b"OK"] * 3
    assert talk.ask(b"z0,1010,8") == b"OK"
    assert target.breakpoints == set()
    assert target.asked[1:] == [("set", SOFTWARE, 0x1010), ("clear", SOFTWARE, 0x1010)]


def test_clearing_a_breakpoint_that_is_not_set_is_ok(talk, target):
    assert talk.ask_all(b"z0,1010,4", b"z1,1010,4") == [b"OK"] * 2
    assert target.asked == ["attach"]


def test_breakpoints_of_two_types_at_one_place_are_two(talk, target):
    talk.ask_all(b"Z0,1010,4", b"Z1,1010,4", b"z0,1010,4")
    assert target.breakpoints == {(HARDWARE, 0x1010)}


def test_a_breakpoint_that_the_target_refuses_is_an_error_and_not_set(talk, target):
    assert talk.ask(b"Z0,0,4") == b"E0e"
    assert talk.ask(b"z0,0,4") == b"OK"
    assert target.asked == ["attach"]


@pytest.mark.parametrize("payload", [b"Z0", b"Z0,", b"Z0,1010", b"Z0,,4", b"Z0,1010,4;X1,22"])
def test_a_malformed_breakpoint_is_an_error(talk, target, payload):
    assert talk.ask(payload) == b"E16"
    assert target.asked == ["attach"]


def test_a_target_without_breakpoints_does_not_know_the_packets(connect):
    assert connect(PlainTarget()).ask_all(b"Z0,1010,4", b"z1,1010,4") == [b"", b""]


def test_there_is_an_end_to_breakpoints(talk, monkeypatch):
    monkeypatch.setattr("gdbstub.points.MOST_POINTS", 2)
    assert talk.ask_all(b"Z0,1000,4", b"Z0,1004,4", b"Z0,1008,4") == [b"OK", b"OK", b"E16"]
    assert talk.ask_all(b"z0,1000,4", b"Z0,1008,4") == [b"OK", b"OK"]


def test_the_target_runs_to_a_breakpoint(connect):
    target = FakeTarget(reach=0x100)
    talk = connect(target)
    talk.ask_all(b"qSupported:swbreak+", b"Z0,1010,4")
    assert talk.ask(b"vCont;c") == stop_reply(b"T05", b"10100000", b"swbreak:;")
    assert target.values[PC] == 0x1010
