"""Memory as a debugger sees it: virtual as the CPU sees it now, without side effects.

Permissions are ignored, no bits are set, ports are peeked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import (
    ENTRY_BYTES,
    ENTRY_PAGE,
    OFFSET,
    PAGE,
    PAGE_SHIFT,
    Entry,
    table_base,
    table_length,
)
from isa_spec.registers import PTBR, STATUS, Status
from machine.events import WriteMemory
from machine.machine import Machine

_ADDRESSES = 1 << 32


def physical(
    machine: Machine, address: int, *, virtual: bool = True, ptbr: int | None = None
) -> int | None:
    """Give the physical address of a byte as seen now; None where there is none.

    `virtual`: as the CPU sees it, else addresses are physical. `ptbr`: as that page table has it,
    whether translation is on or not.
    """
    if not 0 <= address < _ADDRESSES:
        return None
    if ptbr is not None:
        return machine.cpu.mmu.look(address, ptbr)
    if virtual and machine.cpu.r[STATUS] & Status.VIRTUAL:
        return machine.cpu.mmu.look(address)
    return address


def pieces(
    machine: Machine,
    address: int,
    length: int,
    *,
    virtual: bool = True,
    ptbr: int | None = None,
) -> Iterator[tuple[int | None, int]]:
    """Cut a range at page ends: the physical address of each piece, and its length."""
    end = address + length
    while address < end:
        piece = min(PAGE - (address & OFFSET), end - address)
        yield physical(machine, address, virtual=virtual, ptbr=ptbr), piece
        address += piece


def read(
    machine: Machine,
    address: int,
    length: int,
    *,
    virtual: bool = True,
    ptbr: int | None = None,
) -> bytes:
    """Give the bytes of a range, as far from its start as they can be read."""
    data = bytearray()
    for start, size in pieces(machine, address, length, virtual=virtual, ptbr=ptbr):
        if start is None:
            break
        if start < MEMORY_START:
            piece = _peek(machine, start, size)
        else:
            piece = machine.memory.read(start, max(0, min(size, machine.memory.size - start)))
        data += piece
        if len(piece) < size:
            break
    return bytes(data)


def _peek(machine: Machine, start: int, length: int) -> bytes:
    """Give bytes of the I/O page: of the word of the nearest port at or below each."""
    data = bytearray()
    for address in range(start, start + length):
        for at in range(address, address - 4, -1):
            word = machine.bus.peek(at, machine.cpu.time)
            if word is not None:
                data.append(word >> 8 * (address - at) & 0xFF)
                break
        else:
            break
    return bytes(data)


def write(
    machine: Machine,
    address: int,
    data: bytes,
    *,
    virtual: bool = True,
    ptbr: int | None = None,
) -> bool:
    """Write all of a range of memory, or nothing where any of it is not memory."""
    writes = []
    at = 0
    for start, size in pieces(machine, address, len(data), virtual=virtual, ptbr=ptbr):
        if start is None or not machine.memory.holds(start, size):
            return False
        writes.append(WriteMemory(start, data[at : at + size]))
        at += size
    for event in writes:
        machine.post(event)
    return True


RIGHTS: Final = {
    Entry.READABLE: "r",
    Entry.WRITABLE: "w",
    Entry.EXECUTABLE: "x",
    Entry.USER: "u",
    Entry.ACCESSED: "a",
    Entry.DIRTY: "d",
}
"""A letter for each of a page's bits."""

EVERY_RIGHT: Final = Entry(sum(RIGHTS))


def rights(flags: Entry, shown: Entry = EVERY_RIGHT) -> str:
    """Give a page's bits, those to be shown, as letters; a dash for each that is not set."""
    return "".join(
        letter if flag in flags else "-" for flag, letter in RIGHTS.items() if flag in shown
    )


@dataclass(frozen=True, slots=True)
class Mapping:
    """Neighbouring virtual pages that are present and alike, in neighbouring physical ones.

    `what` they lead to: empty for memory.
    """

    start: int
    physical: int
    length: int
    flags: Entry
    what: str


def entries_in_memory(machine: Machine) -> range:
    """Give the numbers of the page table's entries that lie in memory."""
    base, length = table_base(machine.cpu.r[PTBR]), table_length(machine.cpu.r[PTBR])
    start = max(0, MEMORY_START - base) // ENTRY_BYTES
    stop = min(length, max(0, machine.memory.size - base) // ENTRY_BYTES)
    return range(min(start, stop), stop)


def mappings(machine: Machine) -> Iterator[Mapping]:
    """Give what the page table that ptbr names maps, whether translation is on or not."""
    base, flags_mask, last = table_base(machine.cpu.r[PTBR]), sum(Entry), -1
    start = first = flags = 0
    what = ""
    for number in entries_in_memory(machine):
        entry = machine.memory.words[base + ENTRY_BYTES * number >> 2]
        if not entry & Entry.PRESENT:
            continue
        to, leads = entry & ENTRY_PAGE, _what_is_at(machine, entry & ENTRY_PAGE)
        pages = number - start
        if last == number - 1 and (entry & flags_mask, to, leads) == (
            flags,
            first + (pages << PAGE_SHIFT),
            what,
        ):
            last = number
            continue
        if last >= 0:
            yield _mapping(start, last, first, flags, what)
        start = last = number
        first, flags, what = to, entry & flags_mask, leads
    if last >= 0:
        yield _mapping(start, last, first, flags, what)


def _mapping(start: int, last: int, first: int, flags: int, what: str) -> Mapping:
    length = last + 1 - start << PAGE_SHIFT
    return Mapping(start << PAGE_SHIFT, first, length, Entry(flags), what)


def _what_is_at(machine: Machine, page: int) -> str:
    if page < MEMORY_START:
        return "the I/O page"
    return "" if page < machine.memory.size else "nothing is there"
