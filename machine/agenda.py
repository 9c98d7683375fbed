"""What is to come into a machine without anybody bringing it: events at ticks, and a recording.

Knows events and when each is due; must not know how a machine runs or how events are applied.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterable
from operator import itemgetter
from typing import Final

from isa_spec.traps import SERIAL_RX
from machine.device import NEVER
from machine.events import Event, Position, SerialInput


class Agenda:
    """Events that are due at ticks, and those of a recording, due at positions in their order.

    Whoever asks says where the machine is, and whether it is asleep: only in sleep does time pass
    without anything happening. A machine that does not follow its recording, since a debugger has
    changed it, gets each event as soon as it is past its position.
    """

    def __init__(self) -> None:
        self._timed: Final[list[tuple[int, Event]]] = []
        self._recorded: Final[deque[tuple[Position, Event]]] = deque()
        self._end: Position | None = None

    def at_tick(self, tick: int, event: Event) -> None:
        """Have an event due when time reaches a tick."""
        insort(self._timed, (tick, event), key=itemgetter(0))

    def record(self, entries: Iterable[tuple[Position, Event]], end: Position) -> None:
        """Have a recording's events due at their positions, and its end in place of any other."""
        self._recorded.clear()
        self._recorded.extend(entries)
        self._end = end

    def forget_recording(self) -> None:
        """Have nothing more of a recording due."""
        self._recorded.clear()
        self._end = None

    def clear(self) -> None:
        """Forget everything."""
        self._timed.clear()
        self.forget_recording()

    @property
    def idle(self) -> bool:
        """Whether nothing is to come."""
        return self._end is None and not self._timed

    @property
    def recorded(self) -> int | None:
        """How many events of the recording are to come; None once it has ended."""
        return None if self._end is None else len(self._recorded)

    def take_due(self, here: Position, *, asleep: bool) -> Event | None:
        """Give the next event that is due and forget it; None where none is."""
        if self._recorded and _reached(self._recorded[0][0], here, asleep):
            return self._recorded.popleft()[1]
        if self._timed and self._timed[0][0] <= here.tick:
            return self._timed.pop(0)[1]
        return None

    def take_end(self, here: Position, *, asleep: bool) -> bool:
        """Tell, once, that the recording ends here."""
        if self._end is None or self._recorded or not _reached(self._end, here, asleep):
            return False
        self._end = None
        return True

    def _next_recorded(self) -> Position | None:
        return self._recorded[0][0] if self._recorded else self._end

    def owes_interrupt(self, here: Position) -> bool:
        """Tell whether an interrupt that is due comes before the recording's next event.

        It takes no time, so no tick says when to stop after it.
        """
        coming = self._next_recorded()
        return coming is not None and coming.tick == here.tick and coming.happened > here.happened

    def next_tick(self, here: Position, *, asleep: bool) -> int:
        """Give the tick at which something is due if nothing else happens; NEVER where nothing."""
        tick = self._timed[0][0] if self._timed else NEVER
        coming = self._next_recorded()
        if coming is None or (asleep and coming.happened != here.happened):
            return tick
        if coming.tick > here.tick:
            return min(tick, coming.tick)
        # Time is to wrap before, or the machine does not follow its recording.
        return min(tick, here.tick + max(1, coming.happened - here.happened))

    def wake_tick(self, here: Position, mask: int, byte_ticks: int) -> int:
        """Give the tick at which something may end a sleep (isa §3); NEVER where nothing will.

        Input counts where the mask lets the serial line through. What a recording has next counts
        if it came in this very sleep.
        """
        coming = self._next_recorded()
        if coming is not None and coming.happened == here.happened:
            return coming.tick
        for tick, event in self._timed:
            if not isinstance(event, SerialInput):
                return tick
            if mask & SERIAL_RX.bit:
                return max(tick, here.tick) + byte_ticks
        return NEVER


def _reached(goal: Position, here: Position, asleep: bool) -> bool:
    if here.happened != goal.happened:
        return here.happened > goal.happened
    return not asleep or here.tick >= goal.tick
