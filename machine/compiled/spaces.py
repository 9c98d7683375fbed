"""Address spaces as generated code sees them: a software TLB, and the regions compiled there.

Each combination of ptbr and kernel mode has a space of its own, so that changing between processes
costs nothing. Every entry of a page table that a space relies on is held in the mirror: a store to
it closes what came of it. Knows the MMU's answers; must not know how to walk a table.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import OFFSET, PAGE, PAGE_SHIFT
from isa_spec.traps import Access
from machine.compiled.mirror import Mirror
from machine.compiled.region import Region
from machine.cpu import Cpu

Window = tuple[int, int, int, int]
"""First address, end, and what to add to an address for its index in the mirror, and for its
physical address."""

MOST_DOUBLINGS: Final = 14
"""How often the time for which code that keeps being rewritten is left alone is doubled."""
MOST_PAGES: Final = 256
"""The most pages of one window."""


@dataclass(eq=False, slots=True)
class Entry:
    """An entry of a page table that a space relies on for a page."""

    space: "Space"
    page: int
    slot: int

    def overwritten(self) -> None:
        """The table changes: forget the page."""
        self.space.close(self)


@dataclass(eq=False, slots=True)
class Code:
    """A region in a space, which holds the words that it was made of."""

    space: "Space"
    region: Region

    def overwritten(self) -> None:
        """An instruction changes: forget the region, and be slower to compile it again."""
        space = self.space
        space.drop(self)
        for head in self.region.heads:
            times = space.rewritten[head] = space.rewritten.get(head, 0) + 1
            space.leave_alone(head, min(times, MOST_DOUBLINGS))


class Heads:
    """Where regions are entered, in whatever space: where to look up from stepping.

    One for all spaces, since stepping goes on through interrupts, from one space to another.
    """

    def __init__(self) -> None:
        self._regions: Final[Counter[int]] = Counter()
        self._stops: frozenset[int] | None = None
        self._stops_of: frozenset[int] = frozenset()

    def add(self, head: int) -> None:
        """A region is entered there from now on."""
        self._regions[head] += 1
        if self._regions[head] == 1:
            self._stops = None

    def remove(self, head: int) -> None:
        """Undo an `add`."""
        self._regions[head] -= 1
        if not self._regions[head]:
            del self._regions[head]
            self._stops = None

    def stops(self, breakpoints: frozenset[int]) -> frozenset[int]:
        """Give their addresses, and those of breakpoints."""
        if self._stops is None or self._stops_of is not breakpoints:
            self._stops_of = breakpoints
            self._stops = breakpoints.union(self._regions)
        return self._stops


@dataclass(eq=False)
class Space:
    """What generated code may rely on as long as ptbr and mode stay what they are.

    translated: whether addresses go through the table. stride: instructions between two looks at
    where execution is. regions: by the addresses where they are entered. heat: how often execution
    was met around an address, without a region there; cold: how many instructions the machine
    executes until an address is looked at again. broken: how often a region
    there took for granted what was not so; rewritten: how often its instructions changed.
    """

    mirror: Mirror
    cpu: Cpu
    heads: Heads
    translated: bool
    stride: int
    regions: dict[int, Code] = field(default_factory=dict)
    heat: dict[int, int] = field(default_factory=dict)
    cold: dict[int, int] = field(default_factory=dict)
    broken: dict[int, int] = field(default_factory=dict)
    rewritten: dict[int, int] = field(default_factory=dict)
    loads: dict[int, Window] = field(default_factory=dict)
    stores: dict[int, Window] = field(default_factory=dict)
    _entries: dict[int, Entry] = field(default_factory=dict)

    @property
    def windowed(self) -> bool:
        """Whether an address differs from its index in the mirror."""
        return self.translated or not self.mirror.flat

    def leave_alone(self, address: int, doublings: int = MOST_DOUBLINGS) -> None:
        """Have nothing compiled at an address for a while."""
        self.cold[address] = self.cpu.executed + (self.stride << doublings)

    def leaves_alone(self, address: int) -> bool:
        """Tell whether nothing is to be compiled at an address yet."""
        if address not in self.cold:
            return False
        # A machine that goes back in time would else wait for what it has forgotten.
        if 0 < self.cold[address] - self.cpu.executed <= self.stride << MOST_DOUBLINGS:
            return True
        del self.cold[address]
        return False

    # Translation

    def locate(self, address: int) -> int | None:
        """Give the physical address of an instruction that can be fetched without a change."""
        return self._physical(address, Access.FETCH)

    def admit(self, address: int) -> None:
        """Let accesses to an address, as the program sees it, be plain from now on, if they may."""
        for access, windows in ((Access.LOAD, self.loads), (Access.STORE, self.stores)):
            physical = self._physical(address, access)
            if physical is None:
                continue
            if self.translated:
                self._veil(address & ~OFFSET, physical & ~OFFSET)
            self.mirror.admit(physical)
            if self.windowed:
                first = address & ~OFFSET
                frame = physical & ~OFFSET
                index = self.mirror.index(frame)
                _open(windows, address >> PAGE_SHIFT, index - first, frame - first)

    def _veil(self, page: int, frame: int) -> None:
        """Keep the words of a page from being plain that the present run watches."""
        for watch in self.cpu.watches:
            if watch.ptbr in (None, self.cpu.space):
                words, loads = watch.words, Access.LOAD in watch.accesses
                first, end = max(page, words.start), min(page + PAGE, words.stop)
                for address in range(first, end, words.step):
                    self.mirror.veil(frame + address - page, loads=loads)

    def _physical(self, address: int, access: Access) -> int | None:
        physical = address
        if self.translated:
            settled = self.cpu.mmu.settled(address, access)
            if settled is None:
                return None
            physical, slot = settled
            if MEMORY_START <= physical < self.cpu.memory.size:
                self._rely(address >> PAGE_SHIFT, slot)
        return physical if MEMORY_START <= physical < self.cpu.memory.size else None

    def _rely(self, page: int, slot: int) -> None:
        if page not in self._entries:
            self._entries[page] = Entry(self, page, slot)
            self.mirror.hold(slot, self._entries[page])

    def close(self, entry: Entry) -> None:
        """Forget a page of which the table may say something else from now on."""
        self.mirror.release(entry.slot, entry)
        self._entries.pop(entry.page, None)
        for windows in (self.loads, self.stores):
            _close(windows, entry.page)
        for code in self._regions():
            if any(address >> PAGE_SHIFT == entry.page for address in code.region.addresses):
                self.drop(code)

    # Regions

    def add(self, region: Region) -> None:
        """Have a region found at its heads."""
        code = Code(self, region)
        for address in region.words:
            self.mirror.hold(address, code)
            self.mirror.hold(address + 4, code)
        for head in region.heads - self.regions.keys():
            self.regions[head] = code
            self.heads.add(head)

    def drop(self, code: Code) -> None:
        """Forget a region."""
        for address in code.region.words:
            self.mirror.release(address, code)
            self.mirror.release(address + 4, code)
        for head in code.region.heads:
            if self.regions.get(head) is code:
                del self.regions[head]
                self.heads.remove(head)

    def cut(self, changed: frozenset[int]) -> None:
        """Forget the regions that a breakpoint has come into or gone from."""
        for code in self._regions():
            if code.region.meets(changed):
                self.drop(code)

    def forget(self) -> None:
        """Let go of everything."""
        for code in self._regions():
            self.drop(code)
        for entry in tuple(self._entries.values()):
            self.close(entry)
        self.forget_windows()

    def forget_flat(self) -> None:
        """Forget the regions that reach only the part of memory that was mirrored before."""
        if not self.windowed:
            for code in self._regions():
                self.drop(code)

    def forget_windows(self) -> None:
        """Forget where words are in the mirror."""
        self.loads.clear()
        self.stores.clear()

    def _regions(self) -> Iterator[Code]:
        return iter(dict.fromkeys(self.regions.values()))


def _open(windows: dict[int, Window], page: int, add: int, real: int) -> None:
    """Open a window for a page, one with those of its neighbours that it goes on from."""
    low, end = page << PAGE_SHIFT, (page << PAGE_SHIFT) + PAGE
    before, after = windows.get(page - 1), windows.get(page + 1)
    if before is not None and before[2:] == (add, real) and end - before[0] <= MOST_PAGES * PAGE:
        low = before[0]
    if after is not None and after[2:] == (add, real) and after[1] - low <= MOST_PAGES * PAGE:
        end = after[1]
    window = (low, end, add, real)
    for number in range(low >> PAGE_SHIFT, end >> PAGE_SHIFT):
        windows[number] = window


def _close(windows: dict[int, Window], page: int) -> None:
    window = windows.get(page)
    if window is not None:
        for number in range(window[0] >> PAGE_SHIFT, window[1] >> PAGE_SHIFT):
            windows.pop(number, None)
