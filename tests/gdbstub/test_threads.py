"""Threads: listed, chosen, read and written one by one, resumed as asked."""

import pytest
from fake_target import PC, CompleteTarget, FakeTarget

from gdbstub.target import (
    BreakpointKind,
    Continue,
    RangeStep,
    Signal,
    Step,
    Stop,
    ThreadAction,
    ThreadInfo,
    WatchKind,
)


@pytest.fixture
def target():
    return CompleteTarget()


def test_all_threads_are_listed(talk):
    assert talk.ask_all(b"qfThreadInfo", b"qsThreadInfo") == [b"m01,1f,03", b"l"]


def test_a_long_list_is_cut_into_packets_and_begun_anew(connect, target):
    target.infos = [ThreadInfo(n) for n in range(1, 50)]
    talk = connect(target, packet_size=64)
    for _ in range(2):
        listed, reply = [], talk.ask(b"qfThreadInfo")
        while reply != b"l":
            assert len(reply) <= 64
            assert reply[:1] == b"m"
            listed += [int(each, 16) for each in reply[1:].split(b",")]
            reply = talk.ask(b"qsThreadInfo")
        assert listed == list(range(1, 50))


def test_threads_are_listed_with_their_names(talk):
    assert talk.ask(b"qXfer:threads:read::0,fff") == (
        b'l<?xml version="1.0"?>\n<threads>\n<thread id="1" name="idle"></thread>\n'
        b'<thread id="1f" name="sh &lt;&quot;&amp;&quot;&gt;">asleep</thread>\n'
        b'<thread id="3"></thread>\n</threads>\n'
    )
    assert talk.ask(b"qXfer:threads:read:x:0,fff") == b"E00"


@pytest.mark.parametrize(
    ("thread", "text"), [(b"1", "idle"), (b"1f", 'sh <"&">: asleep'), (b"3", "")]
)
def test_what_is_to_be_told_about_a_thread(talk, thread, text):
    assert talk.ask(b"qThreadExtraInfo," + thread) == text.encode().hex().encode()


def test_a_thread_is_there_or_not(talk):
    assert talk.ask_all(b"T1", b"T1f", b"T3", b"T03") == [b"OK"] * 4
    assert talk.ask_all(b"T2", b"T", b"Tp1.1", b"qThreadExtraInfo,2", b"Hg2") == [b"E16"] * 5
    talk.ask(b"qSupported:error-message+")
    assert talk.ask(b"T2") == b"E.there is no thread 2"


def test_registers_and_memory_are_those_of_the_chosen_thread(talk, target):
    target.memory[0x1000] = 0xAA
    assert talk.ask_all(b"Hg1f", b"p1", b"qC") == [b"OK", b"1f000000", b"QC1f"]
    assert talk.ask_all(b"P1=78563412", b"M1000,1:bb") == [b"OK", b"OK"]
    assert talk.ask(b"g").startswith(b"0001000078563412")
    assert talk.ask_all(b"m1000,1", b"x1000,1", b"qSearch:memory:1000;4;\xbb")[0] == b"bb"
    assert talk.ask_all(b"Hg1", b"p1", b"m1000,1", b"qC") == [b"OK", b"01010000", b"aa", b"QC01"]
    assert talk.ask_all(b"Hg1f", b"p1", b"X1000,1:\xcc", b"Hg0", b"m1000,1") == [
        *(b"OK", b"78563412", b"OK", b"OK", b"aa")
    ]
    assert target.others[0x1F].memory == {0x1000: 0xCC}


def test_a_chosen_thread_that_has_ended_is_an_error(talk, target):
    talk.ask_all(b"qSupported:error-message+", b"Hg3")
    target.infos = target.infos[:2]
    assert talk.ask_all(b"p1", b"m1000,4", b"P1=00000000") == [b"E.thread 3 has ended"] * 3
    assert talk.ask(b"Hg3") == b"E.there is no thread 3"


def test_a_stop_names_its_thread_and_chooses_it(talk, target):
    talk.ask_all(b"Hg3", b"vCont;c")
    target.current = 0x1F
    [reply] = talk.stopped(Stop(Signal.TRAP))
    assert reply.startswith(b"T05thread:1f;0d:")
    assert talk.ask_all(b"qC", b"p1") == [b"QC1f", b"01010000"]
    assert talk.ask(b"?").startswith(b"T05thread:1f;")


def test_why_it_is_halted_is_told_of_the_thread_that_stopped_whichever_is_chosen(talk):
    talk.ask_all(b"Hg1f", b"P%x=00200000" % PC)
    assert talk.ask(b"?").endswith(b"thread:01;0d:0d010000;0e:0e010000;0f:00100000;")
    assert talk.ask(b"qC") == b"QC1f"


@pytest.mark.parametrize(
    ("payload", "actions"),
    [
        (b"vCont;c", [ThreadAction(Continue())]),
        (b"vCont;c:-1", [ThreadAction(Continue())]),
        (b"vCont;s:1f;c", [ThreadAction(Step(), 0x1F), ThreadAction(Continue())]),
        (b"vCont;s:3", [ThreadAction(Step(), 3)]),
        (b"vCont;s:0", [ThreadAction(Step(), 1)]),
        (b"vCont;t:3;c", [ThreadAction(None, 3), ThreadAction(Continue())]),
        (
            b"vCont;r1000,1010:1;C0b:3",
            [ThreadAction(RangeStep(0x1000, 0x1010), 1), ThreadAction(Continue(None, 11), 3)],
        ),
        (b"c", [ThreadAction(Continue())]),
        (b"c2000", [ThreadAction(Continue(0x2000))]),
        (b"s", [ThreadAction(Step(), 1)]),
        (b"S05", [ThreadAction(Step(None, 5), 1)]),
    ],
)
def test_threads_go_on_as_the_client_says(connect, payload, actions):
    target = CompleteTarget(answer=Stop())
    assert connect(target).ask(payload).startswith(b"T05thread:01;")
    assert target.asked[1] == actions


def test_the_old_packets_are_about_the_thread_chosen_for_them(connect):
    target = CompleteTarget(answer=Stop())
    talk = connect(target)
    talk.ask_all(b"Hc1f", b"s")
    assert target.asked[1] == [ThreadAction(Step(), 0x1F)]
    target.answer = Stop()
    talk.ask_all(b"c", b"Hc-1")
    assert target.asked[3] == [ThreadAction(Continue(), 0x1F)]
    target.infos = target.infos[:1]
    assert talk.ask(b"Hc1f") == b"E16"


@pytest.mark.parametrize("payload", [b"vCont;c:2", b"vCont;c;s:2", b"vCont;t:p1.1", b"vCont;s:"])
def test_a_thread_that_there_is_not_does_not_go_on(talk, target, payload):
    assert talk.ask(payload) == b"E16"
    assert target.asked == ["attach"]


def test_threads_that_are_all_to_stay_halted_stay_halted(talk, target):
    assert talk.ask(b"vCont;t:1;t").startswith(b"T00thread:01;")
    assert target.asked == ["attach"]


def test_breakpoints_and_watchpoints_are_told_the_thread_that_is_chosen(talk, target):
    assert talk.ask_all(b"Hg1f", b"Z0,1010,4", b"Z2,1020,4") == [b"OK"] * 3
    assert target.breakpoints == {(BreakpointKind.SOFTWARE, 0x1010)}
    assert target.watchpoints == {(WatchKind.WRITE, 0x1020, 4)}
    assert talk.ask_all(b"z0,1010,4", b"z2,1020,4", b"Hg0", b"Z1,1010,4") == [b"OK"] * 4
    assert target.points_for == [0x1F, 0x1F, 1]


def test_what_is_set_again_for_another_thread_is_set_anew_and_cleared_once(talk, target):
    talk.ask_all(
        b"Z0,1010,4", b"Z0,1010,4", b"Hg3", b"Z0,1010,4", b"Z4,1020,2", b"Hg1", b"Z4,1020,2"
    )
    assert target.points_for == [1, 3, 3, 1]
    talk.ask_all(b"z0,1010,4", b"z0,1010,4", b"z4,1020,2", b"z4,1020,2")
    assert [asked[0] for asked in target.asked[-2:]] == ["clear", "unwatch"]


def test_without_the_ability_there_is_one_thread(connect):
    talk = connect(FakeTarget())
    assert b"threads" not in talk.ask(b"qSupported")
    assert talk.ask_all(b"qXfer:threads:read::0,fff", b"qThreadExtraInfo,1") == [b"", b""]
