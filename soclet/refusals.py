"""Why a debugger cannot read or write at an address, in words that say what is there instead.

Knows addresses as a debugger has them, virtual or physical; must not know packets.
"""

from typing import Final

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import OFFSET, PAGE
from isa_spec.words import WORD
from machine.machine import Machine
from soclet import views

_UNWRITTEN: Final = "; nothing was written"


def of_address(address: int) -> str:
    """Say why a number is no address of this machine."""
    return f"{address:#x} is beyond the last address, {WORD:#x}"


def of_reading(
    machine: Machine, address: int, *, virtual: bool = True, ptbr: int | None = None
) -> str:
    """Say why the byte at an address cannot be read; `virtual`, `ptbr` as in soclet.views."""
    physical = views.physical(machine, address, virtual=virtual, ptbr=ptbr)
    if physical is None or physical >= MEMORY_START:
        return _nothing(machine, address, physical, ptbr)
    for device in machine.bus.devices.values():
        for port in device.ports:
            if port.address == physical and port.load is None:
                return f"the port {port.name} at {address:#x} cannot be read, only stored to"
    return f"there is no port at {address:#x}"


def of_writing(
    machine: Machine, address: int, length: int, *, virtual: bool = True, ptbr: int | None = None
) -> str:
    """Say why not all of a range can be written: what its first byte that is not memory is."""
    for at in (address, *range(address - (address & OFFSET) + PAGE, address + length, PAGE)):
        physical = views.physical(machine, at, virtual=virtual, ptbr=ptbr)
        if physical is not None and physical < MEMORY_START:
            return f"{at:#x} is in the I/O page: a debugger only looks at ports{_UNWRITTEN}"
        if physical is None or not machine.memory.holds(physical, 1):
            return f"{_nothing(machine, at, physical, ptbr)}{_UNWRITTEN}"
    raise ValueError(f"all of the {length} bytes at {address:#x} can be written")


def _nothing(machine: Machine, address: int, physical: int | None, ptbr: int | None) -> str:
    if address > WORD:
        return of_address(address)
    if physical is None and ptbr is not None:
        return f"no page is present at {address:#x} in the address space of ptbr {ptbr:#x}"
    if physical is None:
        return f"no page is present at {address:#x}: see monitor page-table {address:#x}"
    page = "" if physical == address else f"its page is at physical {physical:#x}, and "
    return (
        f"there is nothing at {address:#x}: {page}"
        f"memory is {MEMORY_START:#x} to {machine.memory.size - 1:#x}"
    )
