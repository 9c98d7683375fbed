"""The reference engine: decoded once, executed plainly. Every other engine must agree with it.

Instructions are decoded when they are first reached and kept by physical page; a write to one
that was decoded drops all that was decoded from its page. Neighbouring instructions whose bodies
are quiet (registers alone: no trap, no jump, no view of the machine) are executed as one straight
run, followed by one instruction that may do anything, before and after which the CPU's state is
exact.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.instruction import Decoded, InstructionSet
from isa_spec.paging import OFFSET, PAGE_SHIFT
from isa_spec.registers import MASKS, PC, REGISTERS, STATUS, Status
from isa_spec.traps import ILLEGAL, PRIVILEGED
from isa_spec.words import WORD
from machine.cpu import Cpu, Reason
from machine.engine import Decisions
from machine.memory import Guard
from machine.trapped import Trapped
from machine.watch import Watched

_KERNEL: Final = int(Status.KERNEL)
_VIRTUAL: Final = int(Status.VIRTUAL)


@dataclass(frozen=True, slots=True)
class Step:
    """A decoded instruction, ready to be executed.

    `privileged` is the low word to report where user mode may not execute it, else None.
    `cut` lists the registers it writes that do not keep all bits.
    """

    execute: Callable[[], None]
    quiet: bool = False
    privileged: int | None = None
    jumps: bool = False
    cut: tuple[int, ...] = ()
    attend: bool = False


Run = tuple[tuple[Callable[[], None], ...], Step | None, int]
"""The bodies of quiet instructions, the instruction that ends the run, the number of the quiet
ones. The end is None where the page ends first, or a breakpoint may stop the run."""


class Reference:
    """The engine that compiled ones are held against.

    decoded: how often the instruction at each physical address was decoded.
    """

    name = "reference"

    def __init__(self, cpu: Cpu, instructions: InstructionSet) -> None:
        self.decoded: Final[Counter[int]] = Counter()
        self._cpu = cpu
        self._instructions = instructions
        self._steps: Final[dict[int, dict[int, Step]]] = {}
        self._runs: Final[dict[int, Run]] = {}
        self._starts: Final[dict[int, list[int]]] = {}
        self._cuts: frozenset[int] = frozenset()
        self._cut_for: frozenset[int] = frozenset()
        cpu.memory.watch(Guard.CODE, self._written)

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute (see Engine)."""
        self._cut_runs_at(breakpoints)
        cpu, r, runs = self._cpu, self._cpu.r, self._runs
        cpu.horizon = 0
        while True:
            try:
                while True:
                    if cpu.time >= cpu.horizon:
                        reason = cpu.attend(until)
                        if reason is not None:
                            return reason
                    pc = r[PC]
                    if pc in breakpoints and (pc not in decisions or decisions[pc]()):
                        return Reason.BREAKPOINT
                    run = None if r[STATUS] & _VIRTUAL else runs.get(pc)
                    if run is None:
                        run = self._fetch()
                    quiet, last, length = run
                    if length:
                        room = cpu.horizon - cpu.time
                        if length > room:
                            quiet, last, length = quiet[:room], None, room
                        for execute in quiet:
                            execute()
                        cpu.time += length
                        r[PC] = pc = (pc + LENGTH * length) & WORD
                        if last is None or length == room:
                            continue
                    elif last is None:
                        continue
                    cpu.next = (pc + LENGTH) & WORD
                    if last.privileged is not None and not r[STATUS] & _KERNEL:
                        raise Trapped(PRIVILEGED, last.privileged)
                    last.execute()
                    if last.jumps:
                        cpu.next = r[PC]
                    for number in last.cut:
                        r[number] &= MASKS[number]
                    if last.attend:
                        cpu.horizon = 0
                    r[PC] = cpu.next
                    cpu.time += 1
            except Watched as watched:
                cpu.watched = watched
                return Reason.WATCHPOINT
            except Trapped as trapped:
                cpu.enter(trapped.vector, trapped.detail, trapped.access)
                cpu.time += 1

    def forget(self) -> None:
        """Drop every page."""
        for page in list(self._steps):
            self._drop(page)
            self._cpu.memory.guard[page] &= ~Guard.CODE

    def keeping(self, address: int) -> None:
        """The instruction at a physical address is kept from now on; for engines built on this."""

    def dropped(self, address: int) -> None:
        """The instruction at a physical address is no longer kept; for engines built on this."""

    def _fetch(self) -> Run:
        """Find the run at pc, decoding what has not been; raises Trapped."""
        address = self._cpu.fetch()
        run = self._runs.get(address)
        if run is None:
            run = self._runs[address] = self._gather(address)
            self._starts.setdefault(address >> PAGE_SHIFT, []).append(address)
        return run

    def _gather(self, address: int) -> Run:
        """Put together the run that starts at a physical address."""
        steps = self._steps.get(address >> PAGE_SHIFT)
        if steps is None:
            steps = self._steps[address >> PAGE_SHIFT] = {}
            self._cpu.memory.guard[address >> PAGE_SHIFT] |= Guard.CODE
        quiet: list[Callable[[], None]] = []
        while True:
            step = steps.get(address)
            if step is None:
                step = steps[address] = self._decode(address)
            if not step.quiet:
                return tuple(quiet), step, len(quiet)
            quiet.append(step.execute)
            address += LENGTH
            if not address & OFFSET or address & OFFSET in self._cuts:
                return tuple(quiet), None, len(quiet)

    def _decode(self, address: int) -> Step:
        self.decoded[address] += 1
        self.keeping(address)
        words = self._cpu.memory.words
        low = words[address >> 2]
        decoded = self._instructions.decode(low | words[(address >> 2) + 1] << 32)
        if decoded is None:
            return Step(partial(self._cpu.trap, ILLEGAL, low))
        return self._ready(decoded, low)

    def _ready(self, decoded: Decoded, low: int) -> Step:
        quiet = decoded.row.meaning.quiet
        written = decoded.written
        privileged = decoded.row.privileged or any(
            REGISTERS[number].privileged for number in decoded.registers
        )
        return Step(
            execute=partial(
                decoded.row.body, self._cpu.r if quiet else self._cpu, *decoded.operands
            ),
            quiet=quiet and not privileged and PC not in decoded.registers,
            privileged=low if privileged else None,
            jumps=PC in written,
            cut=tuple(number for number in written if MASKS[number] != WORD),
            attend=privileged,
        )

    def _cut_runs_at(self, breakpoints: frozenset[int]) -> None:
        """Make runs end before breakpoints. Only offsets count, since pages may be anywhere.

        Cuts stay when breakpoints go: a debugger takes all away at each stop and sets them again.
        """
        if breakpoints is self._cut_for:
            return
        self._cut_for = breakpoints
        cuts = {address & OFFSET for address in breakpoints}
        if not cuts <= self._cuts:
            self._cuts |= cuts
            self._runs.clear()
            self._starts.clear()

    def _written(self, address: int, length: int) -> bool:
        """Drop a page whose decoded instructions a write touches; else go on watching it.

        Data beside code is common in small programs, and storing to it must not cost decoding.
        """
        steps = self._steps.get(address >> PAGE_SHIFT, {})
        first = address - address % LENGTH
        if any(at in steps for at in range(first, address + length, LENGTH)):
            self._drop(address >> PAGE_SHIFT)
            return False
        return True

    def _drop(self, page: int) -> None:
        for address in self._steps.pop(page, ()):
            self.dropped(address)
        for address in self._starts.pop(page, ()):
            del self._runs[address]
