"""Where things are in the physical address space: the I/O page's ports and the memory."""

from dataclasses import dataclass
from typing import Final

from isa_spec.paging import PAGE

MEMORY_START: Final = 0x1000
"""The first byte of memory; below it lies the I/O page."""

SMALLEST_MEMORY: Final = 8 * 1024
LARGEST_MEMORY: Final = 2 * 1024**3
DEFAULT_MEMORY: Final = 1024**2


@dataclass(frozen=True, slots=True)
class Port:
    """One word of the I/O page at one exact address (isa §6).

    `load` and `store` say what using it in that direction does; None where that is trap 6.
    """

    name: str
    address: int
    device: str
    load: str | None = None
    store: str | None = None


TIME: Final = Port(
    "TIME",
    0x0004,
    "timer",
    load="current time: the low word, which latches the high word; then that high word",
    store="any value: forgets a half-done pair of loads or stores of the timer",
)
DEADLINE: Final = Port(
    "DEADLINE",
    0x0005,
    "timer",
    store="the low word, then the high word of the tick at which interrupt 16 becomes pending",
)
RX: Final = Port("RX", 0x0010, "serial", load="the next byte, 0 where none waits")
TX: Final = Port("TX", 0x0014, "serial", store="the low 8 bits are sent; dropped without space")
SERIAL_STATUS: Final = Port(
    "STATUS", 0x0015, "serial", load="bit 0: bytes available on RX; bit 1: space on TX"
)
POWER_OFF: Final = Port(
    "POWER_OFF", 0x0020, "system", store="power off; the low 8 bits are the exit status"
)
PENDING: Final = Port("PENDING", 0x0024, "system", load="pending interrupts, masked or not")
MEMORY_SIZE: Final = Port("SIZE", 0x0028, "system", load="first physical address beyond memory")

PORTS: Final = (TIME, DEADLINE, RX, TX, SERIAL_STATUS, POWER_OFF, PENDING, MEMORY_SIZE)

RX_AVAILABLE: Final = 1
TX_SPACE: Final = 2
FIFO_BYTES: Final = 16


def _check() -> None:
    if len({port.address for port in PORTS}) != len(PORTS):
        raise ValueError("memory map: two ports share an address")
    for port in PORTS:
        if not 0 <= port.address < MEMORY_START:
            raise ValueError(f"memory map: port {port.name} lies outside the I/O page")
        if port.load is None and port.store is None:
            raise ValueError(f"memory map: port {port.name} has no direction")


_check()


def check_memory_size(size: int) -> None:
    """Raise ValueError, saying what would be right, unless a machine may have `size` bytes."""
    if not SMALLEST_MEMORY <= size <= LARGEST_MEMORY or size % PAGE:
        raise ValueError(f"memory of {size} bytes: must be a multiple of 4 KiB from 8 KiB to 2 GiB")
