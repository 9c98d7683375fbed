"""Steps, and what becomes of an interrupt that falls due at one."""

import pytest
from guests import PORTS

from isa_spec.registers import CAUSE, PC, STATUS
from machine.device import NEVER
from machine.machine import Machine
from machine.reason import Reason
from soclet import goals
from soclet.goals import Bounds, Done, RangeStep, Step, StepInterrupts
from toolchain.assembler import assemble

OVER, INTO, HOLD = StepInterrupts
COUNT = 0x8000
"""Where the handlers count that they ran."""


def program(deadline, main, handler, mask="1 << 16"):
    """Arm the timer in ten instructions, then run `main` with interrupts on."""
    return f"""{PORTS}
        mov sp, 0xff00
        mov r1, DEADLINE
        mov r0, {deadline}
        mov [r1], r0
        mov r0, 0
        mov [r1], r0
        mov ivec, vectors
        mov imask, {mask}
        mov status, 5
main:   {main}
        .align 8
handler:
        {handler}
        .align 8
vectors: .word 0,0,0,0, 0,0,0,0, 0,0,0,0, 0,0,0,0, handler,handler,handler,0
"""


COUNTING = f"""
        mov ks0, {COUNT}
        mov ks1, [ks0]
        mov r5, 1
        add ks1, r5
        mov [ks0], ks1
        mov ks0, DEADLINE           ; never again
        mov ks1, 0 - 1
        mov [ks0], ks1
        mov [ks0], ks1
        iret
"""
NOPS = "nop\nnop\nnop\nnop\nnop\nnop"


class Bench:
    """A machine with a program, stepped as the debugger would."""

    def __init__(self, text, limit=NEVER, budget=4096, skip_sleep=True):
        self.program = assemble("test.s", text)
        self.machine = Machine(64 << 10)
        self.machine.flash((part.address, part.data) for part in self.program.segments)
        self.breakpoints = frozenset()
        self.limit, self.budget, self.skip_sleep = limit, budget, skip_sleep

    def address(self, name):
        return next(each.address for each in self.program.symbols if each.name == name)

    def to_main(self, instructions=0):
        self.machine.run(budget=9 + instructions)
        assert self.machine.cpu.r[PC] == self.address("main") + 8 * instructions
        return self

    def slice(self, goal):
        bounds = Bounds(self.limit, self.budget, self.skip_sleep, self.breakpoints)
        return goal.advance(self.machine, bounds)

    def reach(self, goal):
        while (outcome := self.slice(goal)) is Reason.BUDGET:
            pass
        return outcome

    @property
    def place(self):
        return (self.machine.cpu.r[PC] - self.address("main")) // 8

    @property
    def time(self):
        return self.machine.cpu.time

    @property
    def handled(self):
        return self.machine.memory.words[COUNT >> 2]


def test_a_step_is_one_instruction_and_one_tick():
    bench = Bench(NOPS)
    for mode in StepInterrupts:
        before = bench.time
        assert bench.slice(Step(mode)) is Done.STEPPED
        assert bench.time == before + 1
    assert bench.machine.cpu.r[PC] == 0x1018


def test_a_breakpoint_where_a_step_begins_does_not_hold_it_up():
    bench = Bench(NOPS)
    bench.breakpoints = frozenset({0x1000, 0x1008})
    assert bench.slice(Step()) is Done.STEPPED
    assert bench.machine.cpu.r[PC] == 0x1008


def test_an_interrupt_that_falls_due_is_run_to_its_end_before_the_step():
    bench = Bench(program(10, NOPS, COUNTING)).to_main()
    assert bench.slice(Step(OVER)) is Done.STEPPED
    assert (bench.place, bench.handled) == (1, 0)
    assert bench.slice(Step(OVER)) is Done.STEPPED
    assert (bench.place, bench.handled) == (2, 1)
    assert bench.time == 9 + 2 + 10


def test_stepping_over_ends_where_the_machine_alone_would_be():
    stepped, free = (Bench(program(12, NOPS, COUNTING)) for _ in range(2))
    for _ in range(15):
        assert stepped.reach(Step(OVER)) is Done.STEPPED
    free.machine.run(budget=15 + 10)
    assert stepped.machine.hash() == free.machine.hash()


def test_stepping_into_stops_before_the_handlers_first_instruction():
    bench = Bench(program(9, NOPS, COUNTING)).to_main()
    assert bench.slice(Step(INTO)) is Done.IN_HANDLER
    assert bench.machine.cpu.r[PC] == bench.address("handler")
    assert (bench.time, bench.machine.cpu.r[CAUSE]) == (9, 16)
    assert bench.slice(Step(INTO)) is Done.STEPPED
    assert bench.machine.cpu.r[PC] == bench.address("handler") + 8


def test_holding_leaves_the_interrupt_pending_for_the_next_run():
    bench = Bench(program(9, NOPS, COUNTING)).to_main()
    for turn in (1, 2, 3):
        assert bench.slice(Step(HOLD)) is Done.STEPPED
        assert (bench.place, bench.handled) == (turn, 0)
    assert not bench.machine.cpu.held
    bench.machine.run(budget=11)
    assert (bench.place, bench.handled) == (4, 1)


def test_a_breakpoint_in_the_handler_ends_a_step_over_it():
    bench = Bench(program(9, NOPS, COUNTING)).to_main()
    bench.breakpoints = frozenset({bench.address("handler") + 16})
    assert bench.reach(Step(OVER)) is Reason.BREAKPOINT
    assert bench.machine.cpu.r[PC] == bench.address("handler") + 16


def test_a_handler_longer_than_a_slice_takes_several():
    slow = "mov r6, 3000\nmov r7, 1\nh: sub r6, r7\ncondbr r6 > 0, h\n" + COUNTING
    bench = Bench(program(9, NOPS, slow), budget=1000).to_main()
    goal = Step(OVER)
    slices = 1
    while bench.slice(goal) is Reason.BUDGET:
        slices += 1
    assert slices == 7
    assert (bench.place, bench.handled) == (1, 1)


def test_a_handler_that_never_returns_is_said_after_a_million_ticks():
    bench = Bench(program(9, NOPS, "h: mov pc, h"), budget=100_000).to_main()
    assert bench.reach(Step(OVER)) is Done.HANDLER_RUNS_ON
    assert bench.time == 9 + goals.LONGEST_HANDLER == 1_000_009
    assert bench.machine.cpu.r[PC] == bench.address("handler")


def test_a_handler_that_sleeps_a_million_ticks_away_is_said_too():
    sleeps = """
        mov ks0, DEADLINE
        mov ks1, 5000000
        mov [ks0], ks1
        mov ks1, 0
        mov [ks0], ks1
        wait
        iret
    """
    bench = Bench(program(9, NOPS, sleeps)).to_main()
    assert bench.reach(Step(OVER)) is Done.HANDLER_RUNS_ON
    assert bench.time >= 5_000_000


def test_a_handler_that_comes_back_elsewhere_goes_on_until_it_is_home():
    """It returns to the interrupted place with another stack pointer first."""
    strays = (
        """
        mov ks0, epc
        condbr r8 != 0, again
        mov r8, 1
        mov r9, 8
        sub sp, r9
        iret                        ; still pending: it comes again at once
again:  add sp, r9
"""
        + COUNTING
    )
    bench = Bench(program(9, NOPS, strays)).to_main()
    sp = bench.machine.cpu.r[15]
    assert bench.reach(Step(OVER)) is Done.STEPPED
    assert (bench.place, bench.handled, bench.machine.cpu.r[15]) == (1, 1, sp)


def test_code_that_a_handler_shares_with_what_it_interrupted_is_not_taken_for_home():
    """The step is within a function that the handler calls as well, on a stack of its own."""
    shared = "call share\nh: mov pc, h\nshare: nop\nnop\nret\n"
    calls = """
        mov ks0, link
        mov r9, 64
        sub sp, r9
        call share
        add sp, r9
        mov link, ks0
""" + COUNTING.replace("ks0", "r10").replace("ks1", "r11")
    text = program(11, shared, calls)
    bench = Bench(text)
    bench.machine.run(budget=11)
    assert bench.machine.cpu.r[PC] == bench.address("share")
    assert bench.reach(Step(OVER)) is Done.STEPPED
    assert bench.machine.cpu.r[PC] == bench.address("share") + 8
    assert bench.handled == 1
    assert bench.machine.cpu.r[STATUS] == 5


def test_a_check_stop_on_the_way_into_an_interrupt_is_one():
    for mode in (OVER, INTO):
        bench = Bench(program(9, NOPS, COUNTING).replace("mov ivec, vectors", "nop")).to_main()
        assert bench.reach(Step(mode)) is Reason.CHECK_STOP
        assert bench.time == 9


@pytest.mark.parametrize("mode", list(StepInterrupts))
def test_a_wait_steps_at_once_and_the_step_after_it_sleeps(mode):
    text = program(5000, "wait\nnop\nnop", COUNTING).replace("mov status, 5", "mov status, 1")
    bench = Bench(text).to_main()
    assert bench.slice(Step(mode)) is Done.STEPPED
    assert (bench.place, bench.time, bench.machine.cpu.asleep) == (1, 10, True)
    assert bench.slice(Step(mode)) is Done.STEPPED
    assert (bench.place, bench.time, bench.machine.cpu.asleep) == (2, 5001, False)


@pytest.mark.parametrize("mode", list(StepInterrupts))
def test_a_step_out_of_sleep_waits_for_the_host_where_sleep_is_paced(mode):
    text = program(5000, "wait\nnop\nnop", COUNTING).replace("mov status, 5", "mov status, 1")
    bench = Bench(text, skip_sleep=False).to_main()
    assert bench.slice(Step(mode)) is Done.STEPPED
    goal = Step(mode)
    assert bench.slice(goal) is Reason.ASLEEP
    bench.machine.pass_time(5000)
    assert bench.slice(goal) is Done.STEPPED
    assert (bench.place, bench.time) == (2, 5001)


@pytest.mark.parametrize("mode", list(StepInterrupts))
def test_a_step_out_of_endless_sleep_says_asleep(mode):
    bench = Bench("wait\nnop\n")
    assert bench.slice(Step(mode)) is Done.STEPPED
    assert bench.slice(Step(mode)) is Reason.ASLEEP
    assert bench.time == 1


def test_a_wait_with_interrupts_on_wakes_into_its_handler_within_the_next_step():
    bench = Bench(program(5000, "wait\nnop\nnop", COUNTING)).to_main()
    assert bench.slice(Step(OVER)) is Done.STEPPED
    assert bench.reach(Step(OVER)) is Done.STEPPED
    assert (bench.place, bench.handled) == (2, 1)


@pytest.mark.parametrize("mode", list(StepInterrupts))
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("mov r1, 0x20\nmov [r1], r0", Reason.POWER_OFF),
        ("mov r1, 0\ndiv r1, r1", Reason.CHECK_STOP),
        ("mov r1, 0\nbrk", Reason.BRK),
    ],
)
def test_a_step_that_ends_it_all_says_how(text, reason, mode):
    bench = Bench(text)
    bench.machine.cpu.debugged = True
    assert bench.slice(Step(mode)) is Done.STEPPED
    assert bench.slice(Step(mode)) is reason


def test_no_step_goes_beyond_the_limit():
    for mode in StepInterrupts:
        bench = Bench(NOPS, limit=1)
        bench.machine.run(budget=1)
        assert bench.slice(Step(mode)) is Reason.LIMIT
        assert bench.time == 1


# Ranges


def test_a_range_is_stepped_through_until_it_is_left():
    bench = Bench(NOPS)
    assert bench.slice(RangeStep(0x1000, 0x1018)) is Done.STEPPED
    assert (bench.machine.cpu.r[PC], bench.time) == (0x1018, 3)


def test_a_range_steps_once_at_least():
    bench = Bench("h: mov pc, h")
    assert bench.slice(RangeStep(0x1000, 0x1000)) is Done.STEPPED
    assert bench.time == 1


def test_a_breakpoint_within_a_range_stops_it():
    bench = Bench(NOPS)
    bench.breakpoints = frozenset({0x1000, 0x1010})
    assert bench.slice(RangeStep(0x1000, 0x1030)) is Reason.BREAKPOINT
    assert bench.machine.cpu.r[PC] == 0x1010


def test_a_loop_in_a_range_takes_slices_and_never_more_than_its_budget():
    bench = Bench("h: mov pc, h", budget=100)
    goal = RangeStep(0x1000, 0x1008)
    for turn in range(1, 4):
        assert bench.slice(goal) is Reason.BUDGET
        assert bench.time == 100 * turn


def test_an_interrupt_within_a_range_is_run_to_its_end():
    bench = Bench(program(11, NOPS, COUNTING)).to_main()
    start = bench.machine.cpu.r[PC]
    assert bench.reach(RangeStep(start, start + 32)) is Done.STEPPED
    assert (bench.place, bench.handled) == (4, 1)


def test_a_wait_within_a_range_sleeps_until_woken():
    text = program(5000, "wait\nnop\nnop", COUNTING).replace("mov status, 5", "mov status, 1")
    bench = Bench(text, skip_sleep=False).to_main()
    start = bench.machine.cpu.r[PC]
    goal = RangeStep(start, start + 16)
    assert bench.slice(goal) is Reason.ASLEEP
    bench.machine.pass_time(5000)
    assert bench.slice(goal) is Done.STEPPED
    assert (bench.place, bench.time) == (2, 5001)
