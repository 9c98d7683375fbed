"""Histories of random programs: what was going forward is what is gone back to, by every engine.

Each program gets serial input, interrupts, a flash, a reset and a change of how interrupts step. It
is run by the reference engine; another goes back through it, and on to its end again.
"""

from random import Random

import pytest
from interference import ENGINES, interference
from plain_model.programs import Program, make_program

from machine.events import Event, Flash, HoldInterrupts, Moment, Reset, SerialInput
from machine.history import History
from machine.machine import Machine
from machine.reason import Reason

SEEDS = 100
CHUNK = 20  # small enough that parallel runs share the work evenly
POINTS = 12
PLENTY = 1 << 28


def happenings(rng: Random, program: Program) -> list[Event]:
    """What comes from outside, in an order of its own."""
    address = rng.randrange(0x1000, program.memory_size - 64)
    events = [
        Flash(((address, rng.randbytes(rng.choice((4, 60)))),)),
        Reset(),
        HoldInterrupts(held=True),
        HoldInterrupts(held=False),
        SerialInput(rng.randbytes(20)),
        *(interference(rng, program) for _ in range(POINTS - 5)),
    ]
    rng.shuffle(events)
    return events


def lived(program: Program, rng: Random) -> tuple[Machine, dict[Moment, str]]:
    """Run a program, and look at it before all that comes from outside."""
    machine = Machine(program.memory_size, byte_ticks=program.byte_ticks)
    machine.flash(program.segments)
    history, seen = History(machine, PLENTY), dict[Moment, str]()
    for tick, data in program.feeds:
        machine.schedule(tick, SerialInput(data))
    for event in happenings(rng, program):
        machine.run(program.limit, rng.randrange(400), skip_sleep=rng.random() < 0.5)
        if machine.cpu.asleep:
            machine.pass_time(min(machine.cpu.time + rng.randrange(200), machine.wake_tick()))
        seen[machine.moment] = machine.hash()
        if rng.random() < 0.5:
            history.keep()
        machine.post(event)
    machine.run(program.limit, 400)
    return machine, seen


def go(machine: Machine, moment: Moment, rng: Random) -> None:
    assert machine.history is not None
    machine.history.go(moment)
    while machine.run(budget=rng.choice((1, 7, 1000))) is not Reason.PAUSED:
        assert machine.repeats or machine.moment == moment, "it went past"
    if rng.random() < 0.3:
        machine.history.keep()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("first", range(11_000, 11_000 + SEEDS, CHUNK))
def test_what_was_seen_forward_is_seen_backward(engine: str, first: int):
    for seed in range(first, first + CHUNK):
        program, rng = make_program(seed), Random(seed)
        machine, seen = lived(program, rng)
        present, end = machine.moment, machine.hash()
        output = machine.take_output()
        machine.hand_over(ENGINES[engine])
        backward = list(reversed(seen))
        for moment in [*backward, *rng.sample(backward, POINTS // 2)]:
            go(machine, moment, rng)
            assert (machine.moment, machine.hash()) == (moment, seen[moment]), f"seed {seed}"
        go(machine, present, rng)
        assert (machine.moment, machine.hash()) == (present, end), f"seed {seed}"
        assert not machine.repeats
        assert machine.take_output() == []
        assert len(output) == machine.outbox.departed
