"""The reference engine: decoded once, executed plainly. Every other engine must agree with it.

Instructions are decoded when they are first reached and kept by physical page; a write to one
that was decoded drops all that was decoded from its page.
"""

from collections import Counter
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.instruction import InstructionSet
from isa_spec.paging import OFFSET, PAGE_SHIFT
from isa_spec.registers import PC
from machine.bound import Execute
from machine.cpu import Cpu
from machine.engine import Decisions
from machine.interpreter import Interpreter, Run, Step
from machine.memory import Guard
from machine.plain import Plain
from machine.reason import Reason

_OFTEN: Final = 8
"""How often an instruction may be given up in a straight run; ports are used by the same ones."""


class Reference(Interpreter):
    """The engine that compiled ones are held against.

    decoded: how often the instruction at each physical address was decoded.
    """

    name = "reference"

    def __init__(self, cpu: Cpu, instructions: InstructionSet) -> None:
        self.decoded: Final[Counter[int]] = Counter()
        super().__init__(cpu, instructions)
        self._plain: Final = Plain(cpu, self._is_code, self)
        self._given_up: Final[Counter[int]] = Counter()
        self._runs: Final[dict[int, Run]] = {}
        self._steps: Final[dict[int, dict[int, Step]]] = {}
        self._starts: Final[dict[int, list[int]]] = {}
        self._cuts: frozenset[int] = frozenset()
        self._cut_for: frozenset[int] = frozenset()
        cpu.memory.watch(Guard.CODE, self._written)

    @property
    def report(self) -> str:
        """Just the name."""
        return self.name

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute (see Engine)."""
        self._cut_runs_at(breakpoints)
        return super().run(until, breakpoints, decisions)

    def forget(self) -> None:
        """Drop every page."""
        for page in list(self._steps):
            self._drop(page)
            self._cpu.memory.guard[page] &= ~Guard.CODE
        self._given_up.clear()
        self._plain.forget()

    def keeping(self, address: int) -> None:
        """The instruction at a physical address is kept from now on; for engines built on this."""

    def dropped(self, address: int) -> None:
        """The instruction at a physical address is no longer kept; for engines built on this."""

    def relying(self, slot: int) -> None:
        """What the page table's entry at a physical address says is kept; for such engines too."""

    def relieved(self, slot: int) -> None:
        """What the page table's entry at a physical address says is no longer kept."""

    def _look(self) -> dict[int, Run]:
        return self._plain.look().runs

    def _fetch(self) -> Run:
        """Find the run at pc, decoding what has not been; raises Trapped."""
        address = self._cpu.fetch()
        run = self._runs.get(address)
        if run is None:
            run = self._runs[address] = self._gather(address)
            self._starts.setdefault(address >> PAGE_SHIFT, []).append(address)
        self._plain.know(self._cpu.r[PC], run)
        return run

    def _gather(self, address: int) -> Run:
        """Put together the run that starts at a physical address."""
        steps = self._steps.get(address >> PAGE_SHIFT)
        if steps is None:
            steps = self._steps[address >> PAGE_SHIFT] = {}
            self._cpu.memory.guard[address >> PAGE_SHIFT] |= Guard.CODE
        straight: list[Execute] = []
        exact: list[Execute] = []
        while True:
            step = steps.get(address)
            if step is None:
                step = steps[address] = self._decode(address)
            if step.straight is None:
                return tuple(straight), len(straight), step.execute, tuple(exact)
            straight.append(step.straight)
            exact.append(step.execute)
            address += LENGTH
            if not address & OFFSET or address & OFFSET in self._cuts:
                return tuple(straight), len(straight), None, tuple(exact)

    def _decode(self, address: int) -> Step:
        self.decoded[address] += 1
        self.keeping(address)
        words = self._cpu.memory.words
        word = words[address >> 2] | words[(address >> 2) + 1] << 32
        return self._step(word, address, self._plain if self._given_up[address] < _OFTEN else None)

    def _is_code(self, address: int) -> bool:
        """Tell whether the word at a physical address is of a decoded instruction."""
        return address - address % LENGTH in self._steps.get(address >> PAGE_SHIFT, ())

    def _note_given_up(self, pc: int) -> None:
        """Have an instruction no longer be part of a straight run that is given up too often."""
        address = self._cpu.mmu.look(pc) if self._cpu.space is not None else pc
        assert address is not None, "it was fetched there"
        self._given_up[address] += 1
        if self._given_up[address] == _OFTEN:
            self._decode_anew(address)

    def _decode_anew(self, address: int) -> None:
        page = address >> PAGE_SHIFT
        if self._steps.get(page, {}).pop(address, None) is not None:
            self.dropped(address)
        self._part(page)

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
            self._plain.forget_runs()

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
        self._part(page)

    def _part(self, page: int) -> None:
        """Have the runs of a page put together anew."""
        for address in self._starts.pop(page, ()):
            del self._runs[address]
        self._plain.forget_runs()
