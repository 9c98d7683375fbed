"""The monitor commands about the past, without gdb."""

import pytest

from gdbstub.target import BreakpointKind, Continue, Reason, Signal, Step, Stop, TargetError
from machine.machine import Machine
from soclet.runner import Runner
from soclet.thread_target import ThreadTarget
from toolchain.assembler import assemble

PROGRAM = """
start:  mov r1, 0x8000
        mov r2, 1
        mov r3, 0
loop:   add r3, r2
        mov [r1], r3
        condbr r3 != 50, loop
        brk
        mov r4, 9
        brk
"""


def target_of(text, remember=1 << 24):
    machine = Machine(64 << 10)
    machine.flash((part.address, part.data) for part in assemble("test.s", text).segments)
    runner = Runner(machine)
    if remember is not None:
        runner.remember(remember)
    target = ThreadTarget(runner)
    target.attach()
    return target


@pytest.fixture
def target():
    """A target that has stopped at its program's first brk."""
    target = target_of(PROGRAM)
    run_on(target)
    return target


def run_on(target):
    """Let it go on to where it stops by itself; give the stop."""
    target.resume(Continue())
    return settled(target)


def settled(target):
    """Have the runner go on as its loop does, until a goal is reached."""
    runner = target.runner
    while not target.machine.halted:
        outcome = runner.advance(runner._goal, 1000)
        if outcome.value != "budget":
            runner.halt()
            target.reached(outcome)
    return target.stop


def refused(target, command):
    with pytest.raises(TargetError) as caught:
        target.monitor(command)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_ticks_names_the_beginning_and_the_present_can_be_gone_to(target):
    assert target.monitor("goto 6") == "tick 6: pc 0x1018, kernel mode\n"
    assert target.machine.cpu.r[3] == 1
    assert target.monitor("checkpoint once") == "once is tick 6: pc 0x1018, kernel mode\n"
    assert target.monitor("goto begin") == "tick 0: pc 0x1000, kernel mode\n"
    assert target.monitor("goto present") == "tick 154: pc 0x1038, kernel mode\n"
    assert target.monitor("goto once").startswith("tick 6")
    assert target.monitor("checkpoint") == "once: tick 6\n"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("goto", "monitor goto takes a tick, a checkpoint, begin or present"),
        ("goto 155", "tick 155 is not in the history from the last reset to the next: that is "
         "from tick 0 to tick 154"),
        ("goto elsewhere", "no moment 'elsewhere'; there are ticks, begin, now, present"),
        ("goto 5x", "'5x' is not a number of ticks such as 5000, 10k, 3M or 1G"),
        ("checkpoint now", "'now' cannot be a name: give a word that begins with a letter, and "
         "not begin, now, present"),
        ("checkpoint 5", "'5' cannot be a name: give a word that begins with a letter, and not "
         "begin, now, present"),
        ("diff begin", "monitor diff takes two moments, such as: monitor diff begin now"),
        ("diff begin never", "no moment 'never'; there are ticks, begin, now, present"),
        ("why", "monitor why takes an address, a register, or page-table ADDR"),
        ("why 0x20", "0x20 is not in memory: there is nothing that could have been written"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_line_and_nothing_moves(target, command, says):
    before = target.machine.moment
    assert refused(target, command) == says
    assert target.machine.moment == before


def test_a_reset_begins_ticks_anew_and_those_before_it_are_another_time(target):
    target.monitor("reset")
    target.resume(Step())
    assert refused(target, "goto 100").endswith("that is from tick 0 to tick 1")
    assert target.monitor("goto 1").startswith("tick 1: pc 0x1008")
    target.reverse_step()
    target.reverse_step()
    assert target.machine.cpu.time == 153
    assert target.monitor("goto 100").startswith("tick 100")


def test_diff_shows_what_changed_between_two_moments(target):
    target.monitor("goto 6")
    target.monitor("checkpoint early")
    said = target.monitor("diff early present")
    assert "r3: 0x1 before, 0x32 after" in said
    assert "the word at 0x8000: 0x1 before, 0x32 after" in said
    assert target.machine.cpu.time == 6
    assert target.monitor("diff now early") == "nothing differs\n"


def test_names_of_a_future_that_was_lost_are_lost(target):
    target.monitor("checkpoint late")
    target.monitor("goto 6")
    target.monitor("checkpoint early")
    target.write_register(0, 5)
    assert target.monitor("checkpoint") == "early: tick 6\n"
    assert refused(target, "goto late").startswith("no moment 'late'")


def test_a_moment_that_is_forgotten_is_refused():
    text = """
        mov r1, 0x4000
        mov r2, 4
        mov r3, 1
loop:   mov [r1], r3
        add r1, r2
        condbr r1 != 0xf000, loop
        mov r1, 0x4000
        add r4, r3
        condbr r4 != 40, loop
        brk
"""
    target = target_of(text, remember=32 << 10)
    target.monitor("checkpoint first")
    target.resume(Continue())
    while target.runner.advance(target.runner._goal, 20_000).value == "budget":
        target.machine.history.keep(1)
    target.runner.halt()
    assert target.machine.history.begin.position.happened > 0
    assert refused(target, "goto first").startswith(
        "the moment first is forgotten: history begins at tick "
    )
    assert target.monitor("checkpoint") == "first: tick 0, which is forgotten\n"
    target.reverse_continue()
    assert settled(target) == Stop(reason=Reason.HISTORY_BEGIN)


LONG = """
        mov r1, 0x8000
        mov r2, 1
        mov [r1], r2
        mov r5, 1
loop:   add r3, r2
        condbr r3 != 5000, loop
        brk
"""


class Answers:
    """Takes what a server would tell its client."""

    def __init__(self):
        self.told = []

    def answered(self, answer):
        self.told.append(answer)

    def stopped(self, event):
        self.told.append(event)


@pytest.fixture
def long_ago():
    """A target at the end of more than a slice."""
    target = target_of(LONG)
    run_on(target)
    target.server = Answers()
    return target


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("goto 9000", "tick 9000: pc 0x1020, kernel mode\n"),
        ("diff begin now", "  r1: 0x0 before, 0x8000 after\n"),
        ("why 0x8000", "0x8000 was last written at tick 2, after 2 instructions, by the "
         "instruction at pc 0x1010, in kernel mode: 0x0 became 0x1\n"),
        ("why r5", "r5 was last written at tick 3, after 3 instructions, by the "
         "instruction at pc 0x1018, in kernel mode: 0x0 became 0x1\n"),
    ],
)  # fmt: skip
def test_what_takes_longer_than_a_slice_is_answered_later(long_ago, command, says):
    now = long_ago.machine.moment
    assert long_ago.monitor(command) is None
    settled(long_ago)
    assert len(long_ago.server.told) == 1
    assert says in long_ago.server.told[0]
    assert (long_ago.machine.moment == now) != command.startswith("goto")


def test_a_command_that_is_given_up_leaves_the_machine_where_it_was(long_ago):
    now, was = long_ago.machine.moment, long_ago.machine.hash()
    assert long_ago.monitor("why r5") is None
    long_ago.give_up()
    assert (long_ago.machine.moment, long_ago.machine.hash()) == (now, was)
    assert long_ago.machine.halted
    assert long_ago.server.told == []
    assert long_ago.monitor("goto begin") == "tick 0: pc 0x1000, kernel mode\n"


def test_who_vanishes_on_the_way_back_leaves_the_machine_halted_on_it(long_ago):
    now = long_ago.machine.moment
    long_ago.set_breakpoint(BreakpointKind.SOFTWARE, 0x1000)
    assert long_ago.reverse_continue() is None
    long_ago.abandon()
    assert long_ago.machine.halted
    assert long_ago.machine.moment.position == now.position
    long_ago.clear_breakpoint(BreakpointKind.SOFTWARE, 0x1000)
    long_ago.attach()
    assert "tick 0" in long_ago.monitor("goto begin")
    assert long_ago.resume(Continue()) is None
    long_ago.runner.advance(long_ago.runner._goal, 10)
    onward = long_ago.machine.moment
    assert long_ago.interrupt() == Stop(Signal.INT)
    assert long_ago.machine.moment == onward
    assert run_on(long_ago).message.startswith("brk: ")


def test_what_fails_later_is_told_as_an_error(long_ago):
    assert long_ago.monitor("diff 9000 11k") is None
    settled(long_ago)
    (told,) = long_ago.server.told
    assert isinstance(told, TargetError)
    assert told.message.startswith("tick 11000 is not in the history")


def test_what_is_typed_while_the_machine_stands_in_its_past_waits_for_the_present(target):
    target.runner.line = line = Line()
    target.monitor("goto 6")
    assert line.held
    target.monitor("goto present")
    run_on(target)
    assert not line.held


class Line:
    """A serial line that remembers whether its input is held."""

    ready = live = True
    held = False

    def hold_input(self, held):
        self.held = held

    def write(self, data):
        pass


def test_without_a_history_nothing_can_be_undone():
    target = target_of(PROGRAM, remember=None)
    with pytest.raises(TargetError, match="no history of this run is kept"):
        target.reverse_step()
    assert refused(target, "why r0") == "no history of this run is kept"
    assert "history       none is kept" in target.monitor("time")


def test_what_is_changed_in_the_past_is_told_at_the_next_stop_once(target):
    target.monitor("goto 6")
    target.write_register(0, 5)
    assert "in its past" in target.resume(Step()).message
    assert target.resume(Step()).message == ""
