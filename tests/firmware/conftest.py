"""The shipped firmware, assembled and put into machines that run without a host."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

from isa_spec.paging import PAGE
from machine.cpu import Reason
from machine.events import SerialInput
from machine.machine import Machine
from toolchain.assembler import assemble
from toolchain.program import Program

FIRMWARE = Path(__file__).resolve().parents[2] / "firmware"
DEMOS = sorted(path.parent.name for path in FIRMWARE.glob("*/expected.txt"))
STACK = 256
LIMIT = 5_000_000
"""Ticks in which every run of these tests is long over."""


@dataclass
class Demo:
    """One firmware's folder."""

    name: str

    @property
    def folder(self):
        return FIRMWARE / self.name

    @property
    def source(self):
        return self.folder / f"{self.name}.s"

    @property
    def expected(self):
        return (self.folder / "expected.txt").read_bytes()

    @property
    def input(self):
        path = self.folder / "input.txt"
        return path.read_bytes() if path.exists() else b""

    @property
    def readme(self):
        return (self.folder / "README.md").read_text(encoding="utf-8")


@dataclass
class Board:
    """A machine with a program in it, and all that it has sent."""

    program: Program
    machine: Machine
    sent: list = field(default_factory=list)

    def type(self, data, tick=0):
        self.machine.schedule(tick, SerialInput(data))

    def run(self, limit=LIMIT, **options):
        reason = self.machine.run(limit, **options)
        self.sent += self.machine.take_output()
        return reason

    def finish(self):
        """Run to the power-off; give the exit status."""
        assert self.run() is Reason.POWER_OFF, self.output
        return self.machine.cpu.exit_status

    def run_to(self, name, limit=LIMIT):
        """Run until a function is about to begin, once more where it is about to."""
        self.step()
        stops = frozenset({self.address(name)})
        assert self.run(limit, breakpoints=stops) is Reason.BREAKPOINT, self.output

    def step(self):
        self.machine.run(budget=1)

    def address(self, name):
        return next(symbol.address for symbol in self.program.symbols if symbol.name == name)

    def word(self, name):
        return int.from_bytes(self.machine.memory.read(self.address(name), 4), "little")

    @property
    def output(self):
        return bytes(sent.byte for sent in self.sent)

    @property
    def executed(self):
        return self.machine.cpu.executed

    @property
    def time(self):
        return self.machine.cpu.time


@cache
def assembled(name, edits=()):
    """Assemble a firmware, its own source changed by (old text, new text) pairs."""
    source = Demo(name).source
    text = source.read_text(encoding="utf-8")
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return assemble(source, text)


def smallest(program):
    """The size of the smallest memory that holds a program and some stack."""
    end = max(segment.address + len(segment.data) for segment in program.segments)
    return -(-(end + STACK) // PAGE) * PAGE


@pytest.fixture(scope="session")
def boot():
    """Give a board with a firmware flashed into it, about to execute its first instruction."""

    def boot(name, *edits, byte_ticks=0, memory_size=None):
        program = assembled(name, edits)
        machine = Machine(memory_size or smallest(program), byte_ticks=byte_ticks)
        machine.flash((segment.address, segment.data) for segment in program.segments)
        return Board(program, machine)

    return boot


@pytest.fixture(params=DEMOS)
def demo(request):
    return Demo(request.param)


@pytest.fixture(scope="session")
def firmware():
    return FIRMWARE
