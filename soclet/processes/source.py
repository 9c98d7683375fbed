"""Reads the guest's processes by its descriptor: which there are, and what each has in registers.

Knows the machine's memory and the descriptor; must not know a debugger.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from isa_spec.registers import PC, PTBR, SP, STATUS, Status
from machine.machine import Machine
from soclet.processes.descriptor import SAVED, Descriptor

MOST_PROCESSES: Final = 1024
"""How far a list is followed: one that has been overwritten may lead anywhere, or in a circle."""

LONGEST_NAME: Final = 64
"""Characters of a name, or of a state's."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process at a physical address. `state` is what its kernel calls the state that it is in."""

    address: int
    pid: int
    name: str
    state: str


class ThreadSource:
    """The processes of one machine's guest."""

    def __init__(self, machine: Machine, descriptor: Descriptor) -> None:
        self.descriptor: Final = descriptor
        self._machine: Final = machine
        self._memory: Final = machine.memory

    def current_pid(self) -> int | None:
        """Give the number of the process that runs; None while the kernel runs none."""
        address = self._word(self.descriptor.current)
        return self._pid(address) if address else None

    def processes(self) -> Iterator[Process]:
        """Give them in the kernel's order, as far as the list makes sense."""
        address, seen = self._word(self.descriptor.first), set[int]()
        while address and address not in seen and len(seen) < MOST_PROCESSES:
            seen.add(address)
            pid = self._pid(address)
            if pid is None:
                return
            yield Process(address, pid, self._name(address), self._state(address))
            address = self._word(address + self.descriptor.next)

    def register(self, process: Process, number: int) -> int | None:
        """Give what a process that does not run has in a register; None where nobody knows."""
        place = self.place(process, number)
        return None if place is None else self._word(place)

    def place(self, process: Process, number: int) -> int | None:
        """Give the physical address at which its kernel keeps a register; None where nowhere."""
        described = self.descriptor
        if number == PTBR:
            return None if described.ptbr is None else process.address + described.ptbr
        offset = described.registers[SAVED.index(number)] if number in SAVED else None
        area = process.address
        if described.save is not None:
            area = self._word(process.address + described.save) or 0
        return area + offset if offset is not None and area else None

    def ptbr(self, process: Process) -> int | None:
        """Give its page table register; None where it has no address space of its own."""
        return self.register(process, PTBR)

    def space(self, process: Process) -> int | None:
        """Give the page table that its own code runs by; None where that runs physically."""
        status = self.register(process, STATUS)
        virtual = status is None or status & Status.VIRTUAL
        return self.ptbr(process) if virtual else None

    def context(self, process: Process) -> tuple[int, int, int, int] | None:
        """Give pc, sp, ptbr and mode with which it will go on; None where they are not known."""
        pc, sp, status = (self.register(process, number) for number in (PC, SP, STATUS))
        if pc is None or sp is None or status is None:
            return None
        ptbr = self.ptbr(process)
        if ptbr is None:
            ptbr = self._machine.cpu.r[PTBR]
        return pc, sp, ptbr, status & (Status.KERNEL | Status.VIRTUAL)

    def _pid(self, address: int) -> int | None:
        """Give the number of the process at an address; None where no process can be."""
        pid = self._word(address + self.descriptor.pid)
        return pid if pid and not pid >> 31 else None

    def _name(self, address: int) -> str:
        if self.descriptor.name is None:
            return ""
        letters = []
        for at in range(LONGEST_NAME):
            word = self._word(address + self.descriptor.name + 4 * at)
            if not word:
                break
            letters.append(chr(word) if word < 0x110000 and chr(word).isprintable() else "?")
        return "".join(letters)

    def _state(self, address: int) -> str:
        if self.descriptor.state is None:
            return ""
        number = self._word(address + self.descriptor.state)
        names = self.descriptor.states
        if number is None or not names or not self._memory.holds(names):
            return "" if number is None else f"state {number}"
        length = min((number + 1) * (LONGEST_NAME + 1), 4096, self._memory.size - names)
        words = self._memory.read(names, length).split(b"\0")
        name = words[number] if number < len(words) - 1 else b""
        return name.decode("utf-8", "replace")[:LONGEST_NAME] or f"state {number}"

    def _word(self, address: int) -> int | None:
        if address % 4 or not self._memory.holds(address, 4):
            return None
        return self._memory.words[address >> 2]
