"""Executes instructions from memory itself, one by one, where an engine has nothing of its own.

What an instruction means is kept by its 64 bits and what coverage has seen of it, which nothing can
make stale; where it lies is not, so that nobody has to tell when memory changes.
"""

from typing import Final

from isa_spec.instruction import InstructionSet
from machine.coverage import Covered
from machine.cpu import Cpu
from machine.engine import UNDECIDED
from machine.interpreter import Interpreter, Run
from machine.reason import Reason

_KEPT: Final = 4096
"""Meanings; when there are more, all are forgotten."""

_NOWHERE: Final[frozenset[int]] = frozenset()


class Stepper(Interpreter):
    """The reference's way, an instruction at a time."""

    def __init__(self, cpu: Cpu, instructions: InstructionSet) -> None:
        super().__init__(cpu, instructions)
        self._meanings: Final[dict[tuple[int, Covered], Run]] = {}

    def step(self) -> Reason:
        """Execute the instruction at pc; BUDGET where nothing keeps a run from going on.

        An interrupt that is due is entered first, and breakpoints are not looked at.
        """
        return self.run(self._cpu.time + 1, _NOWHERE, UNDECIDED)

    def forget(self) -> None:
        """Drop all meanings."""
        self._meanings.clear()

    def _look(self) -> dict[int, Run]:
        return {}

    def _fetch(self) -> Run:
        address = self._cpu.fetch()
        words, coverage = self._cpu.memory.words, self._cpu.coverage
        word = words[address >> 2] | words[(address >> 2) + 1] << 32
        key = word, Covered.NOTHING if coverage is None else coverage.of(address)
        run = self._meanings.get(key)
        if run is None:
            if len(self._meanings) >= _KEPT:
                self.forget()
            run = self._meanings[key] = (), 0, self._step(word, address).execute, ()
        return run

    def _decode_anew(self, address: int) -> None:
        """Nothing to do: what was seen of an instruction tells what it means, too."""
