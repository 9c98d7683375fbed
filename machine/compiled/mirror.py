"""The mirror: memory's words in lists that generated code reaches quickest.

A word of memory is at its own index of `slots`; None is where a load must not be plain: between
words, in the I/O page, and whatever has not been asked for. `plain` holds True where a store may be
plain, which brings both mirror and memory up to date; None is where somebody must see it. Memory
is the truth all the time, and the mirror learns of every other write through a page's guard.

Memory that is too large to be mirrored whole is mirrored in chunks, in the order they are needed.
"""

from typing import Final, Protocol

from isa_spec.paging import PAGE, PAGE_SHIFT
from machine.compiled.accesses import SLACK
from machine.memory import Guard, Memory

LARGEST_FLAT: Final = 4 << 20
"""Bytes of memory up to which the mirror is flat: the index of a word is its address."""
MOST_MIRRORED: Final = 16 << 20
"""Bytes of memory at which a mirror of chunks starts anew; each takes 16 of the host's and more."""
SMALLEST: Final = 1 << 16
_CHUNK_SHIFT: Final = 16
_CHUNK: Final = 1 << _CHUNK_SHIFT
_WORDS: Final = PAGE // 4
_MIRRORED: Final = int(Guard.MIRRORED)
_OURS: Final = int(Guard.CODE | Guard.MIRRORED | Guard.TRANSLATED)


class Owner(Protocol):
    """Something that was made of single words of memory."""

    def overwritten(self) -> None:
        """One of the words is about to be written."""


class Mirror:
    """The mirror of a memory.

    limit: how much of memory is mirrored, from 0 on, where the mirror is flat. outgrown: set where
    that has become more; code that was compiled before does not know.
    full: set where the mirror of chunks has grown too large; who uses it then has it cleared.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.flat: Final = memory.size <= LARGEST_FLAT
        self.slots: list[int | None] = []
        self.plain: list[bool | None] = []
        self.full = False
        self.limit = 0
        self.outgrown = False
        self._chunks: Final[dict[int, int]] = {}
        self._loadable: Final[set[int]] = set()
        self._storable: Final[set[int]] = set()
        self._held: Final[dict[int, dict[int, set[Owner]]]] = {}
        self._stale: Final[set[int]] = set()
        self._unloaded: Final[set[int]] = set()
        self._unstored: Final[set[int]] = set()
        memory.watch(Guard.MIRRORED, self._written)
        memory.on_guarded = self._guarded

    def prepare(self) -> None:
        """Make the lists before the first use; from then on they stay the same objects."""
        if self.flat and not self.slots:
            highest = max(self._memory.touched, default=0) << PAGE_SHIFT
            self.limit = self._enough(highest)
            length = self.limit + SLACK
            self.slots, self.plain = [None] * length, [None] * length

    def admit(self, address: int) -> None:
        """Let the word at a physical address be loaded plainly, and stored if nobody minds.

        The address is in memory; where it is no word's, nothing is there to be let.
        """
        page, index = address >> PAGE_SHIFT, self.index(address)
        if page not in self._loadable:
            self._fill(page)
        elif not address & 3 and address not in self._unloaded:
            self.slots[index] = self._memory.words[address >> 2]
        if self._memory.guard[page] & ~_OURS:
            return
        if page not in self._storable:
            self._open(page)
        elif not (address & 3 or address in self._unstored or address in self._held.get(page, ())):
            self.plain[index] = True

    def index(self, address: int) -> int:
        """Give the index of a physical address in memory, making room for its chunk."""
        if self.flat:
            if address >= self.limit:
                limit = self._enough(address)
                self._grow(limit - self.limit)
                self.limit, self.outgrown = limit, True
            return address
        chunk = address >> _CHUNK_SHIFT
        if chunk not in self._chunks:
            self._chunks[chunk] = len(self.slots)
            self._grow(_CHUNK)
            self.full = len(self.slots) > MOST_MIRRORED
        return self._chunks[chunk] + address % _CHUNK

    def refresh(self) -> None:
        """Take over the words that others have stored meanwhile."""
        for address in self._stale:
            if address >> PAGE_SHIFT in self._loadable and address not in self._unloaded:
                self.slots[self.index(address)] = self._memory.words[address >> 2]
        self._stale.clear()

    def hold(self, address: int, owner: Owner) -> None:
        """Have an owner told before the word at a physical address is written."""
        page = address >> PAGE_SHIFT
        self._held.setdefault(page, {}).setdefault(address, set()).add(owner)
        self._memory.guard[page] |= _MIRRORED
        if page in self._storable:
            self.plain[self.index(address)] = None

    def release(self, address: int, owner: Owner) -> None:
        """Take back what `hold` did."""
        page = self._held.get(address >> PAGE_SHIFT, {})
        owners = page.get(address, set())
        owners.discard(owner)
        if not owners:
            page.pop(address, None)

    def veil(self, address: int, *, loads: bool) -> None:
        """Let no store to the word at a physical address be plain, and no load where that is said.

        Until `unveil`, and whoever admits it meanwhile.
        """
        page = address >> PAGE_SHIFT
        self._unstored.add(address)
        if page in self._storable:
            self.plain[self.index(address)] = None
        if loads:
            self._unloaded.add(address)
            if page in self._loadable:
                self.slots[self.index(address)] = None

    def unveil(self) -> None:
        """Let the words be admitted again."""
        self._unloaded.clear()
        self._unstored.clear()

    def clear(self) -> None:
        """Forget all words; owners keep what they hold."""
        for page in self._loadable:
            if not self._held.get(page):
                self._memory.guard[page] &= ~_MIRRORED
        self.slots.clear()
        self.plain.clear()
        self._chunks.clear()
        self._loadable.clear()
        self._storable.clear()
        self._stale.clear()
        self.full = False

    def _enough(self, address: int) -> int:
        """How much of memory to mirror for an address to be among it: mostly little is used."""
        return min(max(SMALLEST, 1 << address.bit_length()), self._memory.size)

    def _grow(self, length: int) -> None:
        self.slots.extend([None] * length)
        self.plain.extend([None] * length)

    def _fill(self, page: int) -> None:
        first = self.index(page << PAGE_SHIFT)
        words = self._memory.words[page * _WORDS : (page + 1) * _WORDS].tolist()
        self.slots[first : first + PAGE : 4] = words
        for address in self._unloaded:
            if address >> PAGE_SHIFT == page:
                self.slots[self.index(address)] = None
        self._loadable.add(page)
        self._memory.guard[page] |= _MIRRORED

    def _open(self, page: int) -> None:
        first = self.index(page << PAGE_SHIFT)
        self.plain[first : first + PAGE : 4] = [True] * _WORDS
        for address in self._kept(page):
            self.plain[self.index(address)] = None
        self._storable.add(page)

    def _kept(self, page: int) -> set[int]:
        """The words of a page that stores to must not be plain."""
        veiled = (address for address in self._unstored if address >> PAGE_SHIFT == page)
        return {*self._held.get(page, ()), *veiled}

    def _close(self, page: int) -> None:
        if page in self._storable:
            first = self.index(page << PAGE_SHIFT)
            self.plain[first : first + PAGE] = [None] * PAGE
            self._storable.discard(page)

    def _guarded(self, page: int) -> None:
        """The next store to a page has to be seen by somebody else."""
        self._close(page)

    def _written(self, address: int, length: int) -> bool:
        """Tell owners of a write; words go stale where they are not the whole page."""
        page = address >> PAGE_SHIFT
        held = self._held.get(page, {})
        if length < PAGE:
            for word in range(address & ~3, address + length, 4):
                for owner in tuple(held.get(word, ())):
                    owner.overwritten()
                self._stale.add(word)
            return True
        for owner in {owner for owners in held.values() for owner in owners}:
            owner.overwritten()
        self._close(page)
        if page in self._loadable:
            first = self.index(page << PAGE_SHIFT)
            self.slots[first : first + PAGE] = [None] * PAGE
            self._loadable.discard(page)
        return bool(self._held.get(page))
