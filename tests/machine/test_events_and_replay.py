"""One door in: whatever came from outside is in the log, and replaying the log is the same run."""

import pytest
from board import DATA, SIZE, START, Board, handler
from hypothesis import given
from hypothesis import strategies as st
from restless import TIMER_START, Act, acts, replayed, restless

from isa_spec.registers import PC
from machine.events import EventLog, Look, Position, SerialInput
from machine.machine import Machine
from machine.reason import Reason


@given(acts, st.sampled_from([0, 7]))
def test_replaying_the_log_from_the_start_gives_the_same_state(todo: list[Act], byte_ticks: int):
    board = restless(byte_ticks=byte_ticks)
    for each in todo:
        each.do(board.machine)
    again = replayed(board, byte_ticks=byte_ticks)
    assert again.snapshot() == board.machine.snapshot()
    assert again.hash() == board.machine.hash()


@given(acts, acts)
def test_restoring_a_snapshot_and_replaying_the_rest_gives_the_same_state(
    before: list[Act], after: list[Act]
):
    board = restless()
    for each in before:
        each.do(board.machine)
    snapshot = board.machine.snapshot()
    for each in after:
        each.do(board.machine)
    other = Machine(SIZE)
    other.restore(snapshot)
    other.replay(board.machine.log.since(snapshot), board.machine.position)
    assert other.hash() == board.machine.hash()


@given(acts)
def test_a_replay_sends_the_same_bytes_at_the_same_ticks(todo: list[Act]):
    board = restless(byte_ticks=3)
    for each in todo:
        each.do(board.machine)
    again = replayed(board, byte_ticks=3)
    assert again.take_output() == board.machine.take_output()


def test_the_restless_program_does_all_that_it_is_meant_to():
    board = restless()
    board.machine.schedule(100, SerialInput(b"input"))
    assert board.run() is Reason.POWER_OFF
    assert board["r3"] == 400
    assert board["r6"] == sum(b"input")
    assert board.machine.cpu.interrupts > 400
    assert bytes(sent.byte for sent in board.machine.take_output()) == b"input"


# Single cases


def test_a_replay_to_a_stop_at_an_interrupts_handler_has_entered_it():
    board = restless()
    assert board.run(breakpoints=frozenset({handler(16)})) is Reason.BREAKPOINT
    again = replayed(board)
    assert again.cpu.r[PC] == handler(16)
    assert again.hash() == board.machine.hash()


def test_a_replay_to_just_before_an_interrupt_has_not_entered_it():
    stopped = restless()
    stopped.run(breakpoints=frozenset({handler(16)}))
    board = restless()
    board.run(stopped.time)
    assert board["pc"] != handler(16)
    assert board.machine.position.happened == stopped.machine.position.happened - 1
    assert replayed(board).hash() == board.machine.hash()


def test_a_replay_goes_through_resets():
    board = restless()
    for ticks in (30, 500, 3):
        board.run(ticks)
        board.machine.reset()
    board.run(77)
    again = replayed(board)
    assert (again.cpu.time, again.hash()) == (77, board.machine.hash())


def test_a_replay_goes_through_power_off_and_on():
    board = Board("mov r2, 0x20", "mov [r2], r2")
    assert board.run() is Reason.POWER_OFF
    board.machine.power_cycle()
    board.run(1)
    assert replayed(board).snapshot().pages == board.machine.snapshot().pages
    assert board.machine.cpu.exit_status is None


def test_a_replay_goes_past_the_point_where_time_wraps():
    board = restless()
    board.set(pc=DATA)
    board.load_program(DATA, "mov [r8], r0", "mov [r8], r2", "wait", *["add r3, r1"] * 20)
    board.set(r0=0xFFFF_FFFA, r2=0xFFFF_FFFF, r8=5, r1=1, imask=1 << 16, status=1)
    board.step(3 + 8)
    board.type(b"x")
    board.step(5)
    assert (board.time, board["r3"]) == (7, 13)
    assert replayed(board).hash() == board.machine.hash()


@pytest.mark.isa("3.16")
def test_live_input_is_logged_at_the_tick_at_which_it_came():
    board = Board("loop:", "mov pc, loop")
    logged = len(board.machine.log)
    board.step(10)
    board.type(b"x")
    assert list(board.machine.log)[logged:] == [(Position(10, 10), SerialInput(b"x"))]


def test_scheduled_events_are_logged_when_they_are_applied():
    board = Board("loop:", "mov pc, loop")
    logged = len(board.machine.log)
    board.machine.schedule(7, SerialInput(b"x"))
    assert len(board.machine.log) == logged
    board.run(20)
    assert list(board.machine.log)[logged:] == [(Position(7, 7), SerialInput(b"x"))]


def test_positions_go_on_over_a_reset():
    board = Board("loop:", "mov pc, loop").step(10)
    board.machine.reset()
    assert board.machine.position == Position(10, 0)
    assert board.step(5).machine.position == Position(15, 5)


def test_an_interrupt_is_a_step_in_position_but_not_in_time():
    board = Board("mov r0, r0").set(imask=1 << 18, status=5)
    assert board.run(breakpoints=frozenset({handler(18)})) is Reason.BREAKPOINT
    assert board.machine.position == Position(1, 0)


def test_a_replay_that_cannot_get_there_says_so():
    board = Board("wait")
    board.run()
    with pytest.raises(ValueError, match="the replay reached"):
        board.machine.replay(EventLog(), Position(5, 5))


def test_a_debuggers_write_to_pc_ends_sleep_and_putting_it_back_resumes_it():
    board = Board("wait", "mov r0, 7")
    board.load_program(DATA, "mov r1, 3")
    assert board.run() is Reason.ASLEEP
    board.set(pc=DATA).step()
    assert board["r1"] == 3
    board.set(pc=START + 8)
    assert board.run(50) is Reason.ASLEEP
    assert board["r0"] == 0


def test_other_writes_of_a_debugger_leave_sleep_alone():
    board = Board("wait", "mov r0, 7")
    board.run()
    board.set(r5=3)
    board.write(DATA, 3)
    assert board.run() is Reason.ASLEEP


def test_a_debuggers_write_to_imask_wakes_where_something_is_pending():
    board = Board("wait", "mov r0, 7")
    board.run()
    board.set(imask=1 << 18)
    assert board.step()["r0"] == 7


def test_a_look_comes_at_its_position_changes_nothing_and_is_not_logged():
    board = restless()
    board.run(50)
    here = board.machine.position
    was = board.machine.hash()
    board.type(b"x")
    board.run(100)
    events, end = list(board.machine.log), board.machine.position
    at = next(i for i, (position, _) in enumerate(events) if position == here)
    seen = []
    machine = Machine(SIZE)
    machine.bus.devices["timer"].restore(TIMER_START)
    look = Look(lambda: seen.append((machine.position, machine.hash())))
    machine.feed(EventLog((*events[:at], (here, look), *events[at:])), end)
    while machine.run() is not Reason.REPLAYED:
        pass
    assert seen == [(here, was)]
    assert list(machine.log) == list(board.machine.log)
    assert machine.hash() == board.machine.hash()


@given(st.lists(st.binary(max_size=4), max_size=8), st.data())
def test_events_that_are_forgotten_still_count(inputs: list[bytes], data: st.DataObject):
    entries = tuple((Position(n, n), SerialInput(each)) for n, each in enumerate(inputs))
    log, whole = EventLog(entries), EventLog(entries)
    forgotten = data.draw(st.integers(0, len(entries)))
    log.forget(forgotten)
    assert (len(log), log.forgotten) == (len(whole), forgotten)
    assert list(log.after(forgotten)) == list(entries[forgotten:])
    assert log.size == EventLog(entries[forgotten:]).size
    if forgotten:
        with pytest.raises(ValueError, match=f"the first {forgotten} events are forgotten"):
            list(log)
    kept = data.draw(st.integers(forgotten, len(entries)))
    assert log.take_back(kept) == whole.take_back(kept)
    log.append(Position(99, 99), SerialInput(b"more"))
    assert log[kept] == (Position(99, 99), SerialInput(b"more"))
    assert log.size == EventLog((*entries[forgotten:kept], log[kept])).size
