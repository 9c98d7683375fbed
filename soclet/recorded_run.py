"""A capsule on its way through a machine: how far it is, and whether all is as it was recorded.

Knows capsules and machines; must not know debuggers or command lines.
"""

from collections.abc import Callable, Iterator
from enum import Enum
from functools import partial
from itertools import accumulate
from typing import Final

from machine.events import EventLog, Look
from machine.machine import Machine
from soclet.capsule import Capsule, Origin
from soclet.capsule.events import Entry
from soclet.capsule.marks import Marker


class Verdict(Enum):
    """What became of a recording, once it has ended."""

    REPRODUCED = "reproduced"
    CHANGED = "changed"
    DIFFERENT = "different"


class Recording:
    """What a machine replays; the machine was made by the capsule and has not run yet.

    `verdict`: None until the end was reached. `reproduced`: how many marks the machine has been at
    as it was recorded. `departed`: whether it was not, at the next. `on_departure`: called where
    that is found out.
    """

    def __init__(self, capsule: Capsule, machine: Machine) -> None:
        self.capsule: Final = capsule
        self.on_departure: Callable[[], None] = lambda: None
        self._machine: Final = machine
        self._marker: Final = Marker(machine)
        self._entries: Final = [*self._events_and_looks()]
        logged = (not isinstance(event, Look) for _, event in self._entries)
        self._events_up_to: Final = [*accumulate(logged, initial=0)]
        self._begin()

    def _begin(self) -> None:
        self.verdict: Verdict | None = None
        self.departed = False
        self.reproduced = 0
        self._logged = len(self._machine.log)
        self._told = False
        self._machine.feed(EventLog(tuple(self._entries)), self.capsule.end)

    def _events_and_looks(self) -> Iterator[Entry]:
        """Give the events, and between them where to look whether all is as it was."""
        events, done = self.capsule.events, 0
        for number, mark in enumerate(self.capsule.marks):
            yield from events[done : mark.events]
            yield mark.position, Look(partial(self._compare, number))
            done = mark.events
        yield from events[done:]

    def _compare(self, number: int) -> None:
        if self.departed or self.changed:
            return
        mark = self.capsule.marks[number]
        if self._marker.mark(mark.events) == mark:
            self.reproduced = number + 1
        else:
            self.departed = True
            self.on_departure()

    def rewind(self) -> None:
        """Begin again."""
        self.capsule.rewind(self._machine)
        self._begin()

    @property
    def reason(self) -> str:
        """Why the recorded run ended."""
        return self.capsule.reason

    @property
    def changed(self) -> bool:
        """Whether anything came from outside that was not recorded, up to now or the end."""
        return len(self._machine.log) - self._logged != self._passed

    @property
    def _passed(self) -> int:
        return self._events_up_to[len(self._entries) - (self._machine.to_come or 0)]

    def end(self) -> None:
        """Compare the machine, which has come to the end just now, with what was recorded."""
        if self.changed:
            self.verdict = Verdict.CHANGED
            return
        same = not self.departed and self._ends_as_recorded()
        self.verdict = Verdict.REPRODUCED if same else Verdict.DIFFERENT

    def _ends_as_recorded(self) -> bool:
        ending = self.capsule.ending
        if ending is None:
            # The last mark is the end.
            return self.reproduced == len(self.capsule.marks)
        here = self._machine.position, self._machine.hash()
        return here == (ending.position, ending.state_hash)

    def warning(self) -> str:
        """Say, once, that what the machine does is not the recorded run any more."""
        if self._told or self.verdict is not None or not (self.changed or self.departed):
            return ""
        self._told = True
        if self.departed:
            return f"the replay {self.complaint()}"
        return (
            "the machine was changed, which the recorded one was not: from here on it may take "
            "another course"
        )

    def complaint(self) -> str:
        """Say what is wrong with the replay, once it is over; nothing where it reproduced the run.

        What is said begins in the midst of a sentence, after `the replay`.
        """
        match self.verdict:
            case Verdict.REPRODUCED:
                return ""
            case Verdict.CHANGED:
                return "is not the recorded run: a debugger has changed the machine"
            case _ if self.departed:
                at = self.capsule.marks[self.reproduced].position
                differs = f"is not what was recorded for {at}"
            case Verdict.DIFFERENT:
                differs = "ends in another state than was recorded"
            case None:
                differs = (
                    f"stopped at {self._machine.position}, "
                    f"before the recorded end at {self.capsule.end}"
                )
        return (
            f"{differs}; recorded by {self.capsule.origin}, replayed by {Origin.here()}: "
            "replay it with what recorded it"
        )

    def told_end(self) -> str:
        """Tell that the end was reached, why the run had ended, and what is wrong, in lines."""
        lines = [f"end of the recording: {self.reason}"]
        if complaint := self.complaint():
            lines.append(f"the replay {complaint}")
        return "\n".join(lines)

    def progress(self) -> str:
        """Tell how far the machine is, in lines."""
        events = len(self.capsule.events)
        lines = [
            f"  recorded    by {self.capsule.origin}",
            f"  events      {self._passed} of {events} have come",
            f"  end         {self.capsule.end}: {self.reason}",
        ]
        if self.verdict is not None:
            lines.append("  the end was reached: the machine is live")
        return "\n".join([f"at {self._machine.position}", *lines])
