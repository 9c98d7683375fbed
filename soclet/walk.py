"""A walk of the page table for one address, told step by step, changing nothing (isa §4)."""

from collections.abc import Iterator

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import (
    ENTRY_BYTES,
    ENTRY_PAGE,
    NEEDED,
    OFFSET,
    PAGE_SHIFT,
    Entry,
    table_base,
    table_length,
)
from isa_spec.registers import PTBR, STATUS, Status
from isa_spec.traps import ABSENT, NOTHING, PROTECTED
from machine.machine import Machine


def steps(machine: Machine, address: int) -> Iterator[str]:
    """Tell how an address is translated, and which accesses would trap, in which way."""
    r = machine.cpu.r
    on = bool(r[STATUS] & Status.VIRTUAL)
    yield f"translation is {'on' if on else f'off: {address:#x} is physical; if it were on'}:"
    number, base, length = address >> PAGE_SHIFT, table_base(r[PTBR]), table_length(r[PTBR])
    yield f"  {address:#x} is in page {number:#x}; the table has {length:#x} entries"
    if number >= length:
        yield f"  beyond the table: {ABSENT.what} (trap {ABSENT.number})"
        return
    slot = base + ENTRY_BYTES * number
    yield f"  its entry is at {base:#x} + {ENTRY_BYTES} * {number:#x} = {slot:#x}"
    if not machine.memory.holds(slot, ENTRY_BYTES):
        yield f"  the entry is not in memory: {NOTHING.what} (trap {NOTHING.number})"
        return
    entry = machine.memory.words[slot >> 2]
    flags = Entry(entry & sum(Entry))
    yield f"  the entry is {entry:#010x}: {_names(flags)}"
    if Entry.PRESENT not in flags:
        yield f"  not present: {ABSENT.what} (trap {ABSENT.number})"
        return
    for mode, may in (("kernel", True), ("user", Entry.USER in flags)):
        allowed = [access.name.lower() for access in NEEDED if may and NEEDED[access] & entry]
        refused = [access.name.lower() for access in NEEDED if access.name.lower() not in allowed]
        trap = f"; {', '.join(refused)}: {PROTECTED.what} (trap {PROTECTED.number})"
        yield f"  {mode} mode may {', '.join(allowed) or 'do nothing'}{trap if refused else ''}"
    physical = entry & ENTRY_PAGE | address & OFFSET
    yield f"  what is allowed comes to physical {physical:#x}{_what_is_there(machine, physical)}"


def _what_is_there(machine: Machine, physical: int) -> str:
    if machine.memory.holds(physical, 1):
        return ""
    if physical >= MEMORY_START:
        return f", where nothing is: {NOTHING.what} (trap {NOTHING.number})"
    names = [
        port.name
        for device in machine.bus.devices.values()
        for port in device.ports
        if port.address == physical
    ]
    port = f"the port {names[0]}" if names else "no port"
    return f", in the I/O page: {port}, and no instructions"


def _names(flags: Entry) -> str:
    return ", ".join((flag.name or "").lower() for flag in flags) or "no bits"
