"""A capsule on its way through a machine: how far it is, and whether all is as it was recorded.

Knows capsules and machines; must not know debuggers or command lines.
"""

from enum import Enum
from typing import Final

from machine.machine import Machine
from soclet.capsule import Capsule, Origin


class Verdict(Enum):
    """What became of a recording, once it has ended."""

    REPRODUCED = "reproduced"
    CHANGED = "changed"
    DIFFERENT = "different"


class Recording:
    """What a machine replays; the machine was made by the capsule and has not run yet.

    `verdict`: None until the end was reached.
    """

    def __init__(self, capsule: Capsule, machine: Machine) -> None:
        self.capsule: Final = capsule
        self._machine: Final = machine
        self._begin()

    def _begin(self) -> None:
        self.verdict: Verdict | None = None
        self._logged = len(self._machine.log)
        self._told = False

    def rewind(self) -> None:
        """Begin again."""
        self.capsule.rewind(self._machine)
        self._begin()

    @property
    def reason(self) -> str:
        """Why the recorded run ended."""
        return self.capsule.ending.reason or self.capsule.ending.ended

    @property
    def _changed(self) -> bool:
        """Whether anything came from outside that was not recorded, up to now or the end."""
        return len(self._machine.log) - self._logged != self._passed

    @property
    def _passed(self) -> int:
        return len(self.capsule.events) - (self._machine.to_come or 0)

    def end(self) -> None:
        """Compare the machine, which has come to the end just now, with what was recorded."""
        ending = self.capsule.ending
        if self._changed:
            self.verdict = Verdict.CHANGED
        elif (self._machine.position, self._machine.hash()) == (
            ending.position,
            ending.state_hash,
        ):
            self.verdict = Verdict.REPRODUCED
        else:
            self.verdict = Verdict.DIFFERENT

    def warning(self) -> str:
        """Say, once, that the machine was changed and does not replay the recorded run any more."""
        if self._told or self.verdict is not None or not self._changed:
            return ""
        self._told = True
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
            case Verdict.DIFFERENT:
                differs = "ends in another state than was recorded"
            case None:
                differs = f"stopped at {self._here}, before the recorded end at {self._there}"
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
            f"  end         {self._there}: {self.reason}",
        ]
        if self.verdict is not None:
            lines.append("  the end was reached: the machine is live")
        return "\n".join([f"at {self._here}", *lines])

    @property
    def _here(self) -> str:
        here = self._machine.position
        return f"tick {here.tick}, step {here.happened}"

    @property
    def _there(self) -> str:
        there = self.capsule.ending.position
        return f"tick {there.tick}, step {there.happened}"
