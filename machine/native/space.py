"""Address spaces: what machine code may go by instead of asking the MMU, and when that ends.

Knows the page table's layout. Must not know how code is made, or a processor.
"""

from dataclasses import dataclass
from typing import Final

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import ENTRY_BYTES, PAGE_SHIFT, table_base, table_length
from isa_spec.traps import Access
from isa_spec.words import WORD
from machine.memory import Memory
from machine.mmu import Mmu
from machine.native.cache import Block
from machine.native.frame import Pointers
from machine.native.jumps import Jumps
from machine.native.marks import Mark, Marks
from machine.native.piece import Mode
from machine.native.tlb import Tlb
from machine.watch import WIDTH, Watch

_NO_PAGE: Final = WORD
_ACCESSES: Final = (Access.LOAD, Access.STORE)


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

    def table(self, memory_size: int) -> range:
        """Give the physical addresses of the page table, as far as memory reaches."""
        if self.ptbr is None:
            return range(0)
        start = table_base(self.ptbr)
        return range(
            start, max(start, min(start + ENTRY_BYTES * table_length(self.ptbr), memory_size))
        )


class Space:
    """One address space, as far as machine code has been in it.

    table: where the page table is, if there is one. walked: machine code fills the TLB by itself.
    pointers: what the frame is to have of it.
    """

    def __init__(self, key: SpaceKey, memory: Memory, mmu: Mmu, marks: Marks, missed: int) -> None:
        self.key: Final = key
        self.mode: Final = key.mode
        self.table: Final = key.table(memory.size)
        self.walked: Final = self.table.start >= MEMORY_START and not key.watches
        self.blocks: Final[dict[int, Block]] = {}
        self.jumps: Final = Jumps(missed)
        self.tlb: Final = Tlb()
        self._memory: Final = memory
        self._mmu: Final = mmu
        self._marks: Final = marks
        self._code: Final[dict[int, set[int]]] = {}
        self._port_pages = dict.fromkeys(_ACCESSES, key.ports)
        self.pointers = self._pointers()

    def know(self, pc: int, block: Block) -> None:
        """Have a block found by its address from now on, as long as the table says the same."""
        page = pc >> PAGE_SHIFT
        if page not in self._code:
            self._rely_on(page)
            self._code[page] = set()
        self._code[page].add(pc)
        self.blocks[pc] = block
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
        entry, or be watched. What it does to ports, it does by the page that is noted for that;
        and what is not to be seen to here, it has seen to by itself.
        """
        page = address >> PAGE_SHIFT
        if self._port_pages[access] == page or self._is_watched(page, access):
            return False
        physical, slot = address, None
        if self.key.ptbr is not None:
            settled = self._mmu.settled(address, access)
            if settled is None:
                return False
            physical, slot = settled
        if physical < MEMORY_START:
            return self._admit_ports(page, access)
        if self.walked or address % WIDTH or physical >= self._memory.size:
            return False
        if slot is not None:
            self._marks.rely_on(slot, Mark.ENTRY)
        self.tlb.fill(page, access, physical - address)
        return True

    def _admit_ports(self, page: int, access: Access) -> bool:
        if self.key.ptbr is None:
            return False
        self._rely_on(page)
        self._port_pages[access] = page
        self.pointers = self._pointers()
        return True

    def _pointers(self) -> Pointers:
        loads, stores = (self._port_pages[access] for access in _ACCESSES)
        table = self.table.start | len(self.table) << 32 if self.walked else 0
        return self.tlb.address, self.jumps.address, stores << 32 | loads, table

    def _is_watched(self, page: int, access: Access) -> bool:
        if not self.key.watches:
            return False
        start, end = page << PAGE_SHIFT, page + 1 << PAGE_SHIFT
        return any(
            access in watch.accesses and start < watch.end and end > watch.start
            for watch in self.key.watches
        )

    def _rely_on(self, page: int) -> None:
        """Have stores to a page's entry of the table be Python's to do."""
        if self.key.ptbr is not None:
            slot = self._mmu.entry_at(page << PAGE_SHIFT, self.key.ptbr)
            if slot is not None:
                self._marks.rely_on(slot, Mark.PAGE)

    def written(self, address: int, length: int) -> None:
        """Forget what the page table says in a range of memory that is about to be written."""
        start, table = max(address, self.table.start), self.table
        end = min(address + length, table.stop)
        if start >= end:
            return
        pages = range((start - table.start) // ENTRY_BYTES, -((table.start - end) // ENTRY_BYTES))
        self.tlb.expire(pages)
        for page in [page for page in self._code if page in pages]:
            self.jumps.drop_page(page << PAGE_SHIFT)
            for pc in self._code.pop(page):
                self.blocks.pop(pc, None)
        for access, page in self._port_pages.items():
            if page in pages:
                self._port_pages[access] = _NO_PAGE
                self.pointers = self._pointers()
