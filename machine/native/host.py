"""What the host gives: memory with fences around it, some of it executable, if it does at all.

Knows the host's mmap. Must not know its processor, or what lies in the memory.
"""

import ctypes
import mmap
from collections.abc import Callable
from functools import cache
from typing import Final

_FENCE: Final = mmap.PAGESIZE
_NO_RESERVE: Final = getattr(mmap, "MAP_NORESERVE", 0x4000)
_PROT_NONE: Final = 0


class Region:
    """Zeroed memory of the host between two pages that nobody may touch.

    `size` is in bytes, rounded up to pages. It costs the host nothing until it is touched.
    `address` is where the host has it, `bytes` is a view of it. Raises OSError where the host
    refuses, as some do for executable memory.
    """

    def __init__(self, size: int, *, executable: bool = False) -> None:
        size = -(-size // _FENCE) * _FENCE
        protection = mmap.PROT_READ | mmap.PROT_WRITE | (mmap.PROT_EXEC if executable else 0)
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NO_RESERVE
        self._map: Final = mmap.mmap(-1, size + 2 * _FENCE, flags=flags, prot=protection)
        whole = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.size: Final = size
        self.address: Final = whole + _FENCE
        self.bytes: Final = memoryview(self._map)[_FENCE : _FENCE + size]
        protect(whole, _FENCE, _PROT_NONE)
        protect(self.address + size, _FENCE, _PROT_NONE)

    def clear(self) -> None:
        """Make all of it zeros again, giving the host its memory back."""
        self._map.madvise(mmap.MADV_DONTNEED, _FENCE, self.size)


def protect(address: int, size: int, protection: int) -> None:
    """Change what may be done with whole pages. Raises OSError where the host refuses."""
    if _libc().mprotect(ctypes.c_void_p(address), ctypes.c_size_t(size), protection):
        number = ctypes.get_errno()
        raise OSError(number, f"mprotect: error {number}")


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def function(address: int) -> Callable[[int, int], int]:
    """Give the machine code at an address as a function of two numbers, 64 and 32 bits."""
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint64, ctypes.c_uint32)(address)
