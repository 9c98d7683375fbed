"""A recording is fed while the machine runs: however it is run meanwhile, all is as it was."""

from collections.abc import Callable
from functools import partial
from itertools import cycle

import pytest
from board import DATA, SIZE, START, Board, handler
from hypothesis import given
from hypothesis import strategies as st
from restless import TIMER_START, Act, act, acts, restless

from isa_spec.registers import PC
from isa_spec.traps import SERIAL_RX, TIMER, Access
from machine.device import DeviceState
from machine.events import (
    Debugger,
    EventLog,
    Position,
    Reset,
    SerialInput,
    WriteMemory,
    WriteRegister,
)
from machine.happenings import PortAccess, Store
from machine.machine import Machine
from machine.observers import Observers
from machine.reason import Reason
from machine.trapped import Trap
from machine.watch import Watch

EVERYWHERE = frozenset([START + 64, START + 88, handler(8), handler(16), handler(17), 0x2900])
WATCHES = (Watch(frozenset({Access.STORE}), DATA, DATA + 4),)
STOPPING = Observers().on(Trap, bool).on(Store, bool).on(PortAccess, bool)
FURTHER = 50


def past(stop: Callable[[Machine], Reason]) -> Callable[[Machine], Reason]:
    """Run to what stops the machine before an instruction, and past that, as a debugger does."""

    def go_on(machine: Machine) -> Reason:
        reason = stop(machine)
        return machine.run(budget=1) if reason in (Reason.BREAKPOINT, Reason.WATCHPOINT) else reason

    return go_on


def sleep_a_little(machine: Machine, ticks: int) -> Reason:
    """Run up to a sleep, and let the host pass some of it."""
    reason = machine.run(budget=60, skip_sleep=False)
    if reason is Reason.ASLEEP:
        machine.pass_time(min(machine.cpu.time + ticks, machine.wake_tick()))
    return reason


slicing = st.lists(
    st.one_of(
        st.builds(lambda n: act(f"budget {n}", lambda m: m.run(budget=n)), st.integers(0, 90)),
        st.builds(
            lambda n: act(f"up to +{n}", lambda m: m.run(m.cpu.time + n)), st.integers(0, 90)
        ),
        st.builds(
            lambda n: act(f"sleep {n}", partial(sleep_a_little, ticks=n)), st.integers(1, 30)
        ),
        st.sampled_from(
            [
                act("one by one", lambda m: m.run(budget=1, skip_sleep=False)),
                act("break", past(lambda m: m.run(budget=FURTHER, breakpoints=EVERYWHERE))),
                act("watch", past(lambda m: m.run(budget=FURTHER, watches=WATCHES))),
                act("observe", lambda m: m.run(budget=FURTHER, observers=STOPPING)),
            ]
        ),
    ),
    max_size=6,
)


def finish(machine: Machine, slices: list[Act]) -> None:
    """Run a machine in slices, over and over, up to its recording's end."""
    for each in cycle([*slices, act("on", lambda m: m.run(budget=FURTHER))]):
        if each.do(machine) is Reason.REPLAYED:
            return


def fed(board: Board, timer: DeviceState | None = None, **options: int) -> Machine:
    """A fresh machine with the recording of a board's; `timer`: as it was at the beginning."""
    machine = Machine(SIZE, **options)
    if timer is not None:
        machine.bus.devices["timer"].restore(timer)
    machine.feed(board.machine.log, board.machine.position)
    return machine


@given(acts, slicing, st.sampled_from([0, 7]))
def test_any_slices_give_the_same_state_the_same_log_and_the_same_output(
    todo: list[Act], slices: list[Act], byte_ticks: int
):
    board = restless(byte_ticks=byte_ticks)
    for each in todo:
        each.do(board.machine)
    machine = fed(board, TIMER_START, byte_ticks=byte_ticks)
    finish(machine, slices)
    assert list(machine.log) == list(board.machine.log)
    assert machine.snapshot() == board.machine.snapshot()
    assert machine.hash() == board.machine.hash()
    assert machine.take_output() == board.machine.take_output()


@given(acts, acts, slicing)
def test_a_recording_may_begin_at_a_snapshot_that_the_machine_was_restored_to(
    dropped: list[Act], kept: list[Act], slices: list[Act]
):
    board = restless()
    board.run(100)
    snapshot = board.machine.snapshot()
    for each in dropped:
        each.do(board.machine)
    board.machine.restore(snapshot)
    for each in kept:
        each.do(board.machine)
    machine = Machine(SIZE)
    machine.restore(snapshot)
    machine.feed(board.machine.log.since(snapshot), board.machine.position)
    finish(machine, slices)
    assert machine.hash() == board.machine.hash()


def test_the_log_since_a_snapshot_of_another_machine_begins_where_it_was_restored():
    board = restless()
    board.run(40)
    other = Machine(SIZE)
    other.post(WriteRegister(3, 4))
    snapshot = board.machine.snapshot()
    other.restore(snapshot)
    other.post(SerialInput(b"x"))
    assert list(other.log.since(snapshot)) == [(board.machine.position, SerialInput(b"x"))]


def test_the_end_is_told_once_and_the_machine_is_live_from_there_on():
    board = Board("loop:", "add r0, r1", "mov pc, loop").set(r1=1)
    board.run(20)
    board.type(b"x")
    board.run(30)
    machine = fed(board)
    assert machine.to_come == len(board.machine.log)
    assert machine.run(25) is Reason.LIMIT
    assert machine.to_come == 0
    assert machine.run(100) is Reason.REPLAYED
    assert (machine.position, machine.to_come) == (Position(30, 30), None)
    assert machine.run(100) is Reason.LIMIT
    assert machine.cpu.time == 100


def test_events_around_an_interrupt_at_one_tick_come_on_their_own_side_of_it():
    board = Board("loop:", "add r0, r1", "mov pc, loop").set(
        r1=1, imask=1 << 16, status=5, ivec=0x2000
    )
    board.machine.bus.devices["timer"].restore((10, None, None))
    board.run(10)
    before = board.machine.position
    board.set(r2=1)
    board.run(breakpoints=frozenset({handler(16)}))
    board.set(r2=2)
    assert board.machine.position == Position(before.happened + 1, before.tick)
    board.run(40)
    machine = fed(board, (10, None, None))
    finish(machine, [act("one by one", lambda m: m.run(budget=1))])
    assert list(machine.log) == list(board.machine.log)
    assert machine.hash() == board.machine.hash()


def test_recorded_events_come_in_the_sleep_in_which_they_came_though_they_wake_nobody():
    board = Board("wait", "mov r0, 7").set(imask=1 << 16)
    board.machine.bus.devices["timer"].restore((500, None, None))
    board.run(budget=1, skip_sleep=False)
    for tick in (100, 100, 300):
        board.machine.pass_time(tick)
        board.write(DATA, tick)
    board.run(600)
    machine = fed(board, (500, None, None))
    assert machine.run() is Reason.REPLAYED
    assert list(machine.log) == list(board.machine.log)
    assert machine.hash() == board.machine.hash()


def test_a_brk_that_a_recorded_debugger_stopped_at_stops_again():
    board = Board("mov r0, 1", "brk", "mov r0, 2")
    board.machine.post(Debugger(attached=True))
    assert board.run() is Reason.BRK
    board.step()
    machine = fed(board)
    assert [machine.run(), machine.run()] == [Reason.BRK, Reason.REPLAYED]
    assert machine.hash() == board.machine.hash()


def test_a_machine_that_was_changed_gets_what_is_still_to_come_as_soon_as_it_is_past_that():
    board = Board("wait", "mov r0, 7", "loop:", "mov pc, loop").set(imask=SERIAL_RX.bit)
    board.run()
    board.machine.pass_time(70)
    board.type(b"x")
    board.run(budget=20)
    board.machine.reset()
    board.run(9)
    machine = fed(board)
    machine.run(1)
    machine.post(WriteRegister(PC, START + 8))  # the sleep is over
    while (reason := machine.run(budget=5)) is Reason.BUDGET:
        assert machine.cpu.executed < 100
    assert reason is Reason.REPLAYED
    events = [event for _, event in machine.log]
    assert SerialInput(b"x") in events
    assert Reset() in events


def test_a_replay_of_a_machine_that_was_changed_says_so():
    board = Board("wait", "mov r0, 7", "loop:", "mov pc, loop").set(imask=SERIAL_RX.bit)
    board.run()
    board.type(b"x")
    board.run(budget=20)
    machine = Machine(SIZE)
    machine.post(WriteMemory(START + 64, b"x"))
    changed = EventLog(tuple((Position(3, 3), event) for _, event in board.machine.log))
    with pytest.raises(ValueError, match="the replay"):
        machine.replay(changed, board.machine.position)


# What is scheduled at ticks


def test_an_event_that_is_scheduled_in_an_endless_sleep_comes_at_its_tick():
    board = Board("wait", "mov r0, 7")
    board.machine.schedule(500, Reset())
    assert board.run() is Reason.ASLEEP
    assert [position for position, event in board.machine.log if event == Reset()] == [
        Position(1, 500)
    ]


def test_an_event_that_wakes_the_machine_ends_the_passing_of_time():
    board = Board("wait", "mov r0, 7", "mov r1, [r2]").set(r2=4, imask=TIMER.bit)
    board.machine.bus.devices["timer"].restore((900, None, None))
    board.machine.schedule(300, WriteRegister(PC, START + 8))
    assert board.run(budget=3) is Reason.BUDGET
    assert board["r1"] == 301
