"""What a monitor command has done, slice by slice, where that takes time: a goal with an answer.

Knows slices and the machine's owner's errors; must not know any command, nor packets.
"""

from collections.abc import Generator
from typing import Final, Protocol

from machine.machine import Machine
from machine.reason import Reason
from soclet.errors import UserError
from soclet.goals import Bounds, Done, Outcome

Work = Generator[None, None, str]
"""What a command does: it yields where a slice is over, and gives what is to be told."""


class Errand(Protocol):
    """A goal that is reached once there is a `result`: what is to be told, or why it failed."""

    @property
    def result(self) -> str | UserError:
        """What came of it."""

    def advance(self, machine: Machine, bounds: Bounds) -> Outcome:
        """Go on for a slice."""

    def give_up(self) -> None:
        """Leave it, with the machine as it was before."""


class Aside:
    """Work that leaves the machine alone. It may raise UserError."""

    def __init__(self, work: Work) -> None:
        self._work: Final = work
        self.result: str | UserError = ""

    def advance(self, _machine: Machine, _bounds: Bounds) -> Outcome:
        """Go on for a slice."""
        try:
            next(self._work)
        except StopIteration as end:
            self.result = end.value
        except UserError as error:
            self.result = error
        else:
            return Reason.BUDGET
        return Done.ANSWERED

    def give_up(self) -> None:
        """Leave it."""
        self._work.close()
