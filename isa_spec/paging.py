"""Pages and the page table entry. Knows the layout; walking the table is the machine's."""

from enum import IntFlag
from typing import Final

from construct import BitsInteger, BitStruct, ByteSwapped, Flag

from isa_spec.traps import Access

PAGE: Final = 4096
PAGE_SHIFT: Final = 12
OFFSET: Final = PAGE - 1
ENTRIES_PER_PAGE: Final = PAGE // 4
LONGEST_TABLE: Final = 1024
"""The most pages of entries that a table has; ptbr's length 0, or more, means this."""

ENTRY: Final = ByteSwapped(
    BitStruct(
        "page" / BitsInteger(20),
        "software" / BitsInteger(5),
        "dirty" / Flag,
        "accessed" / Flag,
        "user" / Flag,
        "executable" / Flag,
        "writable" / Flag,
        "readable" / Flag,
        "present" / Flag,
    )
)
"""A page table entry (isa §4), for whoever builds or shows tables."""


def _bit(name: str) -> int:
    fields: dict[str, int | bool] = {con.name: 0 for con in ENTRY.subcon.subcon.subcons}
    return int.from_bytes(ENTRY.build(fields | {name: True}), "little")


class Entry(IntFlag):
    """The bits of an entry as masks, derived from the struct."""

    PRESENT = _bit("present")
    READABLE = _bit("readable")
    WRITABLE = _bit("writable")
    EXECUTABLE = _bit("executable")
    USER = _bit("user")
    ACCESSED = _bit("accessed")
    DIRTY = _bit("dirty")


ENTRY_PAGE: Final = 0xFFFF_F000
"""The bits of an entry that are the physical page's address."""

NEEDED: Final = {
    Access.LOAD: int(Entry.READABLE),
    Access.STORE: int(Entry.WRITABLE),
    Access.FETCH: int(Entry.EXECUTABLE),
}
"""The permission that each kind of access needs."""

MARKED: Final = {
    Access.LOAD: int(Entry.ACCESSED),
    Access.STORE: int(Entry.ACCESSED | Entry.DIRTY),
    Access.FETCH: int(Entry.ACCESSED),
}
"""The bits that each kind of access sets once its translation has succeeded."""


def table_base(ptbr: int) -> int:
    """Give the physical address of the table that ptbr names."""
    return ptbr & ENTRY_PAGE


def table_length(ptbr: int) -> int:
    """Give the number of entries of the table that ptbr names."""
    pages = ptbr & OFFSET
    return (pages if 0 < pages <= LONGEST_TABLE else LONGEST_TABLE) * ENTRIES_PER_PAGE
