"""Runs kernels on our engines, in this process, and looks that they are right.

Knows kernels and machines; must not know what is made of the times.
"""

import time
from dataclasses import dataclass
from functools import cache

from kernels import Kernel

from isa_spec.paging import PAGE_SHIFT, Entry
from isa_spec.registers import PTBR, STATUS, Status
from machine.engines import maker
from machine.events import SerialInput, WriteRegister
from machine.machine import Machine
from machine.observers import Observers
from machine.reason import Reason
from toolchain.assembler import assemble
from toolchain.program import Program

TABLE = 0xE_0000
"""Where the kernels' memory, which is mapped to itself, has its page table."""


class WrongError(Exception):
    """Something ran a kernel and did not do what the kernel does."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a kernel: seconds, and the instructions that our machine executes for it.

    stepped: how many of them the engine left to Python; None where it does not count.
    """

    seconds: float
    instructions: int
    stepped: int | None = None


@cache
def program(kernel: Kernel) -> Program:
    """Give a kernel assembled for our machine."""
    return assemble(kernel.source)


@cache
def _repeats_at(kernel: Kernel) -> int:
    symbols = {symbol.name: symbol.address for symbol in program(kernel).symbols}
    return symbols["repeats"]


class Guest:
    """A kernel in a fresh machine of an engine; may run again and again, from reset."""

    def __init__(self, kernel: Kernel, engine: str) -> None:
        self.kernel = kernel
        self.engine = engine
        self.machine = Machine(engine=maker(engine))
        image = program(kernel).image()
        self.machine.flash((segment.address, segment.data) for segment in image.segments)
        rights = int(Entry.PRESENT | Entry.READABLE | Entry.WRITABLE | Entry.EXECUTABLE)
        pages = range(self.machine.memory.size >> PAGE_SHIFT)
        table = b"".join((page << PAGE_SHIFT | rights).to_bytes(4, "little") for page in pages)
        if kernel.translatable:
            self.machine.flash([(TABLE, table)])

    def begin(self, repeats: int) -> None:
        """Bring it to its beginning."""
        machine, kernel = self.machine, self.kernel
        machine.reset()
        machine.flash([(_repeats_at(kernel), repeats.to_bytes(4, "little"))])
        if kernel.input:
            machine.post(SerialInput(kernel.input * repeats))

    def run(
        self, repeats: int, *, translated: bool = False, observers: Observers | None = None
    ) -> Run:
        """Run it to its end, with memory mapped to itself where that is asked for.

        Raises WrongError where it does not end as it must.
        """
        machine = self.machine
        self.begin(repeats)
        if translated:
            machine.post(WriteRegister(PTBR, TABLE | 1))
            machine.post(WriteRegister(STATUS, int(Status.KERNEL | Status.VIRTUAL)))
        executed, stepped = machine.cpu.executed, self._stepped()
        started = time.perf_counter()
        reason = machine.run(observers=observers)
        seconds = time.perf_counter() - started
        self._check(reason, repeats)
        now = self._stepped()
        return Run(
            seconds,
            machine.cpu.executed - executed,
            None if now is None or stepped is None else now - stepped,
        )

    def _stepped(self) -> int | None:
        """How many instructions the engine has left to Python, where it counts them."""
        stepped = getattr(self.machine.engine, "stepped", None)
        assert stepped is None or isinstance(stepped, int)
        return stepped

    def _check(self, reason: Reason, repeats: int) -> None:
        where = f"{self.kernel.name} on {self.engine}"
        if reason is not Reason.POWER_OFF:
            raise WrongError(f"{where} ended by {reason.value}, not by power-off")
        expect(where, self.machine.cpu.r[0], self.kernel.total(repeats))
        sent = bytes(output.byte for output in self.machine.take_output())
        if sent != self.kernel.output * repeats:
            raise WrongError(f"{where} sent something else than it should have")


def expect(where: str, total: int, right: int) -> None:
    """Hold what came out against what should have; raises WrongError."""
    if total != right:
        raise WrongError(f"{where} gave {total:#x}; {right:#x} would be right")
