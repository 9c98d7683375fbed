"""The machine as a target that goes backwards, too: back and forth in its history, and changing it.

Knows gdbstub's ability for that and the journeys that there are; must not know packets.
"""

from collections.abc import Callable
from dataclasses import replace

from gdbstub.target import Resume, Step, StopEvent, TargetError
from machine.events import Moment
from machine.history import History
from machine.reason import Reason
from soclet import goals
from soclet.debug_target import DebugTarget
from soclet.errands import Errand, Work
from soclet.errors import UserError
from soclet.goals import Outcome
from soclet.runner import Runner
from soclet.slices import FIRST_SLICE
from soclet.travel.excursion import Excursion
from soclet.travel.goal import Travel
from soclet.travel.steps import StepBack
from soclet.travel.stops import RunBack


class TravelTarget(DebugTarget):
    """A target whose history is kept, as far as its runner was told to."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        runner.on_present = self._tell_cpu
        self._travel: Travel | None = None
        self._errand: Errand | None = None
        self._stepped_from: Moment | None = None
        self._branches = 0

    @property
    def history(self) -> History:
        """What is kept of the past; raises TargetError where nothing is."""
        history = self.machine.history
        if history is None:
            raise TargetError("no history of this run is kept")
        return history

    def reverse_step(self) -> StopEvent | None:
        """Undo one instruction."""
        return self._set_out(StepBack(self.machine, self.history, self.step_interrupts))

    def reverse_continue(self) -> StopEvent | None:
        """Go back to the last breakpoint or watched access, or to the beginning of history."""
        return self._set_out(RunBack(self.machine, self.history))

    def _set_out(self, travel: Travel) -> StopEvent | None:
        """Begin to travel; what is near is reached at once."""
        self._power_off_told = False
        self._stepped_from = None
        self._travel = travel
        outcome = self.runner.advance(travel, FIRST_SLICE)
        if outcome is Reason.BUDGET:
            self.runner.start(travel)
            return None
        self._stop = self._event(outcome)
        return self._stop

    def travel(self, work: Callable[[Travel], Work]) -> str | None:
        """Do a command's work in history; None where it takes longer than a slice."""
        return self.carry_out(Excursion(self.machine, self.history, work))

    def carry_out(self, errand: Errand) -> str | None:
        """Do what a command is to do; None where it takes longer than a slice."""
        if self.runner.advance(errand, FIRST_SLICE) is Reason.BUDGET:
            self._errand = errand
            self.runner.start(errand)
            return None
        answer = _answer(errand)
        if isinstance(answer, TargetError):
            raise answer
        return answer

    def reached(self, outcome: Outcome) -> None:
        """The runner's goal was reached: tell the client, or what came of its command."""
        errand, self._errand = self._errand, None
        if errand is None:
            super().reached(outcome)
        elif self.server is not None:
            self.server.answered(_answer(errand))

    def give_up(self) -> None:
        """Leave a command's work: the machine is again where it was."""
        errand, self._errand = self._errand, None
        if errand is not None:
            self.runner.halt()
            errand.give_up()

    def resume_at(self, action: Resume, home: goals.Context | None) -> StopEvent | None:
        """Go on, and remember where a step began."""
        self._stepped_from = self.machine.moment if isinstance(action, Step) else None
        return super().resume_at(action, home)

    def arrived(self) -> None:
        """Somebody has gone to another moment, where the machine stands still."""
        self._begin()

    def interrupt(self) -> StopEvent:
        """Halt; a journey that is not over ends at what is known to be on its way."""
        stop = super().interrupt()
        self._leave_journey()
        return stop

    def abandon(self) -> None:
        """Leave the machine as it is; a journey ends as if it had been interrupted."""
        if self._travel is not None:
            self.runner.halt()
            self._leave_journey()
        super().abandon()

    def _leave_journey(self) -> None:
        travel, self._travel = self._travel, None
        if travel is not None:
            travel.give_up()

    def _show(self, text: str) -> None:
        """Show what a breakpoint's commands print, but not once more on a journey."""
        if self._travel is None:
            super()._show(text)

    def _event(self, outcome: Outcome) -> StopEvent:
        """Say a stop, after what has to be said of history."""
        self._travel = None
        history = self.machine.history
        if history is not None and self._stepped_from is not None:
            history.note_step(self._stepped_from)
            self._stepped_from = None
        stop, changed = super()._event(outcome), self._told_branch()
        return replace(stop, message=f"{changed}\n{stop.message}") if changed else stop

    def _told_branch(self) -> str:
        """Say, once, that the past was changed."""
        history = self.machine.history
        if history is None or history.branches == self._branches:
            return ""
        self._branches = history.branches
        return (
            "the machine was changed in its past: another future begins there, and what had come "
            "after is gone"
        )


def _answer(errand: Errand) -> str | TargetError:
    """Give what an errand has come to, for a client."""
    result = errand.result
    return TargetError(str(result)) if isinstance(result, UserError) else result
