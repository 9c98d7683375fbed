"""Running backwards: the last place at which a machine would have stopped, had it been asked to.

Knows how stops are looked for in history; must not know packets.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Final

from isa_spec.registers import PC
from machine.events import Moment
from machine.reason import Reason
from machine.watch import Watched
from soclet.goals import Done
from soclet.travel.goal import Travel, Way

_FEW: Final = 64
"""Things within which places to stop at are gone through one by one."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A place to stop at, and what for.

    It is before the instruction of a breakpoint, and after the access of a watchpoint, which going
    back would undo.
    """

    moment: Moment
    reason: Reason
    watched: Watched | None = None


class RunBack(Travel):
    """Go back to the last breakpoint, watched access or `brk`, or to the beginning of history.

    Breakpoints at where the machine is do not count; accesses by the last instruction do.
    """

    def way(self) -> Way:
        """Look from one kept moment to the next, the latest first."""
        now = until = self.machine.moment
        for start in reversed(self.history.frames):
            if start.order >= now.order and start != self.history.begin:
                continue
            found = yield from self._last(start, until, now)
            if found is not None:
                yield from self.go(found.moment)
                self.machine.cpu.watched = found.watched
                return found.reason
            self.settled = until = start
        yield from self.go(self.history.begin)
        return Done.AT_BEGIN

    def _last(
        self, start: Moment, until: Moment, now: Moment
    ) -> Generator[None, None, _Found | None]:
        """Give the last place to stop at from `start` on, before `until`."""
        yield from self.go(start)
        last = yield from self._next(until, now)
        # What is done again is halved as long as it is much: between two places there may be any
        # number of others.
        while last is not None and _between(last.moment, until) > _FEW:
            happened = last.moment.position.happened
            middle = self.history.before(happened + _between(last.moment, until) // 2)
            yield from self.go(middle)
            found = yield from self._next(until, now)
            if found is not None:
                last = found
            else:
                until = middle
        if last is not None:
            yield from self.go(last.moment)
        found = last
        while found is not None:
            last = found
            found = yield from self._next(until, now, after=found)
        return last

    def _next(
        self, until: Moment, now: Moment, *, after: _Found | None = None
    ) -> Generator[None, None, _Found | None]:
        """Give the next place to stop at, at which the machine then is, or just behind.

        `after`: the machine is there, which does not count.
        """
        machine = self.machine
        self.history.pause_at(until)
        if after is not None and after.reason is Reason.BREAKPOINT:
            others = self.bounds.breakpoints - {machine.cpu.r[PC]}
            reason = machine.run(budget=1, breakpoints=others, watches=self.bounds.watches)
        else:
            reason = yield from self.run(points=True)
        while True:
            match reason:
                case Reason.PAUSED:
                    return None
                case Reason.BREAKPOINT:
                    return _Found(machine.moment, reason)
                case Reason.WATCHPOINT:
                    watched = machine.cpu.watched
                    machine.run(budget=1)
                    return _Found(machine.moment, reason, watched)
                case Reason.BRK if machine.moment.order < now.order:
                    return _Found(machine.moment, reason)
            reason = yield from self.run(points=True)


def _between(earlier: Moment, later: Moment) -> int:
    return later.position.happened - earlier.position.happened
