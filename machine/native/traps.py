"""The last traps and interrupts that machine code entered, for people to read.

Knows where the frame points to them. Must not know how they are entered.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from isa_spec.traps import FIRST_INTERRUPT
from machine.cpu import REMEMBERED_TRAPS
from machine.native import frame
from machine.native.frame import Frame
from machine.native.host import Region
from machine.trapped import Entered, Interrupt, Trap

KEPT: Final = REMEMBERED_TRAPS
"""So many; a power of two."""
TRAP_SHIFT: Final = 5


@dataclass(frozen=True, slots=True)
class _Offsets:
    """Where in an entry each part is."""

    time: int
    pc: int
    cause: int
    detail: int
    status: int
    ptbr: int


TRAP: Final = _Offsets(time=0, pc=8, cause=12, detail=16, status=20, ptbr=24)
_NUMBER: Final = 0xFF


class Traps:
    """A ring of entries."""

    _entry: Final = struct.Struct("=Q5I")

    def __init__(self, frame_: Frame) -> None:
        self._region: Final = Region(KEPT << TRAP_SHIFT)
        frame_.point(frame.TRAPS, self._region.address)

    def taken(self, count: int) -> Iterator[Entered]:
        """Give the last of `count`, the newest last."""
        for number in range(max(0, count - KEPT), count):
            at = number % KEPT << TRAP_SHIFT
            time, pc, cause, detail, status, ptbr = self._entry.unpack_from(self._region.bytes, at)
            kind = Interrupt if cause & _NUMBER >= FIRST_INTERRUPT else Trap
            yield kind(time, pc, cause, detail, status, ptbr)
