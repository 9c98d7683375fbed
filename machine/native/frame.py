"""The frame: what machine code and the engine tell each other, and where each part lies.

The engine keeps one; machine code works on a copy of it on the host's stack and copies it back
when it returns. Knows offsets. Must not know a processor.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Final

from isa_spec.registers import REGISTERS
from machine.native.host import Region

MEMORY: Final = 0
"""Where the host has the machine's memory; this and the other pointers have 64 bits."""
GUARD: Final = 8
"""The guard byte of each physical page."""
MARKS: Final = 16
"""A byte for each word of physical memory: what the engine made of it (see Mark)."""
SPACES: Final = 24
"""The address spaces by mode and ptbr (see Spaces)."""
PORT_LOADS: Final = 32
PORT_STORES: Final = 40
"""What loads from, and stores to, each address of the I/O page do (see Ports)."""
TRAPS: Final = 48
"""The last traps and interrupts that machine code entered (see Traps)."""
SENT: Final = 56
"""The bytes that machine code sent (see Ports)."""
RECEIVED: Final = 64
"""The bytes that it may load from RX, a word for each (see Ports)."""
TABLES: Final = 72
"""The page tables of all address spaces, each with the TLB that was filled by it (see Spaces)."""
TLB: Final = 80
"""Of the present address space (see Tlb)."""
JUMPS: Final = 88
"""Of the present address space: where machine code of an address is (see Space)."""
LOAD_PAGE: Final = 96
STORE_PAGE: Final = 100
"""Of the present address space: the virtual page that is the I/O page; 32 bits, all ones for none.
"""
TABLE: Final = 104
TABLE_SIZE: Final = 108
"""Of the present address space: where the page table is by which machine code fills the TLB, and
its length in bytes; 0 where that is not for machine code to do."""
END: Final = 112
"""The tick at which the budget is used up: time is END less BUDGET. This and the next have 64 bits.
"""
STAY: Final = 120
"""The tick at which it would be if the timer were disarmed."""
DUE: Final = 128
"""The timer's deadline."""
LATCHED: Final = 136
LOW: Final = 144
"""The timer's half-done pairs: a word and, after it, 1 where there is one."""
REGISTERS_AT: Final = 152
BUDGET: Final = REGISTERS_AT + 4 * len(REGISTERS)
ADDRESS: Final = BUDGET + 4
"""The address of an access that found nothing in the TLB."""
LINES: Final = ADDRESS + 4
"""The interrupt lines that are up."""
GATE: Final = LINES + 4
"""The bit of status that lets interrupts through; 0 while a debugger holds them back."""
ENTERS: Final = GATE + 4
"""1 where machine code may enter interrupts."""
TRAPPED: Final = ENTERS + 4
"""How many traps and interrupts it has entered."""
INTERRUPTED: Final = TRAPPED + 4
"""How many of them were interrupts."""
SENT_COUNT: Final = INTERRUPTED + 4
"""How many bytes are in SENT."""
RECEIVED_COUNT: Final = SENT_COUNT + 4
"""How many bytes of RECEIVED it has loaded."""
SIZE: Final = (RECEIVED_COUNT + 4 + 15) // 16 * 16


class Exit(IntEnum):
    """Why machine code returned; pc is exact in every case."""

    LOOK = 0
    """There is no code for pc, or the budget is used up, or an interrupt may be due."""
    STEP = 1
    """The instruction at pc has to be executed by the reference's way."""
    LOAD = 2
    STORE = 3
    """It loads from or stores to ADDRESS, for which machine code could not fill the TLB."""
    SHORT = 4
    """The budget does not suffice for the block at pc."""


def register_at(number: int) -> int:
    """Give where a guest's register lies in the frame."""
    return REGISTERS_AT + 4 * number


Pointers = tuple[int, int, int, int]
"""TLB, JUMPS, both pages of the I/O page as one, and TABLE with TABLE_SIZE as one."""


class Frame:
    """The engine's copy."""

    _given: Final = struct.Struct(f"=4Q5Q{len(REGISTERS)}I9I")
    _result: Final = struct.Struct(f"=5Q{len(REGISTERS)}I9I")
    _pointer: Final = struct.Struct("=Q")

    def __init__(self) -> None:
        self._region: Final = Region(SIZE)
        self.address: Final = self._region.address

    def point(self, at: int, address: int) -> None:
        """Set a pointer."""
        self._pointer.pack_into(self._region.bytes, at, address)

    def put(
        self,
        pointers: Pointers,
        times: tuple[int, int, int, int, int],
        registers: Sequence[int],
        budget: int,
        gates: tuple[int, int, int],
    ) -> None:
        """Set all that differs each time: `times` is from END on, `gates` from LINES to ENTERS."""
        self._given.pack_into(
            self._region.bytes, TLB, *pointers, *times, *registers, budget, 0, *gates, 0, 0, 0, 0
        )

    def take(self) -> tuple[int, ...]:
        """Give all from END on."""
        return self._result.unpack_from(self._region.bytes, END)
