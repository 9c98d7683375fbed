"""The reference as it steps for the compiled engine: beside a mirror, with stops that take turns.

Knows which words are decoded; must not know what is compiled.
"""

from typing import Final

from isa_spec.instruction import InstructionSet
from machine.compiled.mirror import Mirror
from machine.cpu import Cpu
from machine.reference import Reference

_MOST_CUTS: Final = 256


class _Entries:
    """Holds the entries of page tables that are relied on, whatever else is held of their words."""

    def overwritten(self) -> None:
        """The guard of their pages tells it."""


class Stepper(Reference):
    """The reference, whose decoded instructions keep stores to them from being plain."""

    def __init__(self, cpu: Cpu, instructions: InstructionSet, mirror: Mirror) -> None:
        super().__init__(cpu, instructions)
        self._mirror = mirror
        self._entries = _Entries()
        self._cut_for_good: set[frozenset[int]] = set()

    def overwritten(self) -> None:
        """The guard of its pages tells it."""

    def keeping(self, address: int) -> None:
        """Have stores to the instruction at a physical address seen."""
        self._mirror.hold(address, self)
        self._mirror.hold(address + 4, self)

    def dropped(self, address: int) -> None:
        """Have them plain again."""
        self._mirror.release(address, self)
        self._mirror.release(address + 4, self)

    def relying(self, slot: int) -> None:
        """Have stores to an entry of a page table seen."""
        self._mirror.hold(slot, self._entries)

    def relieved(self, slot: int) -> None:
        """Have them plain again."""
        self._mirror.release(slot, self._entries)

    def _cut_runs_at(self, breakpoints: frozenset[int]) -> None:
        # Spaces have stops of their own, and take turns.
        known = self._cut_for_good
        if breakpoints not in known:
            if len(known) >= _MOST_CUTS:
                known.clear()
            known.add(breakpoints)
            super()._cut_runs_at(breakpoints)
