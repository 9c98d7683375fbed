"""Who wrote something last: a word of memory, or a register.

Knows history, and how a write is noticed as what happened is done again. Must not know what a
person is told of it.
"""

from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.paging import OFFSET, PAGE, PAGE_SHIFT
from isa_spec.registers import PC, PTBR, REGISTERS, STATUS
from isa_spec.words import WORD, WORD_BYTES
from machine.events import Event, Flash, FlipBits, Moment, Position, WriteMemory, WriteRegister
from machine.happenings import Block
from machine.machine import Machine
from machine.memory import Guard
from machine.observers import Observers
from machine.reason import Reason
from soclet.travel.goal import Travel

MOST_STEPS: Final = 3_000_000
"""Instructions that are gone through, block by block, for a register, at the most."""

_FIRST_WINDOW: Final = 256

_MOST_PIECES: Final = 4

_LONGEST_RUN: Final = 2 * PAGE // LENGTH
"""Instructions that an engine may execute without bringing time and pc up to date."""


class By(Enum):
    """Who wrote."""

    INSTRUCTION = "instruction"
    ENTRY = "entry"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Culprit:
    """A write: the state just before it, and the value that it changed, be it to the same."""

    by: By
    moment: Moment
    executed: int
    pc: int
    status: int
    ptbr: int
    before: int
    after: int
    event: Event | None = None


class Search:
    """Looks through a machine's past, and leaves it somewhere there."""

    def __init__(self, travel: Travel) -> None:
        self._travel: Final = travel
        self._machine: Final = travel.machine
        self._history: Final = travel.history
        self._now: Final = travel.machine.moment
        self._written: Final[dict[bytes, frozenset[int]]] = {}

    def word(self, address: int) -> Generator[None, None, Culprit | None]:
        """Give the last write to the word at a physical address of memory; None where none was."""
        value = self._machine.memory.words[address >> 2]
        until = self._now
        for start in reversed(self._history.frames):
            if start.order < until.order:
                yield from self._travel.go(start)
                writes = yield from self._writes(address, until)
                if writes:
                    last = writes[-1]
                    if last.by is By.INSTRUCTION:
                        last = yield from self._exact(address, last, until)
                    return replace(last, after=value)
                until = start
        return None

    def _writes(self, address: int, until: Moment) -> Generator[None, None, list[Culprit]]:
        """Go on to a moment, and give the writes to a word.

        Those by instructions may have come some instructions later: in the midst of a run, neither
        time nor pc are up to date.
        """
        machine, found = self._machine, list[Culprit]()
        # Those that write it by the length of the log once they are in it.
        events = {
            number: event
            for number, (_, event) in enumerate(machine.agenda.coming(), len(machine.log) + 1)
            if _covers(event, address)
        }

        def about_to_write(start: int, length: int) -> bool:
            if start < address + WORD_BYTES and address < start + length:
                old, event = machine.memory.words[address >> 2], events.pop(len(machine.log), None)
                found.append(self._culprit(By.OUTSIDE if event else By.INSTRUCTION, old, event))
            return True

        with self._seen(address, about_to_write):
            yield from self._travel.run_to(until)
        return found

    def _exact(self, address: int, write: Culprit, until: Moment) -> Generator[None, None, Culprit]:
        """Give the last of the writes that began to be done in a run with this one."""
        machine, last = self._machine, write
        yield from self._travel.go(write.moment)
        end = min(until.position.happened, write.moment.position.happened + _LONGEST_RUN)
        while machine.position.happened < end:
            # What comes from outside here is none of it, and is to have come.
            self._history.pause_at(until)
            machine.run(budget=0)
            here = self._culprit(By.INSTRUCTION, machine.memory.words[address >> 2])
            coming = Position(here.moment.position.happened + 1, 0)
            if (yield from self._writes(address, Moment(coming, here.moment.events))):
                last = here
        return last

    @contextmanager
    def _seen(self, address: int, watcher: Callable[[int, int], bool]) -> Iterator[None]:
        """Have writes to a page seen meanwhile."""
        memory, page = self._machine.memory, address >> PAGE_SHIFT
        # Nobody observes a machine while it is looked through.
        replaced = memory.watch(Guard.OBSERVED, watcher)
        memory.guard_pages([page], Guard.OBSERVED)
        try:
            yield
        finally:
            memory.unguard([page], Guard.OBSERVED)
            if replaced is not None:
                memory.watch(Guard.OBSERVED, replaced)

    def _culprit(self, by: By, before: int, event: Event | None = None) -> Culprit:
        machine = self._machine
        r = machine.cpu.r
        executed = machine.cpu.executed
        moment = machine.moment
        return Culprit(by, moment, executed, r[PC], r[STATUS], r[PTBR], before, before, event)

    def register(self, number: int) -> Generator[None, None, Culprit | None]:
        """Give the last write to a register; None where none was in the last MOST_STEPS."""
        history, window, until = self._history, _FIRST_WINDOW, self._now
        oldest = max(history.begin.position.happened, self._now.position.happened - MOST_STEPS)
        while until.position.happened > oldest:
            first = max(oldest, self._now.position.happened - window)
            start = history.begin
            if first > start.position.happened:
                start = history.before(first)
            yield from self._travel.go(start)
            pieces = yield from self._pieces(number, until)
            for begin, end in reversed(pieces):
                yield from self._travel.go(begin)
                found = yield from self._last_step(number, end)
                if found is not None:
                    return found
            if len(pieces) == _MOST_PIECES:
                until = pieces[0][0]
            else:
                until, window = start, window * 8
        return None

    def _pieces(
        self, number: int, until: Moment
    ) -> Generator[None, None, Sequence[tuple[Moment, Moment]]]:
        """Go on to a moment by blocks; give the last pieces of the way that may write a register.

        Those are the blocks with an instruction that names it, or after which it is another, or
        in which something came from outside; and what is in no block yet at the end.
        """
        machine, pieces = self._machine, deque[tuple[Moment, Moment]](maxlen=_MOST_PIECES)
        cpu, r = machine.cpu, machine.cpu.r
        begin, value, space = _here(machine), r[number], cpu.space

        def ended(block: Block) -> bool:
            nonlocal begin, value, space
            here = _here(machine)
            changed = r[number] != value or here[2] != begin[2]
            if changed or number in self._written_in(block, space):
                pieces.append((_moment(begin), _moment(here)))
            begin, value, space = here, r[number], cpu.space
            return False

        reviewers = Observers().on(Block, ended)
        self._history.pause_at(until)
        budget = self._travel.bounds.budget
        while machine.run(budget=budget, reviewers=reviewers) is not Reason.PAUSED:
            yield
        if _moment(begin).order < until.order:
            pieces.append((_moment(begin), until))
        return pieces

    def _written_in(self, block: Block, space: int | None) -> Collection[int]:
        """Give the registers that a block's instructions name and write; all where unknown."""
        machine, start = self._machine, block.start
        length = ((block.pc - start) & WORD) + LENGTH
        physical = start if space is None else machine.cpu.mmu.look(start, space)
        within = (start & OFFSET) + length <= PAGE
        if physical is None or not within or not machine.memory.holds(physical, length):
            return range(len(REGISTERS))
        code = machine.memory.read(physical, length)
        if code not in self._written:
            words = (code[at : at + LENGTH] for at in range(0, length, LENGTH))
            decoded = (machine.instructions.decode(int.from_bytes(w, "little")) for w in words)
            self._written[code] = frozenset(n for each in decoded if each for n in each.written)
        return self._written[code]

    def _last_step(self, number: int, until: Moment) -> Generator[None, None, Culprit | None]:
        """Go on to a moment step by step, and give the last one that wrote a register."""
        machine, last = self._machine, None
        r, slice_end = machine.cpu.r, machine.cpu.executed
        while machine.moment.order < until.order:
            if machine.cpu.executed >= slice_end:
                yield
                slice_end = machine.cpu.executed + self._travel.bounds.budget
            before, logged = r[number], len(machine.log)
            self._history.pause_at(until)
            machine.run(budget=0)
            if len(machine.log) > logged:
                events = [event for _, event in machine.log.after(logged)]
                writes = [each for each in events if _sets(each, number)]
                if writes or r[number] != before:
                    last = self._culprit(By.OUTSIDE, before, (writes or events)[-1])
                    last = replace(last, after=r[number])
                continue
            if machine.moment.order >= until.order:
                break
            last = (yield from self._step(number)) or last
        return last

    def _step(self, number: int) -> Generator[None, None, Culprit | None]:
        """Go on by one instruction or the entry of an interrupt; give it where it wrote."""
        machine = self._machine
        r = machine.cpu.r
        before, traps = r[number], len(machine.cpu.entered)
        if machine.cpu.interrupt_due():
            entering = self._culprit(By.ENTRY, before)
            machine.cpu.enter_interrupt()
            return replace(entering, after=r[number]) if r[number] != before else None
        stepping = self._culprit(By.INSTRUCTION, before)
        writes = number in self._written_at(r[PC])
        last = machine.cpu.entered[-1] if traps else None
        # Just it, without what comes from outside after it.
        here = machine.moment
        to = Moment(Position(here.position.happened + 1, 0), here.events)
        yield from self._travel.run_to(to)
        trapped = bool(machine.cpu.entered) and machine.cpu.entered[-1] is not last
        if trapped:
            entering = replace(stepping, by=By.ENTRY, after=r[number])
            return entering if r[number] != before else None
        return replace(stepping, after=r[number]) if writes or r[number] != before else None

    def _written_at(self, pc: int) -> tuple[int, ...]:
        """Give the registers that the instruction at pc names and writes."""
        machine = self._machine
        physical = machine.cpu.mmu.look(pc) if machine.cpu.space is not None else pc
        if physical is None or not machine.memory.holds(physical, 8):
            return ()
        word = int.from_bytes(machine.memory.read(physical, 8), "little")
        decoded = machine.instructions.decode(word)
        return () if decoded is None else tuple(decoded.written)


def _here(machine: Machine) -> tuple[int, int, int]:
    """Give where a machine is, as quickly as that can be had: see _moment."""
    cpu = machine.cpu
    return cpu.executed + cpu.interrupts, cpu.time, len(machine.log)


def _moment(here: tuple[int, int, int]) -> Moment:
    happened, tick, events = here
    return Moment(Position(happened, tick), events)


def _covers(event: Event, address: int) -> bool:
    """Tell whether an event writes a byte of the word at an address."""
    match event:
        case WriteMemory(start, data):
            writes = [(start, len(data))]
        case Flash(segments):
            writes = [(start, len(data)) for start, data in segments]
        case FlipBits(start, _):
            writes = [(start, 1)]
        case _:
            writes = []
    return any(start < address + WORD_BYTES and address < start + size for start, size in writes)


def _sets(event: Event, number: int) -> bool:
    return isinstance(event, WriteRegister) and event.number == number
