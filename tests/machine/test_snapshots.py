"""Snapshots: all state, as plain values, and nothing else."""

import copy
import pickle

import pytest
from board import DATA, SIZE, Board
from hypothesis import given
from hypothesis import strategies as st

from machine.events import Debugger, HoldInterrupts, SerialInput, WriteRegister
from machine.machine import Machine
from machine.reason import Reason

LOOP = ("loop:", "mov [r8], r0", "add r0, r1", "add r8, r2", "mov pc, loop")


def writer() -> Board:
    return Board(*LOOP).set(r1=1, r2=4, r8=DATA)


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_restored_machine_goes_on_as_the_first_did(before: int, after: int):
    board = writer().step(before)
    snapshot = board.machine.snapshot()
    expected = board.step(after).machine.hash()
    board.machine.restore(snapshot)
    assert board.machine.hash() == snapshot.hash()
    assert board.step(after).machine.hash() == expected
    other = Machine(SIZE)
    other.restore(snapshot)
    other.run(budget=after)
    assert other.hash() == expected


def test_a_snapshot_does_not_change_while_the_machine_runs_on():
    board = writer().step(10)
    snapshot = board.machine.snapshot()
    kept, digest = copy.deepcopy(snapshot), snapshot.hash()
    board.type(b"more")
    board.step(100)
    assert snapshot == kept
    assert snapshot.hash() == digest


def test_a_snapshot_is_plain_values():
    board = writer().step(10)
    board.type(b"x")
    snapshot = board.machine.snapshot()
    assert pickle.loads(pickle.dumps(snapshot)) == snapshot


def test_taking_a_snapshot_or_a_hash_changes_nothing():
    board, other = writer(), writer()
    for _ in range(20):
        board.machine.hash()
        board.machine.snapshot()
        board.step(3)
    other.step(60)
    assert board.machine.hash() == other.machine.hash()


def halfway(board: Board) -> None:
    """Leave both pairs of the timer half done."""
    board.load_program(DATA + 0x800, "mov r5, [r6]", "mov [r7], r5")
    board.set(pc=DATA + 0x800, r6=4, r7=5).step(2)


@pytest.mark.parametrize(
    "change",
    [
        lambda b: b.set(r0=1),
        lambda b: b.set(ks1=1),
        lambda b: b.write(DATA, 1),
        lambda b: b.type(b"x"),
        lambda b: b.advance_time(5),
        lambda b: b.machine.post(Debugger(attached=True)),
        lambda b: b.machine.post(HoldInterrupts(held=True)),
        lambda b: b.machine.bus.devices["timer"].restore((5, None, None)),
        lambda b: b.machine.bus.devices["timer"].restore(((1 << 64) - 1, 0, None)),
        lambda b: b.machine.bus.devices["timer"].restore(((1 << 64) - 1, None, 0)),
    ],
)
def test_every_change_of_state_changes_the_hash_and_is_undone(change):
    board = Board("mov r0, r0")
    before = board.machine.snapshot()
    change(board)
    assert board.machine.hash() != before.hash()
    board.machine.restore(before)
    assert board.machine.hash() == before.hash()


@pytest.mark.parametrize(
    ("line", "reason"),
    [("wait", Reason.ASLEEP), ("mov [r3], r4", Reason.POWER_OFF), ("trap 1", Reason.CHECK_STOP)],
)
def test_how_a_machine_stopped_is_part_of_its_state(line: str, reason: Reason):
    board = Board(line).set(r3=0x20, ivec=0)
    fresh = board.machine.snapshot()
    assert board.run() is reason
    stopped = board.machine.snapshot()
    board.machine.restore(fresh)
    assert board.run() is reason
    board.machine.restore(fresh)
    board.machine.restore(stopped)
    assert board.run() is reason


def test_half_done_pairs_of_the_timer_are_part_of_the_state():
    board = Board()
    halfway(board)
    snapshot = board.machine.snapshot()
    other = Machine(SIZE)
    other.restore(snapshot)
    assert other.bus.devices["timer"].save(0)[1:] == (0, 0)


def test_bytes_under_way_on_the_line_are_part_of_the_state():
    board = Board("loop:", "mov r1, [r2]", "mov pc, loop", byte_ticks=10).set(r2=0x10)
    board.type(b"abc")
    board.step(15)
    snapshot = board.machine.snapshot()
    expected = board.step(40).machine.hash()
    board.machine.restore(snapshot)
    assert board.step(40).machine.hash() == expected


def test_equal_states_have_equal_hashes_whatever_led_to_them():
    one, other = Board("mov r0, r0"), Board("mov r0, r0")
    one.write(DATA, 1, 2, 3)
    one.write(DATA, 0, 0, 0)
    one.machine.engine.forget()
    assert one.machine.hash() == other.machine.hash()


def test_restoring_lets_the_engine_see_the_code_as_it_was():
    board = Board("mov r0, 1", "mov pc, 0x1000")
    before = board.machine.snapshot()
    board.step(10)
    board.load_program(0x1000, "mov r0, 2")
    assert board.set(pc=0x1000).step()["r0"] == 2
    board.machine.restore(before)
    assert board.step()["r0"] == 1


def test_restoring_forgets_what_was_scheduled():
    board = Board("loop:", "mov pc, loop")
    board.machine.schedule(10, SerialInput(b"x"))
    board.machine.restore(board.machine.snapshot())
    board.run(50)
    assert board.machine.bus.peek(0x10, board.time) == 0


def test_a_snapshot_of_another_machine_is_refused():
    with pytest.raises(ValueError, match="other memory or other devices"):
        Machine(0x2000).restore(Machine(0x3000).snapshot())


def test_a_refused_snapshot_changes_nothing():
    machine = Machine(0x2000)
    machine.post(WriteRegister(3, 3))
    before = machine.hash()
    with pytest.raises(ValueError):
        machine.restore(Machine(0x3000).snapshot())
    assert machine.hash() == before
