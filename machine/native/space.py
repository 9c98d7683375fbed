"""Address spaces: what machine code may go by instead of asking the MMU, and when that ends.

LOADS and STORES have a word for each virtual page: 0, or one more than what has to be added to an
address there to make it physical. They are found by the address rotated right by 2, so that
addresses that are not aligned have entries of their own, which stay 0.

Knows the page table's layout. Must not know how code is made, or a processor.
"""

from dataclasses import dataclass
from typing import Final

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import (
    ENTRY_BYTES,
    ENTRY_PAGE,
    MARKED,
    NEEDED,
    PAGE_SHIFT,
    Entry,
)
from isa_spec.traps import Access
from isa_spec.words import WORD
from machine.memory import Memory
from machine.mmu import Mmu
from machine.native.cache import Block
from machine.native.frame import Pointers
from machine.native.host import Region
from machine.native.jumps import Jumps
from machine.native.marks import Marks
from machine.native.piece import Mode
from machine.watch import WIDTH, Watch

_PAGES: Final = 1 << 32 - PAGE_SHIFT
_ALIGNMENTS: Final = 4
_NO_PAGE: Final = WORD
_ACCESSES: Final = (Access.LOAD, Access.STORE)
_PRESENT: Final = int(Entry.PRESENT)
_USER: Final = int(Entry.USER)


@dataclass(frozen=True, slots=True)
class SpaceKey:
    """What makes accesses mean the same: the mode, the table and what is watched.

    `ptbr` is None where addresses are physical.
    """

    kernel: bool
    ptbr: int | None
    watches: tuple[Watch, ...]

    @property
    def ports(self) -> int:
        """The page by which ports are reached to begin with."""
        return 0 if self.kernel and self.ptbr is None and not self.watches else _NO_PAGE

    @property
    def mode(self) -> Mode:
        """What code for it depends on; what is watched cannot be told by one comparison."""
        return Mode(table=self.ptbr is not None or bool(self.watches), kernel=self.kernel)


class Entries:
    """LOADS or STORES."""

    def __init__(self) -> None:
        self._region: Final = Region(_ALIGNMENTS * _PAGES * 4)
        self.address: Final = self._region.address
        self._words: Final = self._region.bytes.cast("I")

    def __getitem__(self, page: int) -> int:
        return self._words[page]

    def __setitem__(self, page: int, entry: int) -> None:
        self._words[page] = entry


class Slots:
    """Which pages of which spaces rely on which entries of page tables."""

    def __init__(self, marks: Marks) -> None:
        self._marks: Final = marks
        self._users: Final[dict[int, list[tuple[Space, int]]]] = {}

    def add(self, slot: int, space: "Space", page: int) -> None:
        """See stores to the entry at a physical address."""
        self._users.setdefault(slot, []).append((space, page))
        self._marks.add((slot,))

    def remove(self, slot: int, space: "Space", page: int) -> None:
        """Undo an `add`."""
        users = self._users[slot]
        users.remove((space, page))
        if not users:
            del self._users[slot]
        self._marks.remove((slot,))

    def users(self, address: int, length: int) -> list[tuple["Space", int]]:
        """Give who relies on entries in a range of memory."""
        if length == ENTRY_BYTES and not address % ENTRY_BYTES:
            return self._users.get(address, [])
        slots = range(address & ~3, address + length, ENTRY_BYTES)
        found = slots if len(slots) < len(self._users) else filter(slots.__contains__, self._users)
        return [user for slot in found for user in self._users.get(slot, ())]


class Space:
    """One address space, as far as machine code has been in it.

    pointers: what the frame is to have of it.
    """

    def __init__(self, key: SpaceKey, memory: Memory, mmu: Mmu, slots: Slots, missed: int) -> None:
        self.key: Final = key
        self.mode: Final = key.mode
        self.blocks: Final[dict[int, Block]] = {}
        self.jumps: Final = Jumps(missed)
        self.entries: Final = {access: Entries() for access in _ACCESSES} if self.mode.table else {}
        self._memory: Final = memory
        self._mmu: Final = mmu
        self._users: Final = slots
        self._slots: Final[dict[int, int]] = {}
        self._code: Final[dict[int, set[int]]] = {}
        self._port_pages = dict.fromkeys(_ACCESSES, key.ports)
        self.pointers = self._pointers()

    def know(self, pc: int, block: Block) -> None:
        """Have a block found by its address from now on, as long as the table says the same."""
        self._depend_on(pc >> PAGE_SHIFT)
        self.blocks[pc] = block
        self._code.setdefault(pc >> PAGE_SHIFT, set()).add(pc)
        if block.entry:
            self.jumps.set(pc, block.entry)

    def drop(self, block: Block) -> None:
        """Forget a block."""
        if self.blocks.get(block.pc) is block:
            del self.blocks[block.pc]
            self.jumps.drop(block.pc)

    def admit(self, address: int, access: Access) -> bool:
        """Let machine code load from, or store to, the page of an address; False if it must not.

        It must not where the access would do more than that: trap, set a bit of the page table's
        entry, or be watched. What it does to ports, it does by the page that is noted for that.
        """
        page = address >> PAGE_SHIFT
        entries = self.entries[access]
        if entries[page] or self._port_pages[access] == page or self._is_watched(page, access):
            return False
        physical = self._translate(address, access)
        if physical is None or physical >= self._memory.size:
            return False
        if physical < MEMORY_START:
            return self._admit_ports(page, access)
        if address % WIDTH:
            return False
        self._depend_on(page)
        entries[page] = (physical - address & WORD) + 1
        return True

    def _admit_ports(self, page: int, access: Access) -> bool:
        if self.key.ptbr is None:
            return False
        self._depend_on(page)
        self._port_pages[access] = page
        self.pointers = self._pointers()
        return True

    def _pointers(self) -> Pointers:
        loads, stores = (self._port_pages[access] for access in _ACCESSES)
        addresses = [entries.address for entries in self.entries.values()] or [0, 0]
        return addresses[0], addresses[1], self.jumps.address, stores << 32 | loads

    def _is_watched(self, page: int, access: Access) -> bool:
        if not self.key.watches:
            return False
        start, end = page << PAGE_SHIFT, page + 1 << PAGE_SHIFT
        return any(
            access in watch.accesses and start < watch.end and end > watch.start
            for watch in self.key.watches
        )

    def _translate(self, address: int, access: Access) -> int | None:
        if self.key.ptbr is None:
            return address
        slot = self._slots.get(address >> PAGE_SHIFT)
        if slot is None:
            slot = self._mmu.entry_at(address, self.key.ptbr)
        if slot is None:
            return None
        entry, marked = self._memory.words[slot >> 2], MARKED[access]
        allowed = entry & NEEDED[access] and (self.key.kernel or entry & _USER)
        if not (entry & _PRESENT and allowed and entry & marked == marked):
            return None
        return entry & ENTRY_PAGE | address & ~ENTRY_PAGE

    def _depend_on(self, page: int) -> None:
        """See stores to a page's entry of the table from now on."""
        if self.key.ptbr is None or page in self._slots:
            return
        slot = self._mmu.entry_at(page << PAGE_SHIFT, self.key.ptbr)
        if slot is not None:
            self._slots[page] = slot
            self._users.add(slot, self, page)

    def expire(self, page: int) -> list[Access]:
        """Have a page admitted anew, whose entry of the table changes; give what it was for."""
        admitted = [access for access in _ACCESSES if self.entries[access][page]]
        for access in admitted:
            self.entries[access][page] = 0
        if page in self._code or page in self._port_pages.values():
            self._forget(page)
        return admitted

    def release(self, page: int) -> None:
        """Forget a page if it is for nothing."""
        used = page in self._code or page in self._port_pages.values()
        if page in self._slots and not used and not any(e[page] for e in self.entries.values()):
            self._forget(page)

    def close(self) -> None:
        """Forget everything."""
        for page in list(self._slots):
            self._forget(page)

    def _forget(self, page: int) -> None:
        self._users.remove(self._slots.pop(page), self, page)
        for access, entries in self.entries.items():
            entries[page] = 0
            if self._port_pages[access] == page:
                self._port_pages[access] = _NO_PAGE
                self.pointers = self._pointers()
        if page in self._code:
            self.jumps.drop_page(page << PAGE_SHIFT)
            for pc in self._code.pop(page):
                self.blocks.pop(pc, None)
