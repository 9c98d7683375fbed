"""Physical memory: bytes, and one guard byte per page. Knows no CPU, no device, no file.

The guard tells whether a store to a page is plain. Whoever must see stores there (decoded code,
the NVRAM file, snapshots) sets a bit and is called before the store; the bit is cleared then,
unless the watcher asks to be called again.
"""

import mmap
from collections.abc import Callable, Iterable, Iterator
from enum import IntFlag
from typing import Final

from isa_spec.memory_map import MEMORY_START, check_memory_size
from isa_spec.paging import OFFSET, PAGE, PAGE_SHIFT


class Guard(IntFlag):
    """Why a store to a page is not plain."""

    COMMITTED = 1
    """Nothing has been written there since the last commit to a file, or ever."""
    CODE = 2
    """An engine keeps something that it made of the page's instructions."""
    MIRRORED = 4
    """An engine keeps copies of the page's words, or something that it made of single ones."""
    NATIVE = 8
    """Machine code of the native engine depends on words of the page: see its marks."""
    TRANSLATED = 16
    """An engine keeps what entries of a page table there say."""
    OBSERVED = 32
    """Somebody observes the guest's stores there."""
    DIGESTED = 64
    """Nothing has been written there since the last digest of memory."""
    REMEMBERED = 128
    """Nothing has been written there since the last moment that history keeps."""


Watcher = Callable[[int, int], bool]
"""Called with the address and the length of a write within a page, before it; tells whether to
be called for the next one too."""


class Memory:
    """`size` bytes of which those below 0x1000 are never used (isa §4).

    The bytes are zeros to begin with, and a page costs the host nothing until it is written.
    Raises ValueError for a size that no machine has.

    on_guarded: called with the number of a page that was given a guard from outside the engine.
    """

    def __init__(self, size: int) -> None:
        check_memory_size(size)
        self.size: Final = size
        # Private, or else reading a page would already allocate it.
        self._store = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.words: Final = memoryview(self._store).cast("I")
        self.guard: Final = bytearray([Guard.COMMITTED]) * (size >> PAGE_SHIFT)
        self.touched: Final[set[int]] = set()
        self.uncommitted: set[int] = set()
        self.on_guarded: Callable[[int], None] = _nobody
        self._watchers: Final[dict[int, Watcher]] = {
            int(Guard.COMMITTED): self._note_written,
        }

    def watch(self, guard: Guard, watcher: Watcher) -> Watcher | None:
        """Have `watcher` called before stores to pages with this guard; give whom it replaces."""
        replaced = self._watchers.get(int(guard))
        self._watchers[int(guard)] = watcher
        return replaced

    def guard_pages(self, pages: Iterable[int], guard: Guard) -> None:
        """Have stores to these pages not be plain from now on."""
        for page in pages:
            self._guard(page, guard)

    def guard_all(self, guard: Guard) -> None:
        """Have no store be plain from now on."""
        self.guard[:] = self.guard.translate(bytes(value | guard for value in range(256)))
        for page in self.touched:
            self.on_guarded(page)

    def unguard(self, pages: Iterable[int], guard: Guard) -> None:
        """Take back what `guard_pages` did."""
        for page in pages:
            self.guard[page] &= ~guard

    def _guard(self, page: int, guard: Guard) -> None:
        self.guard[page] |= guard
        self.on_guarded(page)

    def store(self, address: int, word: int) -> None:
        """Store a word; the caller has checked that it is aligned and in memory."""
        if self.guard[address >> PAGE_SHIFT]:
            self._announce(address, 4)
        self.words[address >> 2] = word

    def holds(self, address: int, length: int = 1) -> bool:
        """Tell whether all of a range of physical addresses is memory."""
        return MEMORY_START <= address <= self.size - length

    def read(self, address: int, length: int) -> bytes:
        """Give the bytes of a range that is in memory."""
        return self._store[address : address + length]

    def write(self, address: int, data: bytes) -> None:
        """Write bytes to a range that is in memory, from outside."""
        if data:
            end = address + len(data)
            for page in pages_of(address, len(data)):
                first = max(address, page << PAGE_SHIFT)
                self._announce(first, min(end, (page + 1) << PAGE_SHIFT) - first)
            self._store[address:end] = data

    def pages(self) -> Iterator[tuple[int, bytes]]:
        """Give the number and the bytes of every page that holds anything but zeros."""
        for page in sorted(self.touched):
            data = self.read(page << PAGE_SHIFT, PAGE)
            if data.strip(b"\0"):
                yield page, data

    def restore(self, pages: dict[int, bytes]) -> None:
        """Make memory hold exactly these pages, and zeros elsewhere."""
        for page in self.touched - pages.keys():
            self.replace(page, bytes(PAGE))
        for page, data in pages.items():
            self.replace(page, data)

    def replace(self, page: int, data: bytes) -> None:
        """Make a page hold these bytes, announcing no more words than have to change, if few."""
        start = page << PAGE_SHIFT
        old = self.read(start, PAGE)
        if old == data:
            return
        parts = [
            part
            for part in range(0, PAGE, _PART)
            if old[part : part + _PART] != data[part : part + _PART]
        ]
        if len(parts) > _FEW_PARTS:
            self.write(start, data)
            return
        words, before = memoryview(data).cast("I"), memoryview(old).cast("I")
        changed = [
            at
            for part in parts
            for at in range(part // 4, (part + _PART) // 4)
            if words[at] != before[at]
        ]
        if len(changed) > _FEW_WORDS:
            self.write(start, data)
            return
        for at in changed:
            self.store(start + 4 * at, words[at])

    def take_uncommitted(self) -> set[int]:
        """Give the pages written since the last call, and guard them anew."""
        pages, self.uncommitted = self.uncommitted, set()
        for page in pages:
            self._guard(page, Guard.COMMITTED)
        return pages

    def _note_written(self, address: int, _length: int) -> bool:
        self.touched.add(address >> PAGE_SHIFT)
        self.uncommitted.add(address >> PAGE_SHIFT)
        return False

    def _announce(self, address: int, length: int) -> None:
        """Tell the watchers of a page that a range within it will be written."""
        guards = self.guard[address >> PAGE_SHIFT]
        kept = 0
        for guard, watcher in self._watchers.items():
            if guards & guard and watcher(address, length):
                kept |= guard
        self.guard[address >> PAGE_SHIFT] = kept


_PART: Final = 128
"""Bytes of a page that are compared at once, since that is quicker than word by word."""

_FEW_PARTS: Final = 24

_FEW_WORDS: Final = 64
"""Words of a page up to which each is written by itself: code beside them is kept."""


def _nobody(_page: int) -> None:
    """Nobody wants to know."""


def pages_of(address: int, length: int) -> range:
    """Give the numbers of the pages that a range of addresses touches."""
    return range(address >> PAGE_SHIFT, (address + length + OFFSET) >> PAGE_SHIFT)
