"""What held something at the start, as a number: from registers and memory as they are now.

Knows how to solve what parts.following says for what it began with.
"""

from collections.abc import Callable

from isa_spec.registers import PC, REGISTERS
from isa_spec.words import WORD
from soclet.gdb_client.parts.following import OVERWRITTEN, Cells, Place, State
from toolchain.symbolic import Known, Symbolic

Read = Callable[[int], int | None]
"""Gives a register by its number, or the word at an address; None where it is not known."""


class Recovery:
    """Numbers for what is known in a state, by what registers and memory hold in it."""

    def __init__(self, state: State, cells: Cells, register: Read, word: Read) -> None:
        self._state = state
        self._cells = cells
        self._register = register
        self._word = word
        self._found: dict[int, int | None] = {}

    def start(self, base: int) -> int | None:
        """Give what a base held at the start."""
        if base not in self._found:
            self._found[base] = None  # It cannot be found by way of itself.
            self._found[base] = self._search(base)
        return self._found[base]

    def value(self, known: Known) -> int | None:
        """Give the number that something known is."""
        if not isinstance(known, Symbolic):
            return known
        start = None if known.base is None else self.start(known.base)
        return None if start is None else (start + known.offset) & WORD

    def _search(self, base: int) -> int | None:
        ways = (self._in_memory, self._in_register)
        # A trap may have overwritten them at any moment; what was saved is safe.
        for way in ways if base in OVERWRITTEN else reversed(ways):
            held = way(base)
            if held is not None:
                return held
        cell = self._cells.place(base)
        if cell is None or cell in self._state.slots or (self._state.called and cell[0] is None):
            return None
        return self._at(cell)

    def _in_register(self, base: int) -> int | None:
        for register in REGISTERS:
            known = self._state.registers[register.number]
            if register.number != PC and isinstance(known, Symbolic) and known.base == base:
                held = self._register(register.number)
                if held is not None:
                    return (held - known.offset) & WORD
        return None

    def _in_memory(self, base: int) -> int | None:
        for place, known in self._state.slots.items():
            if isinstance(known, Symbolic) and known.base == base:
                held = self._at(place)
                if held is not None:
                    return (held - known.offset) & WORD
        return None

    def _at(self, place: Place) -> int | None:
        address = self.value(place[1] if place[0] is None else Symbolic(*place))
        return None if address is None else self._word(address)
