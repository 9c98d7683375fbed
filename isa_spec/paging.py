"""Pages and the page table entry. Knows the layout; walking the table is the machine's."""

from enum import IntFlag
from typing import Final

from construct import BitsInteger, BitStruct, ByteSwapped, Flag

from isa_spec.traps import Access

PAGE: Final = 4096
PAGE_SHIFT: Final = 12
OFFSET: Final = PAGE - 1
ENTRY_BYTES: Final = 4
ENTRIES_PER_PAGE: Final = PAGE // ENTRY_BYTES
LONGEST_TABLE: Final = 1024
"""The most pages of entries that a table has; ptbr's length 0, or more, means this."""

ENTRY: Final = ByteSwapped(
    BitStruct(
        "page" / BitsInteger(20) * "physical page",
        "software" / BitsInteger(5) * "left to software",
        "dirty" / Flag * "D: set by the machine on every successful translation for a write",
        "accessed" / Flag * "A: set by the machine on every successful translation",
        "user" / Flag * "U: user mode may use the page",
        "executable" / Flag * "X: instructions may be fetched",
        "writable" / Flag * "W: data may be written",
        "readable" / Flag * "R: data may be read",
        "present" / Flag * "P: present",
    )
)
"""A page table entry (isa §4), for whoever builds or shows tables; with the manual's words."""


ENTRY_FIELDS: Final[dict[str, str]] = {
    con.name: con.docs for con in reversed(ENTRY.subcon.subcon.subcons)
}
"""What each field of an entry means, from bit 0 up."""


def entry_mask(name: str) -> int:
    """Give the bits of an entry that a field takes."""
    field = getattr(ENTRY.subcon.subcon, name)
    ones = True if field.subcon is Flag else (1 << field.sizeof()) - 1
    return int.from_bytes(ENTRY.build(dict.fromkeys(ENTRY_FIELDS, 0) | {name: ones}), "little")


class Entry(IntFlag):
    """The bits of an entry as masks, derived from the struct."""

    PRESENT = entry_mask("present")
    READABLE = entry_mask("readable")
    WRITABLE = entry_mask("writable")
    EXECUTABLE = entry_mask("executable")
    USER = entry_mask("user")
    ACCESSED = entry_mask("accessed")
    DIRTY = entry_mask("dirty")


ENTRY_PAGE: Final = entry_mask("page")
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
