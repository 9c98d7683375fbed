"""Recordings of random programs, replayed in random slices by every engine: the same run each time.

Programs are those of the plain model's tests. They are recorded on the reference engine, with
input at ticks, and with stops at which a debugger writes, resets and holds interrupts back.
"""

from random import Random

import pytest
from interference import ENGINES, interference
from plain_model.programs import Program, make_program

from machine.events import SerialInput
from machine.machine import Machine
from machine.reason import Reason

SEEDS = 100
CHUNK = 20  # small enough that parallel runs share the work evenly


def recorded(program: Program, rng: Random) -> Machine:
    """Run a program with what comes from outside, by a machine that does not skip all its sleep."""
    machine = Machine(program.memory_size, byte_ticks=program.byte_ticks)
    machine.flash(program.segments)
    for tick, data in program.feeds:
        machine.schedule(tick, SerialInput(data))
    for _ in range(rng.randrange(1, 12)):
        machine.run(program.limit, rng.randrange(400), skip_sleep=rng.random() < 0.5)
        if machine.cpu.asleep:
            machine.pass_time(min(machine.cpu.time + rng.randrange(200), machine.wake_tick()))
        if rng.random() < 0.7:
            machine.post(interference(rng, program))
    machine.run(program.limit)
    return machine


def advance(machine: Machine, rng: Random) -> Reason:
    """Go on for a slice, of one kind or another."""
    kind, ticks = rng.randrange(4), rng.choice((0, 1, 2, rng.randrange(1, 200), 2000))
    if kind == 0:
        return machine.run(machine.cpu.time + ticks)
    if kind == 1:
        reason = machine.run(budget=ticks, skip_sleep=False)
        if reason is Reason.ASLEEP:
            machine.pass_time(min(machine.cpu.time + 1 + ticks, machine.wake_tick()))
        return reason
    if kind == 2:
        # What is stopped before is passed, as a debugger passes it.
        at = frozenset({machine.cpu.r[rng.randrange(28)]})
        reason = machine.run(budget=ticks, breakpoints=at)
        return machine.run(budget=1) if reason is Reason.BREAKPOINT else reason
    return machine.run(budget=ticks)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("first", range(9000, 9000 + SEEDS, CHUNK))
def test_a_replay_in_any_slices_is_the_recorded_run(engine: str, first: int):
    for seed in range(first, first + CHUNK):
        program, rng = make_program(seed), Random(seed)
        original = recorded(program, rng)
        machine = Machine(
            program.memory_size, byte_ticks=program.byte_ticks, engine=ENGINES[engine]
        )
        machine.feed(original.log, original.position)
        while advance(machine, rng) is not Reason.REPLAYED:
            assert machine.to_come is not None, f"seed {seed}: the end was missed"
        assert list(machine.log) == list(original.log), f"seed {seed}"
        assert machine.hash() == original.hash(), f"seed {seed}"
        assert machine.take_output() == original.take_output(), f"seed {seed}"
