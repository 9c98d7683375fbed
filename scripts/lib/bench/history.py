"""Measures what history costs while a machine runs, and how long it takes to go back.

Runs are in slices, as a debugged machine's are, with history and without, interleaved; going back
is by the debugger's own goals.
"""

import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import common
import tables
from guest_runs import Guest
from kernels import KERNELS, Kernel
from speeds import Length, engines_here, fit_engine

from isa_spec.traps import Access
from machine.engines import AUTO, maker
from machine.machine import Machine
from machine.reason import Reason
from machine.watch import Watch
from soclet.goals import FreeRun, Goal, Outcome, StepInterrupts
from soclet.runner import DEFAULT_HISTORY, Runner
from soclet.slices import SliceSize
from soclet.travel.goal import go_to
from soclet.travel.steps import StepBack
from soclet.travel.stops import RunBack
from toolchain.assembler import assemble

SECONDS = 1.0
STRETCHES = 10
"""So many stretches of a round's run are compared one by one."""

BACK = (1, 10**3, 10**6, 10**8, 10**9)
SPAN = {"reference": 10**6, "compiled": 10**8, "native": 10**9, "auto": 10**9}
"""How many instructions are gone back over by an engine, at the most."""

MARKS = """
.func start
        mov r1, mark
        mov r2, table
        mov r3, 4
        mov r4, 1
        mov [r1], r4
again:  mov r5, 0
        mov r2, table
next:   mov r6, [r2]
        add r6, r4
        mov [r2], r6
        add r2, r3
        add r5, r4
        condbr r5 != 4096, next
        mov pc, again
.endfunc
.data
mark:   .word 0
        .space 4096
table:  .space 16384
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """A kernel on an engine: how many times as long it takes with history, and what that keeps."""

    kernel: str
    engine: str
    times: float
    bytes_per_million: int


@dataclass(frozen=True, slots=True)
class Way:
    """A way back on an engine: the seconds that it takes."""

    engine: str
    what: str
    seconds: float


def _advance(runner: Runner, goal: Goal, budget: int | None = None) -> Outcome:
    """Go on with a goal to its end, or for so many instructions."""
    slices, machine = SliceSize(), runner.machine
    last = None if budget is None else machine.cpu.executed + budget
    while last is None or machine.cpu.executed < last:
        size = slices.instructions
        if last is not None:
            size = min(size, last - machine.cpu.executed)
        executed, started = machine.cpu.executed, time.perf_counter()
        outcome = runner.advance(goal, size)
        slices.learn(machine.cpu.executed - executed, time.perf_counter() - started)
        if outcome is not Reason.BUDGET:
            return outcome
    return Reason.BUDGET


def _costs(kernels: list[Kernel], rounds: int) -> list[Cost]:
    costs = []
    for kernel in kernels:
        length = Length(kernel)
        for engine in engines_here():
            if engine == AUTO:
                continue
            repeats = fit_engine(kernel, engine, length, SECONDS)
            without, with_it = (
                _begun(kernel, engine, (rounds + 1) * repeats, limit)
                for limit in (0, DEFAULT_HISTORY)
            )
            stretch = length.instructions(repeats) // STRETCHES
            times = statistics.median(_ratios(without, with_it, stretch, rounds * STRETCHES))
            machine = with_it.machine
            assert machine.history is not None
            kept = int(machine.history.size / machine.cpu.executed * 1e6)
            costs.append(Cost(kernel.name, engine, round(times, 3), kept))
    return costs


def _begun(kernel: Kernel, engine: str, repeats: int, limit: int) -> Runner:
    """Give a machine that has warmed up and is about to run a kernel; with history, or not."""
    guest = Guest(kernel, engine)
    guest.run(1)
    guest.begin(repeats)
    runner = Runner(guest.machine)
    if limit:
        runner.remember(limit)
    return runner


def _ratios(without: Runner, with_it: Runner, stretch: int, count: int) -> Iterator[float]:
    """Give how many times as long each stretch takes, the two turn and turn about.

    A host that is slow for a while is so for both.
    """
    goal = FreeRun()
    _advance(without, goal, stretch)
    _advance(with_it, goal, stretch)
    for number in range(count):
        seconds = {}
        for runner in (without, with_it) if number % 2 else (with_it, without):
            started = time.process_time()
            _advance(runner, goal, stretch)
            seconds[runner] = time.process_time() - started
        yield seconds[with_it] / seconds[without]


def _ways(rounds: int) -> list[Way]:
    program = assemble("marks.s", MARKS)
    mark = next(symbol.address for symbol in program.symbols if symbol.name == "mark")
    ways = []
    for engine in engines_here():
        if engine == AUTO:
            continue
        machine = Machine(engine=maker(engine))
        machine.flash((segment.address, segment.data) for segment in program.segments)
        runner = Runner(machine)
        runner.remember(DEFAULT_HISTORY)
        _advance(runner, FreeRun(), SPAN[engine] + 10)
        history = machine.history
        assert history is not None
        now = machine.moment
        for back in BACK:
            if back > SPAN[engine]:
                continue
            taken = []
            for _ in range(rounds):
                go_to(machine, history, now)
                started = time.perf_counter()
                if back == 1:
                    _advance(runner, StepBack(machine, history, StepInterrupts.OVER))
                else:
                    go_to(machine, history, history.before(now.position.happened - back))
                taken.append(time.perf_counter() - started)
            ways.append(Way(engine, f"{back:,} instructions back", statistics.median(taken)))
        go_to(machine, history, now)
        runner.watches = (Watch(frozenset({Access.STORE}), mark, mark + 4),)
        started = time.perf_counter()
        _advance(runner, RunBack(machine, history))
        assert machine.cpu.executed < 10, "it stopped elsewhere"
        taken = [time.perf_counter() - started]
        ways.append(Way(engine, f"to a store {SPAN[engine]:,} instructions back", taken[0]))
    return ways


def main(words: list[str]) -> None:
    """Measure what history costs, and write the figures as JSON where asked."""
    parser = common.options("scripts/bench history", main.__doc__)
    parser.add_argument("--kernel", action="append", choices=list(KERNELS), help="only this one")
    options = parser.parse_args(words)

    host = common.host()
    print(f"{host}; medians of {options.rounds} rounds; times as long with history\n")
    costs = _costs([KERNELS[name] for name in options.kernel or KERNELS], options.rounds)
    rows = [
        (f"`{cost.kernel}`", cost.engine, f"{cost.times:.3f}", f"{cost.bytes_per_million:,}")
        for cost in costs
    ]
    heads = ("kernel", "engine", "with history", "bytes kept per million instructions")
    print("\n".join(tables.markdown(heads, rows, words=2)))
    ways = _ways(options.rounds)
    times = [(way.engine, way.what, f"{way.seconds:.3f}") for way in ways]
    print("\n" + "\n".join(tables.markdown(("engine", "what", "seconds"), times, words=2)))
    figures = {
        "host": host,
        "costs": [asdict(cost) for cost in costs],
        "ways": [asdict(way) for way in ways],
    }
    common.write_json(options.json, figures)
