"""Marks: which words of memory the engine made something of, so that it has to see stores there.

A mark is for 8 bytes: an instruction, or two page table entries. Machine code tests the marks of
pages that have the engine's guard. Knows memory's guards and what is counted, not what for.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from isa_spec.paging import PAGE_SHIFT
from machine.memory import Guard, Memory
from machine.native.host import Region

SHIFT: Final = 3
"""An address shifted so is the number of its mark."""


class Marks:
    """How often each 8 bytes of physical memory are of use to the engine."""

    def __init__(self, memory: Memory) -> None:
        self._memory: Final = memory
        self._region: Final = Region(memory.size >> SHIFT)
        self.address: Final = self._region.address
        self._uses: Final[Counter[int]] = Counter()
        self._of_page: Final[Counter[int]] = Counter()

    def add(self, addresses: Iterable[int]) -> None:
        """Have stores to these physical addresses seen, once more each."""
        for address in addresses:
            number = address >> SHIFT
            if not self._uses[number]:
                self._region.bytes[number] = 1
                self._of_page[address >> PAGE_SHIFT] += 1
                self._memory.guard[address >> PAGE_SHIFT] |= Guard.NATIVE
            self._uses[number] += 1

    def remove(self, addresses: Iterable[int]) -> None:
        """Undo an `add`."""
        for address in addresses:
            number = address >> SHIFT
            self._uses[number] -= 1
            if not self._uses[number]:
                del self._uses[number]
                self._region.bytes[number] = 0
                self._of_page[address >> PAGE_SHIFT] -= 1

    def within(self, address: int, length: int) -> bool:
        """Tell whether anything is marked in a range of memory."""
        return any(self._region.bytes[address >> SHIFT : (address + length - 1 >> SHIFT) + 1])

    def in_page(self, address: int) -> bool:
        """Tell whether anything is marked in the page of an address."""
        return self._of_page[address >> PAGE_SHIFT] > 0
