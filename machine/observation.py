"""What has happened since observers were last told, and the telling.

Whoever notices something (the CPU, and probes around instructions) notes it here; it is told before
the next instruction. Loaded only where somebody observes. Knows registers and memory. Must not know
engines.
"""

from typing import Final

from isa_spec.cpu import Registers
from isa_spec.formats import LENGTH
from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import ENTRY_BYTES, PAGE_SHIFT, table_base, table_length
from isa_spec.registers import PC, PTBR, STATUS
from isa_spec.traps import Access
from isa_spec.words import WORD
from machine.happenings import (
    FLOW,
    Block,
    ModeChange,
    PortLoad,
    PortStore,
    Sleep,
    Store,
    TableStore,
    Wake,
)
from machine.memory import Guard, Memory
from machine.observers import Observers
from machine.trapped import Entered, Happening, Trap


class Observation:
    """What a run's observers are told. No part of the state, as watchpoints are not.

    observers: whom it is for. asked: the kinds that they asked for. flows: whether those that
    happen every few instructions are among them; stores: whether stores are. notes: what has
    happened, in order, and is not told yet. stopped: what the last run was stopped for.
    """

    def __init__(self, observers: Observers, registers: Registers, memory: Memory) -> None:
        self.observers: Final = observers
        self.asked: Final = observers.asked
        self.flows: Final = not FLOW.isdisjoint(self.asked)
        self.stores: Final = TableStore in self.asked
        self.notes: list[Happening] = []
        self.stopped: Happening | None = None
        self._r: Final = registers
        self._memory: Final = memory
        self._guarded = range(0)
        memory.watch(Guard.OBSERVED, _keep)
        self.follow()

    def follow(self) -> None:
        """Go on from where registers now say, which somebody outside may have changed."""
        self._block = self._r[PC]
        self.guard_stores()

    def guard_stores(self) -> None:
        """Have no store be plain that somebody asked for; again when ptbr is another."""
        pages = range(0)
        if Store in self.asked:
            pages = range(len(self._memory.guard))
        elif self.stores:
            table = self._table
            pages = range(table.start >> PAGE_SHIFT, -(-table.stop >> PAGE_SHIFT))
        if pages != self._guarded:
            self.release()
            self._memory.guard_pages(pages, Guard.OBSERVED)
            self._guarded = pages

    def release(self) -> None:
        """Guard no store any more."""
        self._memory.unguard(self._guarded, Guard.OBSERVED)

    @property
    def _table(self) -> range:
        """The bytes of memory that are the page table which ptbr names."""
        base, length = table_base(self._r[PTBR]), table_length(self._r[PTBR])
        if base < MEMORY_START:
            return range(0)
        return range(base, min(base + ENTRY_BYTES * length, self._memory.size))

    def tell(self) -> bool:
        """Tell all notes to who asked for them; tell whether the run is to stop."""
        notes, self.notes = self.notes, []
        for note in notes:
            if self.observers.tell(note) and self.stopped is None:
                self.stopped = note
        return self.stopped is not None

    # What is noted, by whoever notices it

    def note(self, happening: Happening) -> None:
        """Note something, if somebody asked for it."""
        if type(happening) in self.asked:
            self.notes.append(happening)

    def entered(self, entered: Entered) -> None:
        """Registers are those of a trap or an interrupt that was just entered."""
        r, pc = self._r, entered.pc
        if isinstance(entered, Trap):
            self.notes.clear()
            self.block_ended(entered.time, pc, r[PC])
        elif self._block != pc:
            self.block_ended(entered.time, (pc - LENGTH) & WORD, r[PC])
        self._block = r[PC]
        self.note(entered)
        self.mode_is(entered.time, pc, entered.status, r[STATUS])

    def block_ended(self, time: int, pc: int, to: int) -> None:
        """The instruction at pc was the last of a block."""
        self.note(Block(time, pc, self._block, to))
        self._block = to

    def mode_is(self, time: int, pc: int, before: int, after: int) -> None:
        """Status has these values before and after an instruction."""
        if before != after:
            self.note(ModeChange(time, pc, before, after))

    def storing(self, time: int, address: int, word: int) -> None:
        """The instruction at pc is about to store to memory."""
        kind = TableStore if address in self._table else Store
        self.note(kind(time, self._r[PC], address, self._memory.words[address >> 2], word))

    def used_port(self, time: int, access: Access, address: int, word: int) -> None:
        """The instruction at pc has used a port."""
        kind = PortLoad if access is Access.LOAD else PortStore
        self.note(kind(time, self._r[PC], address, word))

    def fell_asleep(self, time: int) -> None:
        """The instruction at pc has put the CPU to sleep."""
        self.note(Sleep(time, self._r[PC]))

    def woke(self, time: int) -> None:
        """Sleep has ended."""
        self.note(Wake(time, self._r[PC]))


def _keep(_address: int, _length: int) -> bool:
    """Go on guarding."""
    return True
