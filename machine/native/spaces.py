"""The address spaces that are known, and the table by which machine code changes between them.

The table is found by mode and ptbr: an entry has the key (ptbr, where translation is on, above the
mode) and what the frame is to have of the space. Knows CPU state. Must not know how code is made.
"""

import struct
from dataclasses import dataclass
from typing import Final

from isa_spec.registers import PTBR, STATUS, Status
from isa_spec.traps import Access
from machine.cpu import Cpu
from machine.native import frame
from machine.native.cache import Block
from machine.native.frame import Frame
from machine.native.host import Region
from machine.native.marks import Marks
from machine.native.space import Space, SpaceKey
from machine.watch import Watch

MOST: Final = 64
"""Address spaces that are remembered; each costs the host some 130 KiB."""

KEY_VALID: Final = 4
"""What a key has beside the mode; memory that is zeros is no key."""
POINTERS_AT: Final = 8
SPACE_SHIFT: Final = 6
"""Bytes of an entry, as a shift."""


TABLE_SHIFT: Final = 4
TABLE_START, TABLE_SIZE = 8, 12
"""Page tables that are known, in a list that ends with zeros: the TLB, where it starts, its length.
"""


@dataclass(frozen=True, slots=True)
class _Bits:
    """Bits of ptbr: shifted right by `start`, then masked; the mode fills the lower two."""

    start: int
    mask: int


TABLE_BITS: Final = _Bits(10, 0xFC)
_KERNEL: Final = int(Status.KERNEL)
_VIRTUAL: Final = int(Status.VIRTUAL)
_MODE: Final = _KERNEL | _VIRTUAL


class Spaces:
    """By their keys, the one opened last being the last.

    `missed` is the host's address for want of code.
    """

    _entry: Final = struct.Struct("=5Q")
    _known_table: Final = struct.Struct("=Q2I")

    def __init__(self, cpu: Cpu, marks: Marks, frame_: Frame, missed: int) -> None:
        self._cpu: Final = cpu
        self._marks: Final = marks
        self._missed: Final = missed
        self._spaces: Final[dict[SpaceKey, Space]] = {}
        self._table: Final = Region((TABLE_BITS.mask + _MODE + 1) << SPACE_SHIFT)
        self._tables: Final = Region(MOST + 1 << TABLE_SHIFT)
        self._present: Space | None = None
        self._here: tuple[int, int | None, tuple[Watch, ...]] = 0, None, ()
        frame_.point(frame.SPACES, self._table.address)
        frame_.point(frame.TABLES, self._tables.address)

    def present(self) -> Space:
        """Give the address space that the CPU is in."""
        cpu = self._cpu
        mode = cpu.r[STATUS] & _MODE
        here = mode, cpu.r[PTBR] if mode & _VIRTUAL else None, cpu.watches
        if self._present is None or here != self._here:
            if self._here[2] != cpu.watches:
                self._table.clear()
            key = SpaceKey(bool(mode & _KERNEL), *here[1:])
            space = self._present = self._spaces.pop(key, None) or self._open(key)
            self._spaces[key] = space
            self._here = here
            self._publish(space)
        return self._present

    def admit(self, address: int, access: Access) -> bool:
        """Let machine code do an access of this kind to the page of an address (see Space)."""
        space = self.present()
        pointers = space.pointers
        admitted = space.admit(address, access)
        if space.pointers != pointers:
            self._publish(space)
        return admitted

    def drop(self, block: Block) -> None:
        """Forget a block."""
        for space in self._spaces.values():
            space.drop(block)

    def written(self, address: int, length: int) -> None:
        """Forget what page table entries say that lie in a range which is about to be written."""
        for space in self._spaces.values():
            pointers = space.pointers
            space.written(address, length)
            if space.pointers != pointers:
                self._withdraw(space)
        self._marks.untie(address, length)

    def close(self) -> None:
        """Forget everything."""
        self._spaces.clear()
        self._table.clear()
        self._tables.clear()
        self._present = None

    def _open(self, key: SpaceKey) -> Space:
        if len(self._spaces) >= MOST:
            self._withdraw(self._spaces.pop(next(iter(self._spaces))))
        space = Space(key, self._cpu.memory, self._cpu.mmu, self._marks, self._missed)
        self._tables.clear()
        known = (each for each in (*self._spaces.values(), space) if each.table)
        for number, each in enumerate(known):
            fields = each.tlb.address, each.table.start, len(each.table)
            self._known_table.pack_into(self._tables.bytes, number << TABLE_SHIFT, *fields)
        return space

    def _publish(self, space: Space) -> None:
        """Have machine code find a space, in the place of another one perhaps."""
        self._entry.pack_into(self._table.bytes, _slot(space.key), _key(space.key), *space.pointers)

    def _withdraw(self, space: Space) -> None:
        """Have machine code come back to Python where it would go on in a space."""
        at = _slot(space.key)
        if self._entry.unpack_from(self._table.bytes, at)[0] == _key(space.key):
            self._entry.pack_into(self._table.bytes, at, 0, 0, 0, 0, 0)
        if self._present is space:
            self._present = None


def _mode(key: SpaceKey) -> int:
    return _KERNEL * key.kernel | _VIRTUAL * (key.ptbr is not None)


def _key(key: SpaceKey) -> int:
    return (key.ptbr or 0) << 32 | _mode(key) | KEY_VALID


def _slot(key: SpaceKey) -> int:
    table = (key.ptbr or 0) >> TABLE_BITS.start & TABLE_BITS.mask
    return table + _mode(key) << SPACE_SHIFT
