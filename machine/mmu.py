"""The MMU: the one-level page table, coherent because nothing is remembered (isa §4)."""

from dataclasses import dataclass
from typing import Final

from isa_spec.cpu import Registers
from isa_spec.paging import (
    ENTRY_PAGE,
    MARKED,
    NEEDED,
    OFFSET,
    PAGE_SHIFT,
    Entry,
    table_base,
    table_length,
)
from isa_spec.registers import PTBR, STATUS, Status
from isa_spec.traps import ABSENT, NOTHING, PROTECTED, Access, Vector
from machine.memory import Memory
from machine.trapped import Trapped

_KERNEL: Final = int(Status.KERNEL)
_PRESENT: Final = int(Entry.PRESENT)
_USER: Final = int(Entry.USER)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a walk found no page."""

    vector: Vector


class Mmu:
    """Translates virtual addresses by the table that ptbr names now."""

    def __init__(self, memory: Memory, registers: Registers) -> None:
        self._memory = memory
        self._r = registers

    def translate(self, address: int, access: Access) -> int:
        """Give the physical address, setting the accessed and dirty bits.

        Raises Trapped where the table does not allow the access.
        """
        slot = self._slot(address, self._r[PTBR])
        if isinstance(slot, Fault):
            raise Trapped(slot.vector, address, access)
        entry = self._memory.words[slot >> 2]
        if not entry & _PRESENT:
            raise Trapped(ABSENT, address, access)
        if not entry & NEEDED[access] or not (entry & _USER or self._r[STATUS] & _KERNEL):
            raise Trapped(PROTECTED, address, access)
        if ~entry & MARKED[access]:
            self._memory.store(slot, entry | MARKED[access])
        return entry & ENTRY_PAGE | address & OFFSET

    def look(self, address: int, ptbr: int | None = None) -> int | None:
        """Give the physical address whatever the permissions, changing nothing.

        By the table that `ptbr` names, the CPU's own unless said otherwise. None where no page is
        present: this is a debugger's view.
        """
        slot = self._slot(address, self._r[PTBR] if ptbr is None else ptbr)
        if isinstance(slot, Fault):
            return None
        entry = self._memory.words[slot >> 2]
        return entry & ENTRY_PAGE | address & OFFSET if entry & _PRESENT else None

    def settled(self, address: int, access: Access) -> tuple[int, int] | None:
        """Give the physical address and that of the entry, where translating changes nothing.

        None where `translate` would raise, or set a bit.
        """
        slot = self._slot(address, self._r[PTBR])
        if isinstance(slot, Fault):
            return None
        entry = self._memory.words[slot >> 2]
        needed = _PRESENT | NEEDED[access] | MARKED[access]
        if ~entry & needed or not (entry & _USER or self._r[STATUS] & _KERNEL):
            return None
        return entry & ENTRY_PAGE | address & OFFSET, slot

    def entry_at(self, address: int, ptbr: int) -> int | None:
        """Give the physical address of the entry for a virtual address; None where there is none.

        By the table that `ptbr` names; the entry may say that no page is present.
        """
        slot = self._slot(address, ptbr)
        return None if isinstance(slot, Fault) else slot

    def _slot(self, address: int, ptbr: int) -> int | Fault:
        """Find the physical address of the entry for a virtual address."""
        number = address >> PAGE_SHIFT
        if number >= table_length(ptbr):
            return Fault(ABSENT)
        slot = table_base(ptbr) + 4 * number
        return slot if self._memory.holds(slot, 4) else Fault(NOTHING)
