"""Watchpoints: a run stops before an access, with nothing of it done."""

import pytest
from board import DATA, Board
from hypothesis import given
from hypothesis import strategies as st

from isa_spec.traps import Access
from machine.reason import Reason
from machine.watch import Watch

BOTH = frozenset({Access.LOAD, Access.STORE})


def watch(start: int, length: int = 4, accesses: frozenset[Access] = BOTH) -> Watch:
    return Watch(accesses, start, start + length)


@pytest.mark.parametrize("instruction", ["mov [r8], r0", "mov r1, [r8]"])
def test_a_run_stops_before_the_access_and_nothing_has_changed(instruction: str):
    board = Board("mov r2, 1", instruction).set(r0=7, r1=9, r8=DATA)
    before = board.machine.run(1)
    assert before is Reason.LIMIT
    state = board.machine.hash()
    assert board.machine.run(watches=(watch(DATA),)) is Reason.WATCHPOINT
    assert board.machine.hash() == state
    assert board.machine.cpu.watched.address == DATA
    board.step()
    assert board["pc"] == 0x1010


@pytest.mark.parametrize(
    ("accesses", "stops"),
    [({Access.LOAD}, "mov r1, [r8]"), ({Access.STORE}, "mov [r8], r0")],
)
def test_a_watch_is_for_its_kind_of_access_alone(accesses: set[Access], stops: str):
    for instruction in ("mov r1, [r8]", "mov [r8], r0"):
        board = Board(instruction, "brk").set(r8=DATA)
        reason = board.machine.run(1, watches=(watch(DATA, accesses=frozenset(accesses)),))
        assert (reason is Reason.WATCHPOINT) == (instruction == stops)


@given(st.integers(-6, 6), st.integers(1, 9))
def test_any_byte_that_is_watched_stops_the_access_of_its_word(distance: int, length: int):
    board = Board("mov [r8], r0").set(r8=DATA)
    start = DATA + distance
    reason = board.machine.run(1, watches=(watch(start, length),))
    touches = set(range(DATA, DATA + 4)) & set(range(start, start + length))
    assert (reason is Reason.WATCHPOINT) == bool(touches)
    if touches:
        assert board.machine.cpu.watched.address == min(touches)


def virtual() -> Board:
    """A board about to store to virtual 0x5000, which is DATA; its code was fetched already."""
    board = Board("mov r2, 1", "mov [r8], r0").translated()
    board.map(5, DATA >> 12)
    return board.set(r8=0x5000).step()


def test_addresses_are_those_that_the_program_uses():
    assert virtual().machine.run(2, watches=(watch(DATA),)) is Reason.LIMIT
    board = virtual()
    state = board.machine.hash()
    assert board.machine.run(2, watches=(watch(0x5000),)) is Reason.WATCHPOINT
    assert board.machine.hash() == state


def test_a_port_can_be_watched():
    board = Board("mov r0, [r8]").set(r8=0x15)
    assert board.machine.run(1, watches=(watch(0x15, 1),)) is Reason.WATCHPOINT


def test_the_next_run_watches_only_what_it_is_given():
    board = Board("mov [r8], r0").set(r8=DATA)
    assert board.machine.run(1, watches=(watch(DATA),)) is Reason.WATCHPOINT
    assert board.machine.run(1) is Reason.LIMIT
