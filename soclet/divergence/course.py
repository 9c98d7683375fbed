"""A run that can be gone along by instructions, and gone back on: a machine that is fed its events.

Knows machines and marks; must not know what it is compared with. The machine is a scratch one.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from machine.events import EventLog, Position
from machine.machine import Machine
from machine.reason import Reason
from machine.snapshot import Snapshot
from soclet.capsule.events import Entry
from soclet.capsule.marks import Marker, State

Result = TypeVar("Result")

SLICE: Final = 16_384
"""Instructions after which others are given a turn: the slowest engine takes some 5 ms for them."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A point of a course to go back to: the machine, and how many events had come."""

    snapshot: Snapshot
    passed: int
    ended: bool


class Course:
    """What a machine does from where it is now up to an end, with the events that are to come.

    `attached`: whether it counts that a debugger is attached.
    """

    def __init__(
        self, machine: Machine, events: Sequence[Entry], end: Position, *, attached: bool = True
    ) -> None:
        self.machine: Final = machine
        self._events: Final = tuple(events)
        self._end: Final = end
        self._marker: Final = Marker(machine)
        self._attached: Final = attached
        self._ended = False
        self._feed(0)

    def _feed(self, passed: int) -> None:
        self.machine.feed(EventLog(self._events[passed:]), self._end)

    def advance(self, instructions: int) -> Generator[None, None, bool]:
        """Go on for so many instructions; tell whether the machine goes on after them."""
        cpu = self.machine.cpu
        last = cpu.executed + instructions
        while not self._ended:
            reason = self.machine.run(budget=min(SLICE, last - cpu.executed))
            if reason is Reason.REPLAYED:
                self._ended = True
            elif reason is Reason.BUDGET and cpu.executed < last:
                yield
            elif reason is not Reason.BRK:
                return reason is Reason.BUDGET
        return False

    def finish(self) -> None:
        """Go on to the end, or as far as the machine goes."""
        while at_once(self.advance(self._end.happened + 1)):
            pass

    @property
    def state(self) -> State:
        """What the machine is now, as far as it counts."""
        state = self._marker.state()
        return state if self._attached else state.unattached

    def keep(self) -> Kept:
        """Give the point that it has reached."""
        to_come = self.machine.to_come or 0
        return Kept(self.machine.snapshot(), len(self._events) - to_come, self._ended)

    def go_back(self, kept: Kept) -> None:
        """Go back to a point of this course, or of another that has come to the same one."""
        self.machine.restore(kept.snapshot)
        self._ended = kept.ended
        self._feed(kept.passed)


def at_once(work: Generator[None, None, Result]) -> Result:
    """Do work that gives others turns without any; give what comes of it."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
