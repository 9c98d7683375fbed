"""Marks: which words of memory the engine made something of, so that it has to see stores there.

A byte for each word, of which machine code looks at those of pages that have the engine's guard.
Knows memory's guards and what words are for. Must not know blocks or address spaces.
"""

from collections import Counter
from collections.abc import Iterable
from enum import IntFlag
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.paging import PAGE, PAGE_SHIFT
from machine.memory import Guard, Memory
from machine.native.host import Region
from machine.watch import WIDTH

SHIFT: Final = 2
"""An address shifted so is the number of its mark."""


class Mark(IntFlag):
    """What a word is for. Stores to it are Python's to do, but where it is an ENTRY and no more."""

    CODE = 1
    """Blocks were made of the instruction that it is half of."""
    PAGE = 2
    """A page table's entry, by which code or ports are found."""
    ENTRY = 4
    """A page table's entry, by which a TLB was filled: machine code has that expire by itself."""


_UNTIED: Final = bytes(mark & Mark.CODE for mark in range(256))
"""For each mark what is left of it where nobody relies on the page table's entry any more."""

_CODE: Final = int(Mark.CODE)
_GUARD: Final = int(Guard.NATIVE)
_UNMARKED: Final = bytes(PAGE >> SHIFT)


class Marks:
    """What each word of physical memory is for."""

    def __init__(self, memory: Memory) -> None:
        self._memory: Final = memory
        self._region: Final = Region(memory.size >> SHIFT)
        self.address: Final = self._region.address
        self._uses: Final[Counter[int]] = Counter()

    def add(self, addresses: Iterable[int]) -> None:
        """Have stores to the instructions at these physical addresses seen, once more each."""
        for address in addresses:
            if not self._uses[address]:
                for word in range(address, address + LENGTH, WIDTH):
                    self.rely_on(word, _CODE)
            self._uses[address] += 1

    def remove(self, addresses: Iterable[int]) -> None:
        """Undo an `add`."""
        for address in addresses:
            self._uses[address] -= 1
            if not self._uses[address]:
                del self._uses[address]
                for word in range(address, address + LENGTH, WIDTH):
                    self._region.bytes[word >> SHIFT] &= ~_CODE

    def rely_on(self, address: int, mark: int) -> None:
        """Have stores to the word at a physical address seen; `mark` is of Mark, as a number."""
        self._region.bytes[address >> SHIFT] |= mark
        self._memory.guard[address >> PAGE_SHIFT] |= _GUARD

    def untie(self, address: int, length: int) -> None:
        """Nobody relies on page table entries in a range of memory any more."""
        marks = self._within(address, length)
        marks[:] = marks.tobytes().translate(_UNTIED)

    def within(self, address: int, length: int) -> bool:
        """Tell whether anything is marked in a range of memory."""
        return any(self._within(address, length))

    def in_page(self, address: int) -> bool:
        """Tell whether anything is marked in the page of an address."""
        return self._within(address & -PAGE, PAGE).tobytes() != _UNMARKED

    def _within(self, address: int, length: int) -> memoryview:
        return self._region.bytes[address >> SHIFT : (address + length - 1 >> SHIFT) + 1]
