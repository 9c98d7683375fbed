"""Generated loads and stores: how code reaches the mirror's words, and when it must leave instead.

Flat: a physical address is the index of its word. Windowed: an address is looked up by page, and
what was found is kept in names for the next access by the same register. Knows text and bounds;
must not know where the words come from.
"""

from dataclasses import dataclass
from typing import Final

from isa_spec.paging import PAGE_SHIFT
from isa_spec.words import WORD
from machine.compiled import values
from machine.compiled.evaluation import Unknown
from machine.compiled.inlining import Leave, Lines, State
from machine.compiled.values import Value

SLACK: Final = 1 << 16
"""How far beyond memory an index may go without being looked at: what is there is None."""

MODEST: Final = (1 << 30) - 1
"""What addresses, and registers that a loop leaves alone, are taken to be at most."""

BROKEN: Final = "-2"
"""The address told by code that leaves because something it took for granted is not so."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How code reaches memory: flat with a `size`, else by windows; see Flat and Windowed."""

    size: int | None = None
    low: bool = False
    same: bool = False
    flat: bool = False

    def accesses(self) -> "Flat | Windowed":
        """What writes such accesses, for one attempt at a function."""
        if self.size is not None:
            return Flat(self.size)
        return Windowed(low=self.low, same=self.same, flat=self.flat)


class Flat:
    """Accesses to memory that is mirrored whole: `size` bytes from 0 on."""

    def __init__(self, size: int) -> None:
        self._size = size

    def load(self, state: State, address: Value, leave: Leave) -> tuple[Lines, str]:
        """Lines after which a name holds the word at an address."""
        lines = self._checked(state, address, leave)
        lines += [f"t = slots[{address.text}]", "if t is None:", leave(values.word(address).text)]
        return lines, "t"

    def store(self, state: State, address: Value, word: Value, leave: Leave) -> Lines:
        """Lines that store a word."""
        lines, text = self._checked(state, address, leave), address.text
        return [*lines, *_store(text, text, values.word(address).text, word, leave)]

    def _checked(self, state: State, address: Value, leave: Leave) -> Lines:
        if address.constant is not None:
            if not 0 <= address.constant < self._size:
                raise Unknown("an address that is never plain memory")
            return []
        lines: Lines = []
        if not address.within(0, self._size + SLACK - 1):
            outside = f"not 0 <= {address.text} < {self._size}"
            if address.low >= 0:
                outside = f"{address.text} >= {self._size}"
            lines = [f"if {outside}:", leave(values.word(address).text)]
            _note(state, address, self._size - 1)
        return lines

    def prologue(self) -> Lines:
        """Lines that come before all others."""
        return []


class Windowed:
    """Accesses by way of windows.

    A window is a first address, an end, and what to add to an address for its index in the mirror,
    and for its physical address.

    `low`: take it for granted that addresses are below 2³⁰, which keeps sums and differences of
    two of them within the bounds of signed numbers. `same`: that every address is its own index.
    `flat`: whether an index is a physical address.
    """

    def __init__(self, *, low: bool, same: bool, flat: bool) -> None:
        self._low = low
        self._same = same
        self._flat = flat
        self._windows: set[str] = set()

    def load(self, state: State, address: Value, leave: Leave) -> tuple[Lines, str]:
        """Lines after which a name holds the word at an address."""
        lines, window = self._window("load", state, address, leave)
        index = address.text if self._same else f"{address.text} + {window}_add"
        lines += [f"t = slots[{index}]", "if t is None:", leave(values.word(address).text)]
        return lines, "t"

    def store(self, state: State, address: Value, word: Value, leave: Leave) -> Lines:
        """Lines that store a word."""
        lines, window = self._window("store", state, address, leave)
        index = physical = address.text
        if not self._same:
            lines.append(f"b = {address.text} + {window}_add")
            index = physical = "b"
        if not self._flat:
            physical = f"({address.text} + {window}_real)"
        return [*lines, *_store(index, physical, values.word(address).text, word, leave)]

    def prologue(self) -> Lines:
        """Lines that come before all others."""
        return [f"{name}_low = {name}_end = 0" for name in sorted(self._windows)]

    def _window(self, kind: str, state: State, address: Value, leave: Leave) -> tuple[Lines, str]:
        """Lines after which an address lies in a window, and its name."""
        text = address.text
        window = f"{kind}_{text if text.isidentifier() else 'fixed'}"
        self._windows.add(window)
        told = leave(values.word(address).text)
        look: Lines = [f"w = {kind}_window({text} >> {PAGE_SHIFT})", "if w is None:", told]
        if self._low and address.constant is None:
            look = [f"if {text} > {MODEST}:", leave(BROKEN), *look]
            _note(state, address, MODEST)
        else:
            _note(state, address, WORD)
        if self._same:
            look += ["if w[2]:", leave(BROKEN)]
        look.append(f"{window}_low, {window}_end, {window}_add, {window}_real = w")
        return [f"if not {window}_low <= {text} < {window}_end:", look], window


def _store(index: str, physical: str, address: str, word: Value, leave: Leave) -> Lines:
    return [
        f"if plain[{index}] is None:",
        leave(address),
        f"slots[{index}] = words[{physical} >> 2] = {word.text}",
    ]


def _note(state: State, address: Value, high: int) -> None:
    """Note for the registers that hold a checked address between which bounds it lies."""
    for number, value in list(state.registers.items()):
        if value.text == address.text:
            state.registers[number] = value.bounded(0, high)
