"""Runs the plain model and a real machine side by side and tells where they differ."""

from collections.abc import Iterator
from random import Random
from typing import Any

from plain_model.adapter import MachineUnderTest
from plain_model.coverage import prepared
from plain_model.model import Model
from plain_model.programs import Program

LONGEST_SLICE = 250  # ticks
Differences = dict[str, tuple[Any, Any]]


def every_tick(program: Program) -> Iterator[int]:
    """Compare after every single tick."""
    return iter(range(program.limit + 1))


def now_and_then(program: Program) -> Iterator[int]:
    """Compare after slices of random lengths, short ones more often than long ones."""
    rng = Random(program.seed)
    tick = 0
    while tick < program.limit:
        tick = min(tick + rng.choice((1, 2, 3, rng.randrange(1, LONGEST_SLICE))), program.limit)
        yield tick


def first_difference(program: Program, ticks: Iterator[int]) -> str:
    """Run to each of the ticks on both sides; describe the first difference, '' if none."""
    model = prepared(program)
    machine = MachineUnderTest(program.memory_size, program.byte_ticks)
    for address, data in program.segments:
        machine.load(address, data)
    for tick, data in program.feeds:
        machine.feed(tick, data)
    before = "reset"
    for tick in ticks:
        ended = model.run(tick)
        machine.run_to(tick)
        differences = compare(model, ended, machine)
        if differences:
            found = "".join(f"\n  {name}: {a} | {b}" for name, (a, b) in differences.items())
            return (
                f"seed {program.seed} ({program.features}), run to tick {tick}, equal at {before}; "
                f"model | machine:{found}"
            )
        if ended != "limit":
            break
        before = f"tick {tick}"
    return ""


def compare(model: Model, ended: str, machine: MachineUnderTest) -> Differences:
    """Give everything that differs, by name: the model's and the machine's."""
    line = model.devices.line
    pairs: Differences = {
        "ended": (ended, machine.ended),
        "time": (model.time, machine.time),
        "output": (model.output, bytes(machine.output)),
        "pending": (model.pending, machine.pending),
        "exit status": (model.exit_status, machine.exit_status),
    }
    devices = {
        "RX": bytes(line.rx),
        "TX": bytes(line.tx),
        "deadline": model.devices.deadline,
        "latched high word": model.devices.latched_high,
        "stored low word": model.devices.stored_low,
    }
    for expected, actual in ((model.registers, machine.registers), (devices, machine.devices)):
        for name, value in expected.items():
            pairs[name] = (value, actual[name])
    differences = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    memory = machine.memory
    if model.memory != memory:
        for address in range(0, len(memory), 4):
            words = model.memory[address : address + 4], memory[address : address + 4]
            if words[0] != words[1]:
                differences[f"memory at {address:#x}"] = words[0].hex(), words[1].hex()
    return differences
