"""Going backwards, where a target can."""

import pytest
from fake_target import CompleteTarget, FakeTarget

from gdbstub.target import Reason, Signal, Stop


@pytest.fixture
def target():
    return CompleteTarget()


def test_a_step_back_is_answered_with_its_stop(talk):
    talk.ask_all(b"s", b"s")
    assert talk.ask(b"bs").endswith(b"0f:04100000;")
    assert talk.ask(b"bs").endswith(b"0f:00100000;")


def test_the_beginning_of_history_is_told(talk):
    assert talk.ask(b"bs").startswith(b"T05replaylog:begin;thread:01;")


def test_the_end_of_history_is_told(talk):
    talk.ask_all(b"c")
    [reply] = talk.stopped(Stop(reason=Reason.HISTORY_END))
    assert reply.startswith(b"T05replaylog:end;thread:01;")


def test_running_backwards_is_answered_when_it_stops(talk, target):
    assert talk.ask_all(b"bc") == []
    assert talk.ask_all(b"bs") == []  # which waits
    first, second = talk.stopped(Stop(reason=Reason.WRITE_WATCHPOINT, address=0x2000))
    assert first.startswith(b"T05watch:2000;")
    assert second.startswith(b"T05replaylog:begin;")
    assert target.asked[1:] == ["reverse continue", "reverse step"]


def test_running_backwards_can_be_interrupted(talk):
    talk.ask_all(b"bc")
    [reply] = talk.interrupt()
    assert reply.startswith(b"T%02x" % Signal.INT)


def test_it_is_advertised_with_the_ability_and_without_it_not_known(connect, talk):
    assert {b"ReverseStep+", b"ReverseContinue+"} <= set(talk.ask(b"qSupported").split(b";"))
    target = FakeTarget()
    forwards = connect(target)
    assert b"Reverse" not in forwards.ask(b"qSupported")
    assert forwards.ask_all(b"bs", b"bc") == [b"", b""]
    assert forwards.ask(b"?").startswith(b"T05thread:01;")
    assert target.asked == ["attach"]


@pytest.mark.parametrize("payload", [b"bs1", b"bc1", b"bx", b"b", b"bsc"])
def test_nothing_like_it_goes_backwards(talk, target, payload):
    assert talk.ask(payload) in (b"", b"E16")
    assert target.asked == ["attach"]
