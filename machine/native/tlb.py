"""The TLB of an address space: what is to be added to an address to make it physical.

There is a pair of words for each virtual page, for loads and for stores: 0, or one more than what
has to be added. They are found by the address rotated right by 2, so that addresses that are not
aligned have pairs of their own, which stay empty. Knows no page table: whoever fills it does.
"""

from typing import Final

from isa_spec.paging import MARKED, NEEDED, PAGE_SHIFT, Entry
from isa_spec.traps import Access
from isa_spec.words import WORD
from machine.native.host import Region

PAIR: Final = 8
AT: Final = {Access.LOAD: 0, Access.STORE: 4}
"""Where in a pair the word for each kind of access is."""

_PAGES: Final = 1 << 32 - PAGE_SHIFT
_ALIGNMENTS: Final = 4


def needed(access: Access, *, kernel: bool) -> int:
    """Give the bits that a page table's entry must have for a TLB to be filled by it."""
    user = 0 if kernel else int(Entry.USER)
    return int(Entry.PRESENT) | NEEDED[access] | MARKED[access] | user


class Tlb:
    """One address space's."""

    def __init__(self) -> None:
        self._region: Final = Region(_ALIGNMENTS * _PAGES * PAIR)
        self._words: Final = self._region.bytes.cast("I")
        self.address: Final = self._region.address

    def fill(self, page: int, access: Access, difference: int) -> None:
        """Have accesses to a virtual page go where addresses are larger by so much."""
        self._words[(page * PAIR + AT[access]) // 4] = (difference & WORD) + 1

    def expire(self, pages: range) -> None:
        """Have accesses to these virtual pages translated anew."""
        self._region.bytes[pages.start * PAIR : pages.stop * PAIR] = bytes(len(pages) * PAIR)
