"""Which instructions a run has executed, and which ways its conditional branches went.

By physical address, so that a program is known whatever page table led to it. Must not know what is
done with it.
"""

from collections.abc import Iterator
from enum import IntFlag
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.paging import OFFSET, PAGE, PAGE_SHIFT


class Covered(IntFlag):
    """What was seen of an instruction."""

    NOTHING = 0
    EXECUTED = 1
    """It was executed, or trapped."""
    TAKEN = 2
    """A conditional branch that went to its target."""
    NOT_TAKEN = 4
    """A conditional branch that went to the next instruction."""


ALL: Final = Covered.EXECUTED | Covered.TAKEN | Covered.NOT_TAKEN
"""All that there is to be seen of a conditional branch."""


class Coverage:
    """What was seen of the instructions of a memory; a run adds to it.

    news: of which of them more was seen since an engine looked last. Engines see only what is new,
    by not making anything of their own of what is not covered yet.
    """

    def __init__(self) -> None:
        self.news: Final[set[int]] = set()
        self._pages: Final[dict[int, bytearray]] = {}

    def mark(self, address: int, covered: int) -> None:
        """See something of the instruction at a physical address, a multiple of 8.

        `covered`: of Covered, as a number, since flags are ten times as slow.
        """
        page = self._pages.get(address >> PAGE_SHIFT)
        if page is None:
            page = self._pages[address >> PAGE_SHIFT] = bytearray(PAGE // LENGTH)
        slot = (address & OFFSET) // LENGTH
        if ~page[slot] & covered:
            page[slot] |= covered
            self.news.add(address)

    def of(self, address: int) -> Covered:
        """Give what was seen of the instruction at a physical address."""
        page = self._pages.get(address >> PAGE_SHIFT)
        return Covered(0 if page is None else page[(address & OFFSET) // LENGTH])

    def missing(self, address: int, *, decides: bool) -> Covered:
        """Give what is still to be seen of an instruction, which may be a conditional branch."""
        return (ALL if decides else Covered.EXECUTED) & ~self.of(address)

    def __iter__(self) -> Iterator[tuple[int, Covered]]:
        """Give every instruction of which something was seen, in the order of addresses."""
        for number, page in sorted(self._pages.items()):
            for slot, covered in enumerate(page):
                if covered:
                    yield (number << PAGE_SHIFT) + slot * LENGTH, Covered(covered)

    def add(self, other: "Coverage") -> None:
        """See all that another has seen."""
        for address, covered in other:
            self.mark(address, int(covered))
