"""What is to come into a machine without anybody bringing it: events at ticks, and a recording.

Knows events and when each is due; must not know how a machine runs or how events are applied.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter, itemgetter
from typing import Final

from isa_spec.traps import SERIAL_RX
from machine.device import NEVER
from machine.events import Event, Position, SerialInput


class Mark(Enum):
    """What is marked on the way through a recording; at one point, in this order."""

    PRESENT = "present"
    """How far the machine had come before it was brought back: from here on it is live."""
    PAUSE = "pause"
    """Where somebody wants it to stand still."""
    END = "end"
    """The end of what was recorded of another machine."""


@dataclass(frozen=True, slots=True)
class _Milestone:
    """A mark at a position, with so many of the recording's events still to come."""

    left: int
    position: Position
    mark: Mark

    @property
    def order(self) -> tuple[int, Position, int]:
        return -self.left, self.position, list(Mark).index(self.mark)


class Agenda:
    """Events that are due at ticks, and those of a recording, due at positions in their order.

    Whoever asks says where the machine is, and whether it is asleep: only in sleep does time pass
    without anything happening. A machine that does not follow its recording, since a debugger has
    changed it, gets each event as soon as it is past its position.
    """

    def __init__(self) -> None:
        self._timed: Final[list[tuple[int, Event]]] = []
        self._recorded: Final[deque[tuple[Position, Event]]] = deque()
        self._milestones: Final[list[_Milestone]] = []

    def at_tick(self, tick: int, event: Event) -> None:
        """Have an event due when time reaches a tick."""
        insort(self._timed, (tick, event), key=itemgetter(0))

    def record(self, entries: Iterable[tuple[Position, Event]], end: Position) -> None:
        """Have a recording's events due at their positions, and its end in place of any other."""
        self.forget_recording()
        self._recorded.extend(entries)
        self._set(_Milestone(0, end, Mark.END))

    def repeat(self, entries: list[tuple[Position, Event]], present: Position) -> None:
        """Have events come once more, before all others, up to where the machine is now."""
        if not self.repeats:
            self._set(_Milestone(len(self._recorded), present, Mark.PRESENT))
        self._recorded.extendleft(reversed(entries))

    def skip(self, count: int) -> list[tuple[Position, Event]]:
        """Give the recording's next events, so many, and have them not come."""
        return [self._recorded.popleft() for _ in range(count)]

    def pause(self, position: Position, left: int) -> None:
        """Mark where to stand still: with so many events to come; in place of any such mark."""
        self._unset(Mark.PAUSE)
        self._set(_Milestone(left, position, Mark.PAUSE))

    def _set(self, milestone: _Milestone) -> None:
        insort(self._milestones, milestone, key=attrgetter("order"))

    def _unset(self, mark: Mark) -> None:
        self._milestones[:] = [each for each in self._milestones if each.mark is not mark]

    def _has(self, mark: Mark) -> bool:
        return any(each.mark is mark for each in self._milestones)

    def forget_recording(self) -> None:
        """Have nothing more of a recording due."""
        self._recorded.clear()
        self._milestones.clear()

    def forget_repetition(self) -> None:
        """Be live from here on; what was recorded of another machine still comes."""
        if self._has(Mark.END):
            self._unset(Mark.PRESENT)
            self._unset(Mark.PAUSE)
        else:
            self.forget_recording()

    def clear(self) -> None:
        """Forget everything."""
        self._timed.clear()
        self.forget_recording()

    @property
    def idle(self) -> bool:
        """Whether nothing is to come."""
        return not self._milestones and not self._timed

    @property
    def repeats(self) -> bool:
        """Whether what comes next has come before."""
        return self._has(Mark.PRESENT)

    @property
    def recorded(self) -> int | None:
        """How many events are recorded and to come; None where none ever will."""
        return len(self._recorded) if self._has(Mark.PRESENT) or self._has(Mark.END) else None

    @property
    def present(self) -> Position | None:
        """Where the machine becomes live; None where it is."""
        return next((each.position for each in self._milestones if each.mark is Mark.PRESENT), None)

    def next_recorded(self) -> tuple[Position, Event] | None:
        """Give the recording's next event and its position; None where there is none."""
        return self._recorded[0] if self._recorded else None

    def coming(self) -> tuple[tuple[Position, Event], ...]:
        """Give the events that will come once more."""
        left = next((each.left for each in self._milestones if each.mark is Mark.PRESENT), 0)
        return tuple(self._recorded)[: len(self._recorded) - left] if self.repeats else ()

    def take_due(self, here: Position, *, asleep: bool) -> Event | None:
        """Give the next event that is due and forget it; None where none is."""
        if self._recorded and not self._marked and _reached(self._recorded[0][0], here, asleep):
            return self._recorded.popleft()[1]
        if self._next_timed <= here.tick:
            return self._timed.pop(0)[1]
        return None

    @property
    def _next_timed(self) -> int:
        """The tick of the next event that is due at one: that cannot have come before."""
        return self._timed[0][0] if self._timed and not self.repeats else NEVER

    @property
    def _marked(self) -> bool:
        """Whether there is a mark before the recording's next event."""
        return bool(self._milestones) and self._milestones[0].left >= len(self._recorded)

    def mark(self, here: Position, *, asleep: bool) -> Mark | None:
        """Give the mark that is reached here; None where none is."""
        if not self._marked or not _reached(self._milestones[0].position, here, asleep):
            return None
        return self._milestones[0].mark

    def pass_mark(self) -> None:
        """Forget the mark that was reached."""
        del self._milestones[0]

    def _next_position(self) -> Position | None:
        if self._marked:
            return self._milestones[0].position
        return self._recorded[0][0] if self._recorded else None

    def owes_interrupt(self, here: Position) -> bool:
        """Tell whether an interrupt that is due comes before the recording's next event or mark.

        It takes no time, so no tick says when to stop after it.
        """
        coming = self._next_position()
        if coming is None or coming.happened <= here.happened:
            return False
        at_once = coming.happened == here.happened + 1
        return coming.tick == here.tick or (at_once and coming.tick < here.tick)

    def next_tick(self, here: Position, *, asleep: bool) -> int:
        """Give the tick at which something is due if nothing else happens; NEVER where nothing."""
        tick = self._next_timed
        coming = self._next_position()
        if coming is None or (asleep and coming.happened != here.happened):
            return tick
        if coming.tick > here.tick:
            return min(tick, coming.tick)
        # No tick is known, or time is to wrap before, or the machine does not follow its recording.
        # Interrupts take no time, but between any two of them an instruction is executed.
        return min(tick, here.tick + max(1, (coming.happened - here.happened - 1) // 2))

    def wake_tick(self, here: Position, mask: int, byte_ticks: int) -> int:
        """Give the tick at which something may end a sleep (isa §3); NEVER where nothing will.

        Input counts where the mask lets the serial line through. What a recording has next counts
        if it came in this very sleep.
        """
        coming = self._next_position()
        if coming is not None and coming.happened == here.happened:
            return coming.tick
        for tick, event in () if self.repeats else self._timed:
            if not isinstance(event, SerialInput):
                return tick
            if mask & SERIAL_RX.bit:
                return max(tick, here.tick) + byte_ticks
        return NEVER


def _reached(goal: Position, here: Position, asleep: bool) -> bool:
    if here.happened != goal.happened:
        return here.happened > goal.happened
    return not asleep or here.tick >= goal.tick
