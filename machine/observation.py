"""What has happened since observers were last told, and the telling.

Whoever notices something (the CPU, and probes around instructions) notes it here; it is told before
the next instruction. Knows registers and memory. Must not know engines.
"""

from typing import Final

from isa_spec.cpu import Registers
from isa_spec.formats import LENGTH
from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import ENTRY_BYTES, PAGE_SHIFT, table_base, table_length
from isa_spec.registers import PC, PTBR, STATUS
from isa_spec.words import WORD
from machine.happenings import (
    FLOW,
    Block,
    Entered,
    Happening,
    ModeChange,
    Store,
    TableStore,
    Trap,
)
from machine.memory import Guard, Memory
from machine.observers import NOBODY, Observers


class Observation:
    """No part of the state: a debugger's or a test's, as watchpoints are.

    asked: the kinds that the present run's observers asked for. notes: what has happened, in order,
    and is not told yet. stopped: what the last run was stopped for. block: where the block that is
    being executed began.
    """

    def __init__(self, registers: Registers, memory: Memory) -> None:
        self._r: Final = registers
        self._memory: Final = memory
        self._observers = NOBODY
        self._guarded: range | None = None
        self.asked: frozenset[type[Happening]] = NOBODY.asked
        self.notes: list[Happening] = []
        self.stopped: Happening | None = None
        self.block = 0
        memory.watch(Guard.OBSERVED, _keep)

    def begin(self, observers: Observers) -> None:
        """Have these observers told from now on, and nobody else."""
        self._observers = observers
        self.stopped = None
        if observers.asked != self.asked:
            self.asked = observers.asked
            self.follow()

    def follow(self) -> None:
        """Go on from where registers now say, which somebody outside may have changed."""
        self.block = self._r[PC]
        self.guard_stores()

    def guard_stores(self) -> None:
        """Have no store be plain that somebody asked for; again when ptbr is another."""
        if Store in self.asked:
            pages = range(len(self._memory.guard))
        elif TableStore in self.asked:
            table = self._table
            pages = range(table.start >> PAGE_SHIFT, -(-table.stop >> PAGE_SHIFT))
        else:
            pages = range(0)
        if pages != self._guarded:
            self._memory.unguard(self._guarded or range(0), Guard.OBSERVED)
            self._memory.guard_pages(pages, Guard.OBSERVED)
            self._guarded = pages

    @property
    def _table(self) -> range:
        """The bytes of memory that are the page table which ptbr names."""
        base = table_base(self._r[PTBR])
        if base < MEMORY_START:
            return range(0)
        return range(base, min(base + ENTRY_BYTES * table_length(self._r[PTBR]), self._memory.size))

    @property
    def flows(self) -> bool:
        """Whether somebody asked for what happens every few instructions."""
        return not FLOW.isdisjoint(self.asked)

    # Noting

    def note(self, happening: Happening) -> None:
        """Note what somebody may have asked for."""
        if type(happening) in self.asked:
            self.notes.append(happening)

    def note_store(self, time: int, address: int, word: int) -> None:
        """Note a store to memory that is about to happen."""
        kind = TableStore if address in self._table else Store
        self.note(kind(time, self._r[PC], address, self._memory.words[address >> 2], word))

    def note_entered(self, entered: Entered) -> None:
        """Note that registers are those of a trap or an interrupt that was entered."""
        r, pc = self._r, entered.pc
        if isinstance(entered, Trap):
            self.notes.clear()
            self.note_block(entered.time, pc, r[PC])
        elif self.block != pc:
            self.note_block(entered.time, (pc - LENGTH) & WORD, r[PC])
        self.block = r[PC]
        self.note(entered)
        self.note_mode(entered.time, pc, entered.status, r[STATUS])

    def note_block(self, time: int, pc: int, to: int) -> None:
        """Note that the instruction at pc ended a block."""
        self.note(Block(time, pc, self.block, to))
        self.block = to

    def note_mode(self, time: int, pc: int, before: int, after: int) -> None:
        """Note the status register's values around an instruction, where they differ."""
        if before != after:
            self.note(ModeChange(time, pc, before, after))

    def tell(self) -> bool:
        """Tell all notes to who asked for them; tell whether the run is to stop."""
        notes, self.notes = self.notes, []
        for note in notes:
            if self._observers.tell(note) and self.stopped is None:
                self.stopped = note
        return self.stopped is not None


def _keep(_address: int, _length: int) -> bool:
    """Go on guarding."""
    return True
