"""The native engine: runs blocks of machine code, and steps what has no template.

Knows the CPU and the engine's contract. Must not know a processor, or how blocks are made.
"""

import ctypes
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.instruction import InstructionSet
from isa_spec.registers import PC, Status
from isa_spec.traps import Access
from isa_spec.words import WORD
from machine.cpu import Cpu
from machine.engine import Decisions
from machine.held_back import HeldBack
from machine.memory import Guard
from machine.native import backend, frame, host
from machine.native.builder import Left
from machine.native.cache import Block, Cache
from machine.native.frame import Exit, Frame
from machine.native.marks import Marks
from machine.native.ports import LONGEST, Ports
from machine.native.space import Space
from machine.native.spaces import Spaces
from machine.native.traps import Traps
from machine.reason import Reason
from machine.reference import Reference
from machine.stepper import Stepper
from machine.trapped import Trapped

_INTERRUPTS: Final = int(Status.INTERRUPTS)

LONGEST_STAY: Final = 1 << 22
"""Instructions that machine code executes before it lets Python serve its signals."""

_WORTH: Final = 12
"""Instructions of a stay in machine code that take as long, stepped, as it takes to go there."""

_PATIENCE: Final = 50 * _WORTH
"""Instructions that are lost in shorter stays before machine code is left alone for a while."""

_WHILE: Final = 1000
_LONG_WHILE: Final = 16_000
"""Instructions that the reference executes then: at first, and after several times."""

_ACCESSES: Final = {Exit.LOAD: Access.LOAD, Exit.STORE: Access.STORE}


class Native:
    """Executes machine code of the host. Raises OSError where the host refuses that.

    executed: instructions so far. stepped: those of them that Python executed. entered: how often
    machine code was. `patience`: how many instructions may be lost by going to machine code for too
    few of them, before the reference goes on for a while.
    """

    name = "native"

    def __init__(
        self,
        cpu: Cpu,
        instructions: InstructionSet,
        processor: backend.Backend | None = None,
        patience: int = _PATIENCE,
    ) -> None:
        refused = backend.refusal()
        if refused is not None:
            raise OSError(f"the native engine {refused}; --engine auto runs everywhere")
        self.executed = 0
        self.stepped = 0
        self.entered = 0
        self._cpu: Final = cpu
        self._patience: Final = patience
        self._lost = 0
        self._while = _WHILE
        self._reference: Final = Reference(cpu, instructions)
        self._stepper: Final = Stepper(cpu, instructions)
        self._marks: Final = Marks(cpu.memory)
        self._frame: Final = Frame()
        self._ports: Final = Ports(cpu.bus, self._frame)
        self._traps: Final = Traps(self._frame)
        self._cache: Final = Cache(
            processor or backend.backend(),
            cpu.memory,
            instructions,
            self._marks,
            self._frame.address,
            self._dropped,
        )
        self._spaces: Final = Spaces(cpu, self._marks, self._frame, self._cache.missed)
        self._enter: Final = host.function(self._cache.enter)
        # Held, so that neither buffer can move or go while machine code knows its address.
        self._memory: Final = ctypes.c_char.from_buffer(cpu.memory.words)
        self._guard: Final = ctypes.c_char.from_buffer(cpu.memory.guard)
        self._frame.point(frame.MEMORY, ctypes.addressof(self._memory))
        self._frame.point(frame.GUARD, ctypes.addressof(self._guard))
        self._frame.point(frame.MARKS, self._marks.address)
        self._gates = 0, 0
        self._interrupts: Final = HeldBack()
        cpu.memory.watch(Guard.NATIVE, self._written)

    @property
    def report(self) -> str:
        """How much of the work machine code did."""
        share = 100 * self.stepped / self.executed if self.executed else 0
        return (
            f"{self.name}: {self.executed:,} instructions, "
            f"{self.stepped:,} of them ({share:.2f} %) by Python"
        )

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute (see Engine). Raises KeyboardInterrupt between instructions alone."""
        cpu, started = self._cpu, self._cpu.executed
        if cpu.flows:
            return self._reference.run(until, breakpoints, decisions)
        with self._interrupts:
            self._cache.stop_before(breakpoints)
            self._prepare()
            cpu.horizon = 0
            try:
                return self._run(until, breakpoints, decisions)
            finally:
                self.executed += cpu.executed - started

    def forget(self) -> None:
        """Drop all blocks and all that is known of address spaces."""
        self._cache.forget()
        self._spaces.close()
        self._reference.forget()

    def _prepare(self) -> None:
        """See what is different from the last run: anything may have happened since."""
        cpu, left = self._cpu, Left.NOTHING
        self._reference.forget()
        if cpu.observation is not None:
            from machine.native.observed import left_for

            left = left_for(cpu.observation.asked)
        self._cache.leave(left)
        self._cache.cover(cpu.coverage)
        self._ports.until = 0
        self._gates = 0 if cpu.held else _INTERRUPTS, int(Left.INTERRUPTS not in left)

    def _run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        cpu, r, coverage = self._cpu, self._cpu.r, self._cpu.coverage
        while not self._interrupts.asked:
            if self._lost > self._patience:
                slow = self._go_slowly(until, breakpoints, decisions)
                if slow is not Reason.BUDGET or cpu.time >= until or not cpu.time:
                    return slow
            if cpu.time >= cpu.horizon:
                reason = cpu.attend(until)
                if reason is not None:
                    return reason
            stopped = r[PC] in breakpoints
            if stopped and (r[PC] not in decisions or decisions[r[PC]]()):
                return Reason.BREAKPOINT
            if stopped or self._must_step(until):
                now, pc, space = cpu.time, r[PC], cpu.space
                self.stepped += 1
                reason = self._stepper.step()
                if reason is not Reason.BUDGET or cpu.time <= now:
                    return reason
                if not cpu.horizon:
                    self._see_port(pc, space)
                if coverage is not None:
                    while coverage.news:
                        self._cache.make_anew(coverage.news.pop())
        return Reason.BUDGET

    def _go_slowly(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Leave machine code alone for a while: it has come back all the time."""
        cpu, began = self._cpu, self._cpu.executed
        reason = self._reference.run(min(until, cpu.time + self._while), breakpoints, decisions)
        self.stepped += cpu.executed - began
        self._reference.forget()
        self._lost = self._ports.until = cpu.horizon = 0
        self._while = min(2 * self._while, _LONG_WHILE)
        return reason

    def _must_step(self, until: int) -> bool:
        """Execute machine code from pc on; tell whether the instruction then at pc is stepped."""
        cpu, r, ports = self._cpu, self._cpu.r, self._ports
        space = self._spaces.present()
        block = space.blocks.get(r[PC]) or self._find(space)
        if block is None or not block.length:
            return True
        now = cpu.time
        if now >= ports.until:
            ports.look(now)
        stay = min(until, ports.until, now + LONGEST_STAY, LONGEST)
        end = ports.end(now, stay)
        room = end - now
        if room <= 0:
            return True
        entry = block.entry if room >= block.length else self._cache.careful(block)
        self.entered += 1
        self._frame.put(
            space.pointers, (end, stay, *ports.times), r, room, (ports.lines, *self._gates)
        )
        why = Exit.LOOK
        try:
            why = Exit(self._enter(entry, room))
        finally:  # also where a signal's handler raises on return from machine code
            left, address = self._take()
        if why in (Exit.LOOK, Exit.SHORT) or not left:
            cpu.horizon = 0
            return False
        self._lost += _WORTH - (cpu.time - now)
        if self._lost < 0:
            self._lost, self._while = 0, _WHILE
        if why is Exit.STEP:
            return True
        return not self._spaces.admit(address, _ACCESSES[why])

    def _take(self) -> tuple[int, int]:
        """Take over what machine code did; give what is left of the budget, and an address."""
        cpu = self._cpu
        taken = self._frame.take()
        left, address, lines, _, _, trapped, interrupted, sent, received = taken[-9:]
        cpu.time = taken[0] - left
        cpu.r[:] = taken[5:-9]
        due, latched, low = taken[2:5]
        self._ports.took((due, latched, low), lines, sent, received)
        if trapped:
            cpu.interrupts += interrupted
            cpu.entered.extend(self._traps.taken(trapped))
        return left, address

    def _see_port(self, pc: int, space: int | None) -> None:
        """See what the instruction means for devices that was stepped at pc, in a space."""
        cpu = self._cpu
        physical = pc if space is None else cpu.mmu.look(pc, space)
        if physical is None or physical % LENGTH or not cpu.memory.holds(physical, LENGTH):
            return
        if self._cache.accesses(physical):
            self._ports.until = 0
            if cpu.r[PC] == (pc + LENGTH) & WORD:
                self._cache.uses_port(physical)

    def _find(self, space: Space) -> Block | None:
        """Find the block at pc; None where its instruction cannot be fetched."""
        pc = self._cpu.r[PC]
        try:
            physical = self._cpu.fetch()
        except Trapped:
            return None
        block = self._cache.block((space.mode, pc, physical))
        space.know(pc, block)
        return block

    def _dropped(self, block: Block) -> None:
        self._spaces.drop(block)

    def _written(self, address: int, length: int) -> bool:
        """See a write within a page; go on seeing them while anything is marked there."""
        if self._marks.within(address, length):
            self._cache.written(address, length)
            self._spaces.written(address, length)
        return self._marks.in_page(address)
