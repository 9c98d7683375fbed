"""A debugger on a replay: it looks and stops without changing anything, until it means to."""

from itertools import cycle

import pytest
from board import DATA, Board
from hypothesis import given
from hypothesis import strategies as st
from loop_bench import Line, Watcher
from restless import Act, acts, restless

from gdbstub.target import BreakpointKind, Continue, RangeStep, Step, Stop, WatchKind
from isa_spec.registers import PC
from machine.events import Debugger
from machine.machine import Machine
from machine.reason import Reason
from soclet.capsule import Capsule, capsule_of
from soclet.goals import FreeRun
from soclet.recorded_run import Recording, Verdict
from soclet.runner import Runner
from soclet.thread_target import ThreadTarget


def recorded(board: Board, todo: list[Act]) -> Capsule:
    base = board.machine.snapshot()
    for each in todo:
        each.do(board.machine)
    return capsule_of(board.machine, base, ended="tried", reason="the test was over")


def debugged(capsule: Capsule) -> ThreadTarget:
    machine = capsule.machine()
    runner = Runner(machine)
    target = ThreadTarget(runner)
    target.recording = Recording(capsule, machine)
    runner.on_replayed = target.recording.end
    target.attach()
    return target


def go_on(target: ThreadTarget) -> Stop:
    """Continue, as the loop does, up to what stops the machine."""
    if (stop := target.resume(Continue())) is None:
        outcome = Reason.BUDGET
        while outcome is Reason.BUDGET:
            outcome = target.runner.advance(FreeRun(), 50)
        target.runner.halt()
        target.reached(outcome)
        stop = target.stop
    return stop


def looping() -> Board:
    return Board("loop:", "add r0, r1", "mov [r2], r0", "mov pc, loop").set(r1=1, r2=DATA)


resumes = st.lists(
    st.sampled_from([Step(), RangeStep(0x1040, 0x1060), None]), min_size=1, max_size=6
)


def set_points(target: ThreadTarget) -> None:
    target.set_breakpoint(BreakpointKind.SOFTWARE, 0x1058)
    target.set_watchpoint(WatchKind.WRITE, DATA, 4)


def step_past_points(target: ThreadTarget) -> None:
    """Step with all points taken out, as gdb does to leave one."""
    target.clear_breakpoint(BreakpointKind.SOFTWARE, 0x1058)
    target.clear_watchpoint(WatchKind.WRITE, DATA, 4)
    target.resume(Step())
    set_points(target)


@given(acts, resumes)
def test_steps_and_stops_of_a_debugger_change_nothing(
    todo: list[Act], turns: list[Step | RangeStep | None]
):
    capsule = recorded(restless(), todo)
    target = debugged(capsule)
    set_points(target)
    for turn in cycle([*turns, None]):
        if target.recording.verdict is None:
            step_past_points(target)
        if target.recording.verdict is not None:
            break
        if turn is None or target.resume(turn) is None:
            go_on(target)
    assert target.recording.verdict is Verdict.REPRODUCED
    assert list(target.machine.log)[: len(capsule.events)] == list(capsule.events)


def test_the_end_is_a_stop_with_a_sentence():
    board = looping()
    target = debugged(recorded(board, [Act("run", lambda m: m.run(30))]))
    stop = go_on(target)
    assert stop.message == "end of the recording: the test was over"
    assert target.machine.cpu.time == 30


def test_after_the_end_the_machine_is_live_and_knows_its_debugger():
    board = Board("mov r0, 1", "mov r0, 2", "brk", "mov r0, 3")
    target = debugged(recorded(board, [Act("run", lambda m: m.run(1))]))
    assert not target.machine.cpu.debugged
    go_on(target)
    assert target.recording.verdict is Verdict.REPRODUCED
    assert go_on(target).message.startswith("brk: the program stopped itself")
    assert [event for _, event in target.machine.log] == [Debugger(attached=True)]


def test_a_brk_in_a_recording_does_what_it_did():
    board = Board("mov r0, 1", "brk", "mov r0, 3").set(ivec=0x2000)
    board.load_program(0x2100 + 8 * 7, "mov r5, 7", "iret")
    todo = [Act("run", lambda m: m.run(6))]
    capsule = recorded(board, todo)
    target = debugged(capsule)
    assert go_on(target).message.startswith("end of the recording")
    assert target.recording.verdict is Verdict.REPRODUCED


def test_a_debuggers_write_is_told_once_and_what_follows_is_not_called_the_recorded_run():
    board = looping()
    target = debugged(recorded(board, [Act("run", lambda m: m.run(30))]))
    target.resume(Step())
    target.write_memory(DATA + 16, b"x")
    said = [target.resume(Step()).message for _ in range(2)]
    assert said[0].startswith("the machine was changed, which the recorded one was not")
    assert said[1] == ""
    assert go_on(target).message == (
        "end of the recording: the test was over\n"
        "the replay is not the recorded run: a debugger has changed the machine"
    )
    assert target.recording.verdict is Verdict.CHANGED


def test_beginning_again_replays_from_the_recordings_beginning():
    board = looping()
    capsule = recorded(board, [Act("run", lambda m: m.run(30))])
    target = debugged(capsule)
    target.write_memory(DATA, b"xxxx")
    go_on(target)
    target.restart()
    assert target.machine.cpu.r[PC] == capsule.base.cpu[0][PC]
    go_on(target)
    assert target.recording.verdict is Verdict.REPRODUCED


def test_a_command_tells_how_far_it_is():
    board = looping()
    board.run(5)
    todo = [
        Act("type", lambda m: m.serial and board.type(b"x")),
        Act("run", lambda m: m.run(30)),
        Act("type", lambda m: m.serial and board.type(b"y")),
    ]
    target = debugged(recorded(board, todo))
    target.resume(Step())
    lines = target.monitor("recording").splitlines()
    assert lines[0] == "at tick 6, step 6"
    assert lines[2:] == [
        "  events      1 of 2 have come",
        "  end         tick 30, step 30: the test was over",
    ]
    go_on(target)
    assert target.monitor("rec").splitlines()[-1] == "  the end was reached: the machine is live"


def test_a_run_that_is_no_replay_says_so():
    target = ThreadTarget(Runner(Machine()))
    target.attach()
    assert target.monitor("recording").startswith("this run is no replay")


@pytest.mark.parametrize("attached", [False, True])
def test_nothing_that_is_typed_comes_in_before_the_end(attached: bool):
    board = looping()
    capsule = recorded(board, [Act("run", lambda m: m.run(30))])
    machine = capsule.machine()
    runner = Runner(machine)
    runner.watcher = Watcher(attached)
    runner.line = line = Line(live=True)
    runner.advance(FreeRun(), 10)
    assert line.held
    assert runner.advance(FreeRun(), 100) is Reason.REPLAYED
    assert not line.held
