"""Plain accesses: loads and stores of memory alone, with nobody to be told and nothing to trap.

What a body is given for its CPU in the middle of a straight run, where pc and time are not up to
date. Whatever needs them, or the MMU's leave, is refused. Knows memory, and the MMU's answers,
which it keeps as long as the page table says the same; must not know instructions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, Protocol

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import PAGE_SHIFT
from isa_spec.registers import PTBR, STATUS, Status
from isa_spec.traps import Access
from machine.cpu import Cpu
from machine.memory import Guard

_VIRTUAL: Final = int(Status.VIRTUAL)
_MODE: Final = int(Status.VIRTUAL | Status.KERNEL)
_MOST_SPACES: Final = 256

_Known = dict[int, Any]
_Users = dict[tuple[int, int | None], _Known]


class NotPlain(Exception):  # noqa: N818 - an event of the machine, not an error of ours
    """An instruction needs the CPU's state to be exact; it has done nothing.

    lasting: whether it is likely to need that the next time, too.
    """

    def __init__(self, *, lasting: bool = True) -> None:
        self.lasting = lasting


@dataclass(frozen=True, slots=True)
class Space:
    """What is known of an address space.

    runs: what was made of the code at an address. loads, stores: by page, what to add to an address
    for its physical one.
    """

    runs: dict[int, Any] = field(default_factory=dict)
    loads: dict[int, int] = field(default_factory=dict)
    stores: dict[int, int] = field(default_factory=dict)


class Keeper(Protocol):
    """Who is told which entries of page tables are relied on, by their physical addresses."""

    def relying(self, slot: int) -> None:
        """From now on."""

    def relieved(self, slot: int) -> None:
        """No longer."""


class Plain:
    """The CPU as bodies see it in a straight run.

    `is_code`: tells whether something was made of the instruction at a physical address.
    """

    __slots__ = (
        "_cpu",
        "_guard",
        "_is_code",
        "_keeper",
        "_loads",
        "_memory",
        "_physical",
        "_slots",
        "_spaces",
        "_stores",
        "_words",
        "r",
        "space",
    )

    def __init__(self, cpu: Cpu, is_code: Callable[[int], bool], keeper: Keeper) -> None:
        self.r: Final = cpu.r
        self._cpu: Final = cpu
        self._is_code: Final = is_code
        self._keeper: Final = keeper
        self._memory: Final = cpu.memory
        self._words: Final = cpu.memory.words
        self._guard: Final = cpu.memory.guard
        self._spaces: Final[dict[tuple[int, int], Space]] = {}
        self._slots: Final[dict[int, dict[int, _Users]]] = {}
        self._physical: Final = Space()
        self._enter(self._physical)
        cpu.memory.watch(Guard.TRANSLATED, self._written)

    # What bodies ask for

    def load(self, address: int) -> int:
        """Load a word."""
        try:
            add = self._loads[address >> PAGE_SHIFT]
        except KeyError:
            add = self._admit(address, Access.LOAD, self._loads)
        if address & 3:
            raise NotPlain
        return self._words[address + add >> 2]

    def store(self, address: int, word: int) -> None:
        """Store a word."""
        try:
            add = self._stores[address >> PAGE_SHIFT]
        except KeyError:
            add = self._admit(address, Access.STORE, self._stores)
        physical = address + add
        if address & 3:
            raise NotPlain
        if self._guard[physical >> PAGE_SHIFT]:
            self._store_guarded(physical, word)
        else:
            self._words[physical >> 2] = word

    def trap(self, *_trap: Any) -> NoReturn:
        """Leave it to the CPU."""
        raise NotPlain

    # Address spaces

    def look(self) -> Space:
        """See which address space accesses are in from now on."""
        r, space = self.r, self._physical
        if r[STATUS] & _VIRTUAL:
            space = self._virtual(r[PTBR], r[STATUS] & _MODE)
        if space is not self.space:
            self._enter(space)
        return space

    def _enter(self, space: Space) -> None:
        self.space, self._loads, self._stores = space, space.loads, space.stores

    def _virtual(self, ptbr: int, mode: int) -> Space:
        space = self._spaces.get((ptbr, mode))
        if space is None:
            if len(self._spaces) >= _MOST_SPACES:
                self._clear()
            space = self._spaces[ptbr, mode] = Space()
        return space

    def know(self, pc: int, run: Any) -> None:
        """Keep what was made of the code at an address that was fetched from just now."""
        space = self.space
        if not self.r[STATUS] & _VIRTUAL:
            space.runs[pc] = run
            return
        settled = self._cpu.mmu.settled(pc, Access.FETCH)
        if settled is not None:
            space.runs[pc] = run
            self._rely(settled[1], space.runs, None)

    def forget_runs(self) -> None:
        """Keep nothing of what was made of code."""
        for space in (self._physical, *self._spaces.values()):
            space.runs.clear()

    def forget(self) -> None:
        """Keep nothing."""
        self._clear()
        self.look()

    def _clear(self) -> None:
        self._memory.unguard(self._slots, Guard.TRANSLATED)
        for slots in self._slots.values():
            for slot in slots:
                self._keeper.relieved(slot)
        self._slots.clear()
        self._spaces.clear()
        self._physical.runs.clear()

    def _admit(self, address: int, access: Access, known: dict[int, int]) -> int:
        """Find out what to add to an address, and keep it for its page."""
        physical, slot = address, None
        if self.r[STATUS] & _VIRTUAL:
            settled = self._cpu.mmu.settled(address, access)
            if settled is None:  # mostly a page that was not accessed before
                raise NotPlain(lasting=False)
            physical, slot = settled
        if not MEMORY_START <= physical < self._memory.size:
            raise NotPlain
        add = known[address >> PAGE_SHIFT] = physical - address
        if slot is not None:
            self._rely(slot, known, address >> PAGE_SHIFT)
        return add

    def _rely(self, slot: int, known: _Known, page: int | None) -> None:
        """Have what is known of a page, or all, forgotten when an entry of a table is written."""
        slots = self._slots.setdefault(slot >> PAGE_SHIFT, {})
        if slot not in slots:
            slots[slot] = {}
            self._memory.guard[slot >> PAGE_SHIFT] |= Guard.TRANSLATED
            self._keeper.relying(slot)
        slots[slot][id(known), page] = known

    def _written(self, address: int, length: int) -> bool:
        slots = self._slots.get(address >> PAGE_SHIFT, {})
        for slot in [slot for slot in slots if address - 4 < slot < address + length]:
            for (_, page), known in slots.pop(slot).items():
                if page is None:
                    known.clear()
                else:
                    known.pop(page, None)
            self._keeper.relieved(slot)
        return bool(slots)

    def _store_guarded(self, physical: int, word: int) -> None:
        """Store where somebody is told, unless what is executed may be another for it."""
        slots = self._slots.get(physical >> PAGE_SHIFT, ())
        if physical in slots or self._is_code(physical):
            raise NotPlain
        self._memory.store(physical, word)
