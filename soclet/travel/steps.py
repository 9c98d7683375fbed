"""Undoing one instruction, with the interrupts' handlers that a step would have run to their ends.

Knows how a step treats interrupts, and finds out in history whether one came; must not know
packets.
"""

from collections.abc import Generator
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.registers import PC, SP, STATUS, Status
from isa_spec.words import WORD
from machine.events import Moment, Position
from machine.history import History
from machine.machine import Machine
from machine.observers import Observers
from machine.reason import Reason
from machine.trapped import Interrupt
from soclet.goals import LONGEST_HANDLER, MODE, Context, Done, StepInterrupts, context_of
from soclet.travel.goal import Travel, Way

_WINDOWS: Final = (1_000, 30_000, LONGEST_HANDLER)
"""How many things back to look for an interrupt whose handler has returned; the smallest first."""

_NEAR: Final = 500
"""Things before a moment at which another is kept: who goes back one step may go back more."""


class StepBack(Travel):
    """Undo the last instruction; where a debugger's step ended, that whole step.

    Unless steps stop in interrupts' handlers, one that had returned before the instruction is
    undone with it, so that going back does not dive into handlers either.
    """

    def __init__(self, machine: Machine, history: History, interrupts: StepInterrupts) -> None:
        self._interrupts = interrupts
        super().__init__(machine, history)

    def way(self) -> Way:
        """Go there."""
        now = self.machine.moment
        known = self.history.step_to(now)
        if known is not None and known.order >= self.history.begin.order:
            yield from self._go_near(known)
            return Done.STEPPED
        if self._is_first(now):
            return Done.AT_BEGIN
        to = self._before(now)
        yield from self._go_near(to)
        if self._interrupts is not StepInterrupts.INTO:
            while (entry := (yield from self._interrupted_at(to))) is not None:
                to = entry
                yield from self._go_near(to)
        return Done.STEPPED

    def _is_first(self, moment: Moment) -> bool:
        return moment.position.happened <= self.history.begin.position.happened

    def _before(self, moment: Moment) -> Moment:
        return self.history.before(moment.position.happened - 1)

    def _go_near(self, to: Moment) -> Generator[None]:
        """Go to a moment, and keep one shortly before it."""
        happened = to.position.happened - _NEAR
        frame = self.history.frame_before(to)
        if happened > max(frame.position.happened, self.history.begin.position.happened) + _NEAR:
            yield from self.go(self.history.before(happened))
            self.history.keep()
        yield from self.go(to)

    def _interrupted_at(self, to: Moment) -> Generator[None, None, Moment | None]:
        """Give where an interrupt was entered whose handler has returned to here; None if none."""
        machine = self.machine
        here = context_of(machine)
        enabled = machine.cpu.r[STATUS] & Status.INTERRUPTS
        if not (enabled and machine.cpu.interrupts) or self._is_first(to):
            return None
        yield from self.go(self._before(to))
        if (machine.cpu.r[PC] + LENGTH) & WORD == here[0]:
            yield from self.go(to)
            return None
        for window in _WINDOWS:
            first = max(self.history.begin.position.happened, to.position.happened - window)
            entry = yield from self._last_entry(self.history.before(first), to, here)
            if entry is not None:
                returns = yield from self._returns(entry, to, here)
                yield from self.go(to)
                return entry if returns else None
            if first == self.history.begin.position.happened:
                break
        return None

    def _last_entry(
        self, first: Moment, to: Moment, context: Context
    ) -> Generator[None, None, Moment | None]:
        """Give where the last interrupt was entered between two moments, in a context."""
        machine, entries = self.machine, list[Moment]()

        def entered(interrupt: Interrupt) -> bool:
            pc, sp, ptbr, mode = context
            same = (interrupt.pc, interrupt.ptbr, interrupt.status & MODE) == (pc, ptbr, mode)
            if same and machine.cpu.r[SP] == sp:
                at = Position(machine.position.happened - 1, interrupt.time)
                entries.append(Moment(at, len(machine.log)))
            return False

        yield from self.go(first)
        self.history.pause_at(to)
        reviewers = Observers().on(Interrupt, entered)
        while machine.run(budget=self.bounds.budget, reviewers=reviewers) is not Reason.PAUSED:
            yield
        return entries[-1] if entries else None

    def _returns(self, entry: Moment, to: Moment, home: Context) -> Generator[None, None, bool]:
        """Tell whether the handler of an interrupt that was entered first returns at a moment."""
        machine = self.machine
        yield from self.go(entry)
        self.history.pause_at(to)
        while True:
            # The interrupt is entered before the breakpoint counts.
            reason = machine.run(budget=self.bounds.budget, breakpoints=frozenset({home[0]}))
            if reason is Reason.PAUSED:
                return True
            if reason is Reason.BREAKPOINT:
                if context_of(machine) == home:
                    return False
                machine.run(budget=1)
            yield
