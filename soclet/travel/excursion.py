"""A command's way through history, and back, with something to tell at the end.

Knows travels; must not know packets or any command.
"""

from collections.abc import Callable

from machine.history import History
from machine.machine import Machine
from soclet.errands import Work
from soclet.errors import UserError
from soclet.goals import Done
from soclet.travel.goal import Travel, Way


class Excursion(Travel):
    """Do work in history, then go to `settled`: where the machine was, unless the work moves that.

    The work may raise UserError. `result` is what came of it.
    """

    def __init__(self, machine: Machine, history: History, work: Callable[[Travel], Work]) -> None:
        self._work = work
        self.result: str | UserError = ""
        super().__init__(machine, history)

    def way(self) -> Way:
        """Do the work, and go where the machine is to be."""
        try:
            self.result = yield from self._work(self)
        except UserError as error:
            self.result = error
        if self.machine.moment != self.settled:
            yield from self.go(self.settled)
        return Done.ANSWERED
