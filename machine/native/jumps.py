"""The table by which machine code finds where to go on at an address that it has just computed.

Its entries are found by the low bits of the address: the address itself, and where its machine code
is. An entry that is not in use leads to the code for what is missing, whatever its address is.
"""

import struct
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.paging import PAGE
from machine.native.host import Region

ENTRIES: Final = 8192
ENTRY: Final = 16
CODE_AT: Final = 8
"""Where in an entry the host's address is."""


class Jumps:
    """One address space's table; `missed` is the host's address for want of another."""

    _entry: Final = struct.Struct("=QQ")

    def __init__(self, missed: int) -> None:
        self._region: Final = Region(ENTRIES * ENTRY)
        self.address: Final = self._region.address
        self._empty: Final = self._entry.pack(0, missed)
        self.clear()

    def clear(self) -> None:
        """Forget all addresses."""
        self._region.bytes[:] = self._empty * ENTRIES

    def set(self, pc: int, code: int) -> None:
        """Have the code for an address found; it takes the place of another address's."""
        self._entry.pack_into(self._region.bytes, _offset(pc), pc, code)

    def drop(self, pc: int) -> None:
        """Forget an address."""
        self._forget(_offset(pc), 1)

    def drop_page(self, pc: int) -> None:
        """Forget all addresses of the page that begins at pc."""
        self._forget(_offset(pc), PAGE // LENGTH)

    def _forget(self, offset: int, count: int) -> None:
        self._region.bytes[offset : offset + count * ENTRY] = self._empty * count


def _offset(pc: int) -> int:
    return pc // LENGTH % ENTRIES * ENTRY
