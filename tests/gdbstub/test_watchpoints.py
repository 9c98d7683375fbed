import pytest
from fake_target import FakeTarget, PlainTarget

from gdbstub.target import Reason, Signal, Stop, WatchKind

KINDS = [(b"2", WatchKind.WRITE), (b"3", WatchKind.READ), (b"4", WatchKind.ACCESS)]


@pytest.mark.parametrize(("digit", "kind"), KINDS)
@pytest.mark.parametrize(("address", "length"), [(0x1010, 4), (0x1003, 1), (0x1001, 0x1235)])
def test_a_watchpoint_of_any_length_and_alignment_is_set_and_cleared(
    talk, target, digit, kind, address, length
):
    place = b",%x,%x" % (address, length)
    assert talk.ask(b"Z" + digit + place) == b"OK"
    assert target.watchpoints == {(kind, address, length)}
    assert talk.ask(b"z" + digit + place) == b"OK"
    assert target.watchpoints == set()


def test_a_watchpoint_is_set_not_counted(talk, target):
    assert talk.ask_all(b"Z2,1010,4", b"Z2,1010,4", b"z2,1010,4") == [b"OK"] * 3
    assert target.watchpoints == set()
    assert [each[0] for each in target.asked[1:]] == ["watch", "unwatch"]


def test_clearing_a_watchpoint_that_is_not_set_is_ok(talk, target):
    assert talk.ask_all(b"z2,1010,4", b"z3,1010,4", b"z4,1010,4") == [b"OK"] * 3
    assert target.asked == ["attach"]


def test_watchpoints_that_overlap_are_each_their_own(talk, target):
    talk.ask_all(b"Z2,1010,4", b"Z2,1010,8", b"Z3,1010,4", b"Z4,1012,1", b"z2,1010,4")
    assert target.watchpoints == {
        (WatchKind.WRITE, 0x1010, 8),
        (WatchKind.READ, 0x1010, 4),
        (WatchKind.ACCESS, 0x1012, 1),
    }


def test_a_watchpoint_that_the_target_refuses_is_an_error_and_not_set(talk, target):
    talk.ask(b"qSupported:error-message+")
    assert talk.ask(b"Z2,0,4") == b"E.nothing is at 0x0"
    assert talk.ask(b"z2,0,4") == b"OK"
    assert target.asked == ["attach"]


@pytest.mark.parametrize(
    "payload",
    [
        *(b"Z2", b"Z2,", b"Z2,1010", b"Z2,,4", b"Z2,1010,0", b"Z2,1010,4;X1,22", b"Z2;1010,4"),
        *(b"Z3,ffffffffffffffff,2", b"Z4,-1,4", b"z2,1010", b"z3", b"z4,1010,0", b"Z21010,4"),
    ],
)
def test_a_malformed_watchpoint_is_an_error(talk, target, payload):
    assert talk.ask(payload) == b"E16"
    assert target.asked == ["attach"]


def test_the_last_byte_of_all_can_be_watched(connect, monkeypatch):
    target = FakeTarget()
    monkeypatch.setattr(target, "set_watchpoint", lambda *given: target.asked.append(given))
    assert connect(target).ask(b"Z2,ffffffffffffffff,1") == b"OK"
    assert target.asked[1:] == [(WatchKind.WRITE, 2**64 - 1, 1)]


def test_there_is_an_end_to_watchpoints(talk, monkeypatch):
    monkeypatch.setattr("gdbstub.points.MOST_POINTS", 2)
    assert talk.ask_all(b"Z0,1000,4", b"Z2,1000,4", b"Z2,1008,4") == [b"OK", b"OK", b"E16"]
    assert talk.ask_all(b"z2,1000,4", b"Z2,1008,4", b"Z2,1008,4") == [b"OK", b"OK", b"OK"]


def test_a_client_that_leaves_takes_its_watchpoints_along(talk, target):
    talk.ask_all(b"Z2,1010,4", b"Z3,1020,4", b"Z0,1010,4")
    talk.session.close()
    assert target.watchpoints == target.breakpoints == set()
    assert target.asked[-1] == "abandon"


def test_a_client_that_detaches_takes_its_watchpoints_along(talk, target):
    talk.ask_all(b"Z2,1010,4", b"D")
    assert target.watchpoints == set()
    assert target.asked[-1] == "detach"


def test_the_next_client_can_set_what_the_one_before_had(connect, target):
    first = connect(target)
    first.ask(b"Z2,1010,4")
    first.session.close()
    assert connect(target).ask(b"Z2,1010,4") == b"OK"
    assert target.watchpoints == {(WatchKind.WRITE, 0x1010, 4)}


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.WRITE_WATCHPOINT, b"watch"),
        (Reason.READ_WATCHPOINT, b"rwatch"),
        (Reason.ACCESS_WATCHPOINT, b"awatch"),
    ],
)
def test_a_stop_names_the_watched_address(talk, reason, word):
    talk.ask_all(b"Z2,1010,4", b"c")
    [reply] = talk.stopped(Stop(Signal.TRAP, reason, address=0x1012))
    assert reply.startswith(b"T05" + word + b":1012;thread:01;")


def test_lldb_learns_that_stops_come_before_the_access_and_how_many_watchpoints_there_can_be(talk):
    assert talk.ask(b"qWatchpointSupportInfo:") == b"num:65536;"
    assert talk.ask(b"qHostInfo") == b"watchpoint_exceptions_received:before;"


def test_a_target_without_watchpoints_does_not_know_the_packets(connect):
    packets = [letter + digit + b",1010,4" for letter in (b"Z", b"z") for digit, _ in KINDS]
    packets += [b"qWatchpointSupportInfo:", b"qHostInfo"]
    assert connect(PlainTarget()).ask_all(*packets) == [b""] * 8
