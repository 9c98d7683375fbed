"""What is found out about a loop while it is written: what its turns do to the registers.

A register that every turn changes by a small number, always in the same direction, need not be cut
to a word: the loop's count ends it before it wraps. One that comes out of a turn a little wider
than a word is left so, and one that things are added to, with nobody looking at it, until the
loop is left. Knows states and bounds; must not know how a loop is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from isa_spec.words import WORD
from machine.compiled.inlining import State
from machine.compiled.values import Value

LARGEST_STEP: Final = 1 << 16
"""By how much a register may change in a loop's turn to have the loop end before it wraps."""
WIDEST: Final = 1 << 33
"""How wide a register may get in a turn without being cut to a word at its end."""
MOST_GROWTH: Final = 1 << 38
"""By how much a register may change in a turn to be left uncut until the loop is left."""
MOST_TURNS: Final = 1 << 20
"""How many turns a loop makes at most before its registers are cut to words."""


@dataclass(slots=True)
class Loop:
    """A head's loop while it is being written.

    `bounds`: between which each register lies at the head. `steps`: the registers whose changes
    in a turn lie between two numbers of one sign, and which the loop's count keeps from wrapping.
    `counter`: one of them that changes by the same number each turn, which the loop counts in.
    `gathered`: the registers that no instruction of the loop reads but those that change them;
    `growth`: by how much those of them that are not cut to words change in a turn, at most.
    """

    head: int
    bounds: dict[int, tuple[int, int]]
    gathered: frozenset[int] = frozenset()
    steps: dict[int | None, tuple[int, int]] = field(default_factory=dict)
    growth: dict[int, int] = field(default_factory=dict)
    ends: list[State] = field(default_factory=list)
    counter: int | None = None

    def clip(self, state: State, changed: Iterable[int]) -> None:
        """Note which values cannot have wrapped because the loop ends before."""
        for number in changed:
            value = state.registers[number]
            low, high = self.steps.get(value.origin, (0, 0))
            if (low or high) and min(0, low) <= value.moved[0] <= value.moved[1] <= max(0, high):
                state.registers[number] = value.bounded(0, WORD)

    def find_steps(self) -> bool:
        """Find the registers that every turn changes by a number, all in the same direction."""
        for number, bounds in self.bounds.items():
            ends = [end[number] for end in self.ends]
            if not ends or any(end.origin != number for end in ends):
                continue
            low, high = _moved(ends)
            one_sign = low >= 0 or high <= 0
            modest = 0 < max(-low, high) <= LARGEST_STEP
            if one_sign and modest and not all(end.within(*bounds) for end in ends):
                self.steps[number] = (low, high)
        even = [number for number, (low, high) in self.steps.items() if low == high]
        self.counter = even[-1] if even else None
        return bool(self.steps)

    def keeps_steps(self) -> bool:
        """Tell whether every turn, as it was written last, changes registers as was found."""
        return all(
            end[number].origin == number
            and low <= end[number].moved[0] <= end[number].moved[1] <= high
            for number, (low, high) in self.steps.items()
            if number is not None
            for end in self.ends
        )

    def widen(self) -> bool:
        """Let registers that come out wider than a word do so, unless that makes them slower."""
        found = False
        for number in self.bounds.keys() - self.steps.keys():
            ends = [end[number] for end in self.ends]
            if not ends:
                continue
            if any(end.origin == number for end in ends):
                found |= self._lets_grow(number, ends)
                continue
            low, high = min(end.low for end in ends), max(end.high for end in ends)
            if (low < 0 or high > WORD) and max(-low, high) <= WIDEST:
                self.bounds[number] = (min(0, low), max(WORD, high))
                found = True
        return found

    def _lets_grow(self, number: int, ends: list[Value]) -> bool:
        low, high = _moved(ends)
        most = max(-low, high)
        gathers = number in self.gathered and all(end.origin == number for end in ends)
        if not gathers or not 0 < most <= MOST_GROWTH:
            return False
        self.growth[number] = most
        self.bounds[number] = (-most * MOST_TURNS, WORD + most * MOST_TURNS)
        return True

    def keeps(self, number: int, value: Value) -> bool:
        """Tell whether a register may come out of a turn with a value that is not cut to a word."""
        if number in self.growth and value.origin == number:
            return max(-value.moved[0], value.moved[1]) <= self.growth[number]
        return value.within(*self.bounds.get(number, (0, WORD)))


def _moved(ends: list[Value]) -> tuple[int, int]:
    """Between which numbers lies what turns add to a register."""
    return min(end.moved[0] for end in ends), max(end.moved[1] for end in ends)
