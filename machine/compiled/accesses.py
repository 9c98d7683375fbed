"""Generated loads and stores: how code reaches the mirror's words, and when it must leave instead.

Flat: a physical address is the index of its word. Windowed: an address is looked up by page, and
what was found is kept in names for the next access by the same register. Knows text and bounds;
must not know where the words come from.
"""

from typing import Final

from isa_spec.paging import PAGE_SHIFT
from isa_spec.words import SIGN, WORD
from machine.compiled import values
from machine.compiled.evaluation import Unknown
from machine.compiled.inlining import Leave, Lines, State
from machine.compiled.values import Value

SLACK: Final = 1 << 16
"""How far beyond memory an index may go without being looked at: what is there is None."""

BROKEN: Final = "-2"
"""The address told by code that leaves because something it took for granted is not so."""


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
        lines = self._checked(state, address, leave)
        return [*lines, *_store(address.text, values.word(address).text, word, leave)]

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
    """Accesses by way of windows: (first address, end, what to add to an address for its index).

    `low`: take it for granted that addresses are below 2³¹, which keeps differences of two of
    them within the bounds of signed numbers.
    """

    def __init__(self, *, low: bool) -> None:
        self._low = low
        self._windows: set[str] = set()

    def load(self, state: State, address: Value, leave: Leave) -> tuple[Lines, str]:
        """Lines after which a name holds the word at an address."""
        lines, index = self._index("load", state, address, leave)
        lines += [f"t = slots[{index}]", "if t is None:", leave(values.word(address).text)]
        return lines, "t"

    def store(self, state: State, address: Value, word: Value, leave: Leave) -> Lines:
        """Lines that store a word."""
        lines, index = self._index("store", state, address, leave)
        lines.append(f"b = {index}")
        return [*lines, *_store("b", values.word(address).text, word, leave)]

    def prologue(self) -> Lines:
        """Lines that come before all others."""
        return [f"{name}_low = {name}_end = {name}_add = 0" for name in sorted(self._windows)]

    def _index(self, kind: str, state: State, address: Value, leave: Leave) -> tuple[Lines, str]:
        text = address.text
        window = f"{kind}_{text if text.isidentifier() else 'fixed'}"
        self._windows.add(window)
        told = leave(values.word(address).text)
        look: Lines = [f"w = {kind}_window({text} >> {PAGE_SHIFT})", "if w is None:", told]
        if self._low and address.constant is None:
            look = [f"if {text} >= {SIGN}:", leave(BROKEN), *look]
            _note(state, address, SIGN - 1)
        else:
            _note(state, address, WORD)
        look.append(f"{window}_low, {window}_end, {window}_add = w")
        lines: Lines = [f"if not {window}_low <= {text} < {window}_end:", look]
        return lines, f"{text} + {window}_add"


def _store(index: str, address: str, word: Value, leave: Leave) -> Lines:
    return [
        f"if plain[{index}] is None:",
        leave(address),
        f"slots[{index}] = words[{index} >> 2] = {word.text}",
    ]


def _note(state: State, address: Value, high: int) -> None:
    """Note for the registers that hold a checked address between which bounds it lies."""
    for number, value in list(state.registers.items()):
        if value.text == address.text:
            state.registers[number] = value.bounded(0, high)
