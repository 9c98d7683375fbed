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
"""A byte for each 8 bytes of physical memory: whether the engine has to see stores there."""
LOADS: Final = 24
STORES: Final = 32
"""Of the present address space, by virtual page: what to add to an address (see Space)."""
JUMPS: Final = 40
"""Of the present address space: where machine code of an address is (see Space)."""
REGISTERS_AT: Final = 48
BUDGET: Final = REGISTERS_AT + 4 * len(REGISTERS)
ADDRESS: Final = BUDGET + 4
"""The address of an access that found no entry in LOADS or STORES."""
SIZE: Final = (ADDRESS + 4 + 15) // 16 * 16


class Exit(IntEnum):
    """Why machine code returned; pc is exact in every case."""

    LOOK = 0
    """There is no code for pc, or the budget does not suffice for what there is."""
    STEP = 1
    """The instruction at pc has to be executed by the reference's way."""
    LOAD = 2
    STORE = 3
    """It loads from or stores to ADDRESS, for which the address space has no entry."""


def register_at(number: int) -> int:
    """Give where a guest's register lies in the frame."""
    return REGISTERS_AT + 4 * number


class Frame:
    """The engine's copy."""

    _given: Final = struct.Struct(f"={len(REGISTERS)}II")
    _result: Final = struct.Struct(f"={len(REGISTERS)}III")
    _pointer: Final = struct.Struct("=Q")

    def __init__(self) -> None:
        self._region: Final = Region(SIZE)
        self.address: Final = self._region.address

    def point(self, at: int, address: int) -> None:
        """Set a pointer."""
        self._pointer.pack_into(self._region.bytes, at, address)

    def put(self, registers: Sequence[int], budget: int) -> None:
        """Set all of the guest's registers and the budget."""
        self._given.pack_into(self._region.bytes, REGISTERS_AT, *registers, budget)

    def take(self) -> tuple[int, ...]:
        """Give the guest's registers, then what is left of the budget, then ADDRESS."""
        return self._result.unpack_from(self._region.bytes, REGISTERS_AT)
