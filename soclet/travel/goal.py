"""A goal that lies in the past: what takes a machine there and finds out where it is to stop.

Knows machines, their history and the slices that goals are advanced by; must not know packets.
"""

from collections.abc import Generator
from typing import Final

from machine.device import NEVER
from machine.engine import UNDECIDED
from machine.events import Moment
from machine.history import History
from machine.machine import Machine
from machine.reason import Reason
from soclet.goals import Bounds, Outcome

Way = Generator[None, None, Outcome]
"""A journey: it yields where a slice is over, and gives how the goal was reached."""

_LONG: Final = 10_000
"""Things done again after which the place that was reached is kept: it may be needed again."""


class Travel:
    """A goal that goes back and forth, whose way a subclass knows.

    `settled`: where one who does not want to wait any longer may be left, such as a moment after
    which there is nothing that was looked for.
    """

    def __init__(self, machine: Machine, history: History) -> None:
        self.machine: Final = machine
        self.history: Final = history
        self.settled = machine.moment
        self.bounds = Bounds(NEVER, 0, skip_sleep=True)
        self._way = self.way()

    def way(self) -> Way:
        """Go there."""
        raise NotImplementedError

    def advance(self, _machine: Machine, bounds: Bounds) -> Outcome:
        """Go on for a slice."""
        self.bounds = bounds
        try:
            next(self._way)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome
        return Reason.BUDGET

    def give_up(self) -> None:
        """Go to where one may be left, at once."""
        self._way.close()
        go_to(self.machine, self.history, self.settled)

    # What ways are made of

    def go(self, to: Moment) -> Generator[None]:
        """Go to a moment."""
        self.history.go(to)
        start = self.machine.position.happened
        yield from self._run_to_pause()
        if self.machine.position.happened - start > _LONG:
            self.history.keep()

    def run_to(self, moment: Moment) -> Generator[None]:
        """Do again all that happened up to a moment."""
        self.history.pause_at(moment)
        yield from self._run_to_pause()

    def _run_to_pause(self) -> Generator[None]:
        while (reason := (yield from self.run())) is not Reason.PAUSED:
            assert reason is Reason.BRK, reason

    def run(self, limit: int = NEVER, *, points: bool = False) -> Generator[None, None, Reason]:
        """Run until something stops the machine, with the debugger's points or without."""
        while True:
            bounds = self.bounds
            reason = self.machine.run(
                limit,
                bounds.budget,
                breakpoints=bounds.breakpoints if points else frozenset(),
                decisions=bounds.decisions if points else UNDECIDED,
                watches=bounds.watches if points else (),
            )
            if reason is not Reason.BUDGET:
                return reason
            yield


def go_to(machine: Machine, history: History, moment: Moment) -> None:
    """Go to a moment at once, however long that takes."""
    history.go(moment)
    while (reason := machine.run()) is not Reason.PAUSED:
        assert reason is Reason.BRK, reason
