"""A machine's history: moments that it can be brought back to, and from there to any other.

A frame holds the state at a moment but for memory; of memory, it holds what pages that were written
before the next frame held at the moment. So memory at a frame is what the first of it and all later
frames says of each page, and what nobody says anything of is as it is now. Between frames the
machine does again what it did, with the same events: each instruction is reached from the frame
before it.

Knows machines and memory's guards. Must not know host time, nor who wants to go where.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from isa_spec.paging import PAGE, PAGE_SHIFT
from machine.events import Event, HoldInterrupts, Moment, Position
from machine.memory import Guard
from machine.snapshot import CoreState

if TYPE_CHECKING:
    from machine.machine import Machine

_ZEROS: Final = bytes(PAGE)

_SPARSER: Final = 16
"""Frames may be as far apart as their age divided by this."""

_MOST_STEPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Frame:
    """A moment to come back to. before: what pages held there that were written before the next."""

    moment: Moment
    state: CoreState
    before: dict[int, bytes]


class History:
    """What a machine has done since this was made; `limit` is how many bytes it may take.

    Where that is not enough, the oldest is forgotten. A machine that was brought back `repeats`
    what it did until it has caught up with the present; an event from outside begins another
    future there, and what had come after is lost. `branches` counts these.

    forgets_events: what came from outside counts, too, and is forgotten with the oldest moments;
    else somebody wants all of it as long as the machine runs.
    on_branch: called where another future begins, before what it begins with.
    names: moments that somebody has named; those of a future that was lost are lost too.
    """

    def __init__(self, machine: "Machine", limit: int) -> None:
        self._machine: Final = machine
        self._memory: Final = machine.memory
        self._limit: Final = limit
        self.forgets_events = False
        self.branches = 0
        self.on_branch: Callable[[], None] = lambda: None
        self.begin_again()
        machine.memory.watch(Guard.REMEMBERED, self._about_to_be_written)
        machine.history = self

    def begin_again(self) -> None:
        """Forget everything; history begins here."""
        self._frames = [self._frame()]
        self._present: dict[int, bytes] = {}
        self._disturbed: set[int] = set()
        self._steps: dict[Moment, Moment] = {}
        self.names: dict[str, Moment] = {}
        self._moving = False
        self._memory.guard_all(Guard.REMEMBERED)

    def _frame(self, before: dict[int, bytes] | None = None) -> _Frame:
        return _Frame(self._machine.moment, self._machine.core_state(), before or {})

    # What there is

    @property
    def begin(self) -> Moment:
        """The first moment that can be reached."""
        return self._frames[0].moment

    @property
    def present(self) -> Moment:
        """The last moment that can be reached."""
        agenda, machine = self._machine.agenda, self._machine
        if agenda.present is None:
            return machine.moment
        return Moment(agenda.present, len(machine.log) + len(agenda.coming()))

    @property
    def frames(self) -> tuple[Moment, ...]:
        """The moments that are kept, in their order."""
        return tuple(frame.moment for frame in self._frames)

    @property
    def size(self) -> int:
        """How many bytes are kept: of memory's pages, and of what has come from outside."""
        pages = sum(map(len, (frame.before for frame in self._frames))) + len(self._present)
        return pages * PAGE + (self._machine.log.size if self.forgets_events else 0)

    def frame_before(self, moment: Moment) -> Moment:
        """Give the last moment that is kept, and is not after another, which history has."""
        return self._frames[self._index(moment)].moment

    def before(self, happened: int) -> Moment:
        """Give the last moment with so many things happened: just before the next of them.

        Where a debugger held interrupts back to execute that one, before it did; where time passes
        in sleep, before that but for what events say.
        """
        log, coming = self._machine.log, self._machine.agenda.coming()
        first = self.begin.events
        events = bisect_right(log, happened, first, key=lambda entry: entry[0].happened)
        if events == len(log):
            events += bisect_right(coming, happened, key=lambda entry: entry[0].happened)
        while events > first:
            position, event = (
                log[events - 1] if events <= len(log) else coming[events - len(log) - 1]
            )
            if position.happened < happened or event != HoldInterrupts(held=True):
                break
            events -= 1
        return Moment(Position(happened, 0), events)

    def note_step(self, begin: Moment) -> None:
        """A debugger's step began there and ends here: what was stepped over is undone with it."""
        if begin != self._machine.moment:
            self._steps[self._machine.moment] = begin
        if len(self._steps) > _MOST_STEPS:
            del self._steps[next(iter(self._steps))]

    def step_to(self, end: Moment) -> Moment | None:
        """Give where the debugger's step began that ended at a moment; None where none did."""
        return self._steps.get(end)

    def _index(self, moment: Moment) -> int:
        """Give the index of the last frame that is not after a moment."""
        return max(0, bisect_right(self._frames, moment.order, key=lambda f: f.moment.order) - 1)

    # Keeping

    @property
    def repeats(self) -> bool:
        """Whether the machine does again what it has done."""
        return self._machine.repeats

    def keep(self, reach: int = 0) -> int:
        """Keep this moment too; tell how many pages had been written since the last one.

        Older ones are thinned out, to no more than `reach` things apart: that is how much happens
        in the time that a person may be kept waiting.
        """
        if self.repeats:
            self._keep_in_the_past()
            return 0
        last = self._frames[-1]
        if last.moment != self._machine.moment:
            self._frames.append(self._frame())
            self._memory.guard_pages(last.before, Guard.REMEMBERED)
            self._thin_out(reach)
            self._stay_within_limit(reach)
        return len(last.before)

    def _keep_in_the_past(self) -> None:
        """Add a frame between others: any page that the one before tells of may change after it."""
        index = self._index(self._machine.moment)
        earlier = self._frames[index]
        if earlier.moment.order == self._machine.moment.order:
            return
        before = {page: self._read(page, data) for page, data in earlier.before.items()}
        self._frames.insert(index + 1, self._frame(before))

    def _read(self, page: int, known: bytes = _ZEROS) -> bytes:
        """Give what a page holds, as the same object as what is known where that is equal."""
        data = self._memory.read(page << PAGE_SHIFT, PAGE)
        return known if data == known else data

    def _about_to_be_written(self, address: int, _length: int) -> bool:
        page = address >> PAGE_SHIFT
        if self._moving or self.repeats:
            self._disturbed.add(page)
        else:
            before = self._frames[-1].before
            if page not in before:
                before[page] = self._read(page)
        return False

    def _thin_out(self, reach: int) -> None:
        """Merge neighbours that are close for their age: those a while ago need not be close."""
        frames = self._frames
        now = frames[-1].moment.position.happened
        kept = [frames[0]]
        for frame, after in pairwise(frames[1:]):
            age = now - after.moment.position.happened
            gap = after.moment.position.happened - kept[-1].moment.position.happened
            if gap <= min(age // _SPARSER, reach):
                _merge(kept[-1], frame)
            else:
                kept.append(frame)
        if len(frames) > 1:
            kept.append(frames[-1])
        self._frames = kept

    def _stay_within_limit(self, reach: int) -> None:
        while self.size > self._limit and len(self._frames) > 1:
            closest = self._closest(reach)
            if closest is None:
                del self._frames[0]
                if self.forgets_events:
                    self._machine.log.forget(self.begin.events)
            else:
                _merge(self._frames[closest - 1], self._frames.pop(closest))

    def _closest(self, reach: int) -> int | None:
        """Give the frame that is missed least: whose neighbours are closest for their age."""
        happened = [frame.moment.position.happened for frame in self._frames]
        gaps = {
            index: (happened[index + 1] - happened[index - 1])
            / (happened[-1] - happened[index + 1] + 1)
            for index in range(1, len(happened) - 1)
            if happened[index + 1] - happened[index - 1] <= reach
        }
        return min(gaps, key=lambda index: gaps[index], default=None)

    # Going

    def go(self, to: Moment) -> None:
        """Bring the machine near a moment; it then gets there, and stops PAUSED, as it runs.

        The moment is not before `begin`. Where it lies ahead, it is in what the machine repeats.
        """
        index, here = self._index(to), self._index(self._machine.moment)
        if index != here or self._machine.moment.order > to.order:
            self._move(index, here)
        self.pause_at(to)

    def pause_at(self, moment: Moment) -> None:
        """Have the machine stop PAUSED when it gets to a moment of what it repeats."""
        machine = self._machine
        left = len(machine.log) + (machine.to_come or 0) - moment.events
        machine.agenda.pause(moment.position, left)

    def _move(self, index: int, here: int) -> None:
        """Become what the machine was at a frame; `here` is the last one that it has passed."""
        frames = self._frames
        if index <= here:
            # What is not told of by any later frame has not changed since, up to the present.
            for page in _pages(frames[index:]):
                if page not in self._present:
                    self._present[page] = self._read(page)
            if not self.repeats:
                self._disturbed.update(frames[-1].before)
        changed = _pages(frames[index : here + 1] if index <= here else frames[here:index])
        contents = [self._contents(index), self._present]
        self._moving = True
        for page in changed:
            self._memory.replace(page, next(held[page] for held in contents if page in held))
        self._moving = False
        self._take_place(frames[index])

    def _take_place(self, frame: _Frame) -> None:
        """Be at a frame, with memory as it is there: what came since, in the log, comes again."""
        machine, present, events = self._machine, self._machine.position, frame.moment.events
        if events <= len(machine.log):
            machine.agenda.repeat(machine.log.take_back(events), present)
        else:
            machine.log.extend(machine.agenda.skip(events - len(machine.log)))
        machine.take_core_state(frame.state)

    def _contents(self, index: int) -> dict[int, bytes]:
        """Give what pages held at a frame, of those that changed between then and the last one."""
        held: dict[int, bytes] = {}
        for frame in reversed(self._frames[index:]):
            held.update(frame.before)
        return held

    def caught_up(self) -> None:
        """The machine does nothing again from here on."""
        before = self._frames[-1].before
        again = (page for page in self._disturbed if page not in before)
        self._memory.guard_pages(again, Guard.REMEMBERED)
        self._disturbed.clear()
        self._present.clear()

    def make_way_for(self, event: Event) -> None:
        """An event comes from outside: unless it is just the one that comes next, all else ends."""
        machine = self._machine
        if machine.repeats and machine.agenda.next_recorded() == (machine.position, event):
            machine.agenda.skip(1)
        elif machine.repeats:
            self._branch()

    def _branch(self) -> None:
        """Begin another future here: what had come after is forgotten."""
        machine = self._machine
        machine.agenda.forget_repetition()
        # What is due to have left by now had left, and was given, when the machine was here first.
        machine.serial.pending(machine.cpu.time)
        machine.outbox.begin_anew()
        del self._frames[self._index(machine.moment) + 1 :]
        here = machine.moment.order
        self._steps = {end: begin for end, begin in self._steps.items() if end.order <= here}
        self.names = {name: each for name, each in self.names.items() if each.order <= here}
        self.branches += 1
        self.caught_up()
        self.on_branch()


def _merge(earlier: _Frame, later: _Frame) -> None:
    """Have a frame tell of what the next one, which is dropped, tells of."""
    for page, data in later.before.items():
        earlier.before.setdefault(page, data)


def _pages(frames: Iterable[_Frame]) -> set[int]:
    return {page for frame in frames for page in frame.before}
