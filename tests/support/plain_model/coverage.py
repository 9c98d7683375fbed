"""What a set of programs does when the plain model runs it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from plain_model.model import ENDS, Model
from plain_model.programs import Program
from plain_model.registers import CAUSE, KERNEL, STATUS, VIRTUAL


@dataclass
class Coverage:
    """Counts over all runs."""

    opcodes: Counter[int] = field(default_factory=Counter)
    traps: Counter[int] = field(default_factory=Counter)  # by cause: vector and kind of access
    interrupts: Counter[int] = field(default_factory=Counter)
    modes: Counter[tuple[bool, bool]] = field(default_factory=Counter)  # (user, translation)
    ends: Counter[str] = field(default_factory=Counter)
    instructions: list[int] = field(default_factory=list)  # completed or trapped, of each run
    sleeps: int = 0
    sent: int = 0


def prepared(program: Program) -> Model:
    """A model with the program loaded and its input scripted."""
    model = Model(program.memory_size, program.byte_ticks)
    for address, data in program.segments:
        model.load(address, data)
    for tick, data in program.feeds:
        model.feed(tick, data)
    return model


def measure(programs: Iterable[Program]) -> Coverage:
    """Run each program to its end and count."""
    coverage = Coverage()
    for program in programs:
        _count(program, coverage)
    return coverage


def _count(program: Program, coverage: Coverage) -> None:
    model = prepared(program)
    instructions = 0
    while True:
        status = model.register[STATUS]
        happened = model.step(program.limit)
        if happened in ENDS:
            break
        if happened == "sleep":
            coverage.sleeps += 1
            continue
        if happened == "interrupt":
            coverage.interrupts[model.register[CAUSE]] += 1
            continue
        instructions += 1
        coverage.modes[(status & KERNEL == 0, status & VIRTUAL != 0)] += 1
        if happened == "trap":
            coverage.traps[model.register[CAUSE]] += 1
        if model.instruction:
            coverage.opcodes[model.instruction[0]] += 1
    coverage.ends[happened] += 1
    coverage.instructions.append(instructions)
    coverage.sent += len(model.output)
