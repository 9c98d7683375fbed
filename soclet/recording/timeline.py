"""Machine time for files in which time only goes on: a reset sets the machine's own to 0."""

from typing import Final

from machine.events import Reset
from machine.machine import Machine


class Timeline:
    """Gives ticks that never go back. After a reset they go on from the last that was given."""

    def __init__(self, machine: Machine) -> None:
        self._log: Final = machine.log
        self._events_seen = len(machine.log)
        self._last = 0
        self._added = 0

    def at(self, tick: int) -> int:
        """Give the tick of the file for one of the machine; they are asked for in order."""
        if len(self._log) != self._events_seen:
            news = self._log.after(min(self._events_seen, len(self._log)))
            if any(isinstance(event, Reset) for _, event in news):
                self._added = self._last
            self._events_seen = len(self._log)
        self._last = max(self._last, tick + self._added)
        return self._last
