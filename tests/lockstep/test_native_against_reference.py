"""The native engine against the reference engine, on random programs, at random ticks.

Programs, and what they reach, are those of the plain model's tests: loops, calls, faults, code that
rewrites itself, page tables that change, interrupts.
"""

from collections.abc import Callable
from random import Random

import pytest
from plain_model.programs import Program, make_program

from isa_spec.instructions import BASE
from isa_spec.traps import Access
from machine.cpu import Reason
from machine.engine import Engine
from machine.events import SerialInput, WriteMemory
from machine.machine import Machine
from machine.native import host
from machine.native.engine import Native
from machine.reference import Reference
from machine.watch import Watch

pytestmark = pytest.mark.skipif(
    host.refusal() is not None, reason=f"the native engine {host.refusal()}"
)

SEEDS = 2000
CHUNK = 50  # small enough that parallel runs share the work evenly


def machine_for(program: Program, engine: Callable[..., Engine]) -> Machine:
    machine = Machine(program.memory_size, byte_ticks=program.byte_ticks, engine=engine)
    machine.flash(program.segments)
    for tick, data in program.feeds:
        machine.schedule(tick, SerialInput(data))
    return machine


def next_tick(rng: Random, tick: int, program: Program) -> int:
    ahead = rng.choice((1, 2, 3, rng.randrange(1, 250), rng.randrange(1, 2000)))
    return min(tick + ahead, program.limit)


def assert_same(one: Machine, other: Machine, seed: int) -> None:
    assert one.cpu.r == other.cpu.r, f"seed {seed}, tick {other.cpu.time}"
    assert one.snapshot() == other.snapshot(), f"seed {seed}, tick {other.cpu.time}"
    assert one.take_output() == other.take_output(), f"seed {seed}, tick {other.cpu.time}"


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_native_engine_does_what_the_reference_does(first: int):
    for seed in range(first, first + CHUNK):
        program, rng, tick = make_program(seed), Random(seed), 0
        native, plain = machine_for(program, Native), machine_for(program, Reference)
        while tick < program.limit:
            tick = next_tick(rng, tick, program)
            ended = plain.run(tick)
            assert native.run(tick) is ended, f"seed {seed}, to tick {tick}"
            assert_same(native, plain, seed)
            if ended is not Reason.LIMIT:
                break


@pytest.mark.parametrize("first", range(5000, 5300, CHUNK))
def test_engines_take_over_from_each_other_at_any_tick(first: int):
    for seed in range(first, first + CHUNK):
        program, rng, tick = make_program(seed), Random(seed), 0
        both, plain = machine_for(program, Native), machine_for(program, Reference)
        engines = [both.engine, Reference(both.cpu, BASE)]
        while tick < program.limit:
            tick = next_tick(rng, tick, program)
            both.engine = rng.choice(engines)
            ended = plain.run(tick)
            assert both.run(tick) is ended, f"seed {seed}, to tick {tick}"
            assert_same(both, plain, seed)
            if ended is not Reason.LIMIT:
                break


@pytest.mark.parametrize("first", range(6000, 6300, CHUNK))
def test_breakpoints_watchpoints_restores_and_writes_from_outside_come_out_the_same(first: int):
    for seed in range(first, first + CHUNK):
        program, rng, tick = make_program(seed), Random(seed), 0
        pair = machine_for(program, Native), machine_for(program, Reference)
        kept = tuple(machine.snapshot() for machine in pair)
        visited = [0x1000]
        for _ in range(60):
            tick = next_tick(rng, pair[1].cpu.time, program)
            breakpoints = frozenset(rng.sample(visited, min(len(visited), rng.randrange(4))))
            refused = rng.random() < 0.3
            decisions = {address: (lambda: False) for address in breakpoints if refused}
            watches = watches_at_random(rng, program) if rng.random() < 0.3 else ()
            reasons = [
                machine.run(tick, breakpoints=breakpoints, decisions=decisions, watches=watches)
                for machine in pair
            ]
            assert reasons[0] is reasons[1], f"seed {seed}, to tick {tick}"
            assert_same(*pair, seed)
            visited.append(pair[1].cpu.r[16])
            if reasons[1] in (Reason.BREAKPOINT, Reason.WATCHPOINT):
                steps = [machine.run(budget=1) for machine in pair]
                assert steps[0] is steps[1]
            elif reasons[1] is not Reason.LIMIT:
                break
            choice = rng.random()
            if choice < 0.1:
                kept = tuple(machine.snapshot() for machine in pair)
            elif choice < 0.2:
                for machine, snapshot in zip(pair, kept, strict=True):
                    machine.restore(snapshot)
            elif choice < 0.3:
                address = rng.randrange(0x1000, program.memory_size - 8)
                data = pair[0].memory.read(0x1000, rng.randrange(1, 8))
                for machine in pair:
                    machine.post(WriteMemory(address, data))


def watches_at_random(rng: Random, program: Program) -> tuple[Watch, ...]:
    start = rng.randrange(0, program.memory_size)
    accesses = rng.choice(((Access.LOAD,), (Access.STORE,), (Access.LOAD, Access.STORE)))
    return (Watch(frozenset(accesses), start, start + rng.choice((1, 4, 64, 0x3000))),)
