"""The native engine: runs blocks of machine code, and steps what has no template.

Knows the CPU and the engine's contract. Must not know a processor, or how blocks are made.
"""

import ctypes
from typing import Final

from isa_spec.instruction import InstructionSet
from isa_spec.registers import PC, PTBR, STATUS, Status
from isa_spec.traps import Access
from machine.cpu import Cpu, Reason
from machine.engine import Decisions
from machine.memory import Guard
from machine.native import frame, host
from machine.native.cache import Block, Cache
from machine.native.frame import Exit, Frame
from machine.native.marks import Marks
from machine.native.space import Space, SpaceKey
from machine.native.x86_64_host import X86_64
from machine.stepper import Stepper
from machine.trapped import Trapped

_KERNEL: Final = int(Status.KERNEL)
_VIRTUAL: Final = int(Status.VIRTUAL)

LONGEST_STAY: Final = 1 << 22
"""Instructions that machine code executes before it lets Python serve its signals."""

_MOST_SPACES: Final = 32
"""Address spaces that are remembered; each costs the host some 130 KiB."""

_ACCESSES: Final = {Exit.LOAD: Access.LOAD, Exit.STORE: Access.STORE}


class Native:
    """Executes machine code of the host. Raises OSError where the host refuses that.

    executed: instructions so far. stepped: those of them that Python executed. entered: how often
    machine code was.
    """

    name = "native"

    def __init__(
        self, cpu: Cpu, instructions: InstructionSet, processor: X86_64 | None = None
    ) -> None:
        refused = host.refusal()
        if refused is not None:
            raise OSError(f"the native engine {refused}; --engine auto runs everywhere")
        self.executed = 0
        self.stepped = 0
        self.entered = 0
        self._cpu: Final = cpu
        self._stepper: Final = Stepper(cpu, instructions)
        self._marks: Final = Marks(cpu.memory)
        self._frame: Final = Frame()
        self._spaces: Final[dict[SpaceKey, Space]] = {}
        self._cache: Final = Cache(
            processor or X86_64(),
            cpu.memory,
            instructions,
            self._marks,
            self._frame.address,
            self._dropped,
        )
        self._enter: Final = host.function(self._cache.enter)
        # Held, so that neither buffer can move or go while machine code knows its address.
        self._memory: Final = ctypes.c_char.from_buffer(cpu.memory.words)
        self._guard: Final = ctypes.c_char.from_buffer(cpu.memory.guard)
        self._frame.point(frame.MEMORY, ctypes.addressof(self._memory))
        self._frame.point(frame.GUARD, ctypes.addressof(self._guard))
        self._frame.point(frame.MARKS, self._marks.address)
        self._space: Space | None = None
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
        """Execute (see Engine)."""
        cpu, r, started = self._cpu, self._cpu.r, self._cpu.executed
        if cpu.flows:
            return self._stepper.run(until, breakpoints, decisions)
        self._cache.stop_before(breakpoints)
        cpu.horizon = 0
        try:
            while True:
                if cpu.time >= cpu.horizon:
                    reason = cpu.attend(until)
                    if reason is not None:
                        return reason
                stopped = r[PC] in breakpoints
                if stopped and (r[PC] not in decisions or decisions[r[PC]]()):
                    return Reason.BREAKPOINT
                if stopped or self._must_step():
                    now = cpu.time
                    self.stepped += 1
                    reason = self._stepper.step()
                    if reason is not Reason.BUDGET or cpu.time <= now:
                        return reason
        finally:
            self.executed += cpu.executed - started

    def forget(self) -> None:
        """Drop all blocks and all that is known of address spaces."""
        self._cache.forget()
        for space in self._spaces.values():
            space.close()
        self._spaces.clear()
        self._space = None

    def _must_step(self) -> bool:
        """Execute machine code from pc on; tell whether the instruction then at pc is stepped."""
        cpu, r = self._cpu, self._cpu.r
        space = self._enter_space()
        block = space.blocks.get(r[PC]) or self._find(space)
        if block is None or not block.length:
            return True
        room = min(cpu.horizon - cpu.time, LONGEST_STAY)
        entry = block.entry if room >= block.length else self._cache.careful(block)
        self.entered += 1
        self._frame.put(r, room)
        why, address = Exit.LOOK, 0
        try:
            why = Exit(self._enter(entry, room))
        finally:  # also where a signal's handler raises on return from machine code
            *r[:], left, address = self._frame.take()
            cpu.time += room - left
        if why is Exit.LOOK or not left:
            return False
        return why is Exit.STEP or not space.admit(address, _ACCESSES[why])

    def _enter_space(self) -> Space:
        """Give the address space that the CPU is in, for machine code to use."""
        cpu, space = self._cpu, self._space
        status = cpu.r[STATUS]
        key = SpaceKey(
            bool(status & _KERNEL), cpu.r[PTBR] if status & _VIRTUAL else None, cpu.watches
        )
        if space is None or space.key != key:
            space = self._space = self._spaces.pop(key, None) or self._open(key)
            self._spaces[key] = space  # the last of them is the one used last
            self._frame.point(frame.JUMPS, space.jumps.address)
            if space.entries:
                self._frame.point(frame.LOADS, space.entries[Access.LOAD].address)
                self._frame.point(frame.STORES, space.entries[Access.STORE].address)
        return space

    def _open(self, key: SpaceKey) -> Space:
        if len(self._spaces) >= _MOST_SPACES:
            self._spaces.pop(next(iter(self._spaces))).close()
        return Space(key, self._cpu.memory, self._cpu.mmu, self._marks, self._cache.missed)

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
        for space in self._spaces.values():
            space.drop(block)

    def _written(self, address: int, length: int) -> bool:
        """See a write within a page; go on seeing them while anything is marked there."""
        self._cache.written(address, length)
        for space in self._spaces.values():
            space.written(address, length)
        return self._marks.in_page(address)
