"""What is found out about a loop while it is written: what its turns do to the registers.

A register that every turn changes by a small number, always in the same direction, need not be cut
to a word: the loop's count ends it before it wraps. One that comes out of a turn a little wider
than a word is left so. Knows states and bounds; must not know how a loop is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from isa_spec.words import WORD
from machine.compiled.inlining import State

LARGEST_STEP: Final = 1 << 16
"""By how much a register may change in a loop's turn to have the loop end before it wraps."""
WIDEST: Final = 1 << 33
"""How wide a register may get in a loop without being cut to a word at the end of a turn."""


@dataclass(slots=True)
class Loop:
    """A head's loop while it is being written.

    `bounds`: between which each register lies at the head. `steps`: the registers whose changes
    in a turn lie between two numbers of one sign, and which the loop's count keeps from wrapping.
    """

    head: int
    bounds: dict[int, tuple[int, int]]
    steps: dict[int | None, tuple[int, int]] = field(default_factory=dict)
    ends: list[State] = field(default_factory=list)

    def clip(self, state: State, changed: Iterable[int]) -> None:
        """Note which values cannot have wrapped because the loop ends before."""
        for number in changed:
            value = state.registers[number]
            low, high = self.steps.get(value.origin, (0, 0))
            if (low or high) and min(0, low) <= value.shift <= max(0, high):
                state.registers[number] = value.bounded(0, WORD)

    def find_steps(self) -> bool:
        """Find the registers that every turn changes by a number, all in the same direction."""
        for number, bounds in self.bounds.items():
            ends = [end[number] for end in self.ends]
            if not ends or any(end.origin != number for end in ends):
                continue
            low, high = min(end.shift for end in ends), max(end.shift for end in ends)
            one_sign = low >= 0 or high <= 0
            modest = 0 < max(-low, high) <= LARGEST_STEP
            if one_sign and modest and not all(end.within(*bounds) for end in ends):
                self.steps[number] = (low, high)
        return bool(self.steps)

    def keeps_steps(self) -> bool:
        """Tell whether every turn, as it was written last, changes registers as was found."""
        return all(
            end[number].origin == number and low <= end[number].shift <= high
            for number, (low, high) in self.steps.items()
            if number is not None
            for end in self.ends
        )

    def widen(self) -> bool:
        """Let registers that come out wider than a word do so, unless they get wider every turn."""
        found = False
        for number in self.bounds.keys() - self.steps.keys():
            ends = [end[number] for end in self.ends]
            if not ends or any(end.origin == number for end in ends):
                continue
            low, high = min(end.low for end in ends), max(end.high for end in ends)
            if (low < 0 or high > WORD) and max(-low, high) <= WIDEST:
                self.bounds[number] = (min(0, low), max(WORD, high))
                found = True
        return found
