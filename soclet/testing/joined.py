"""Two machines whose serial lines are joined: what one sends is typed to the other.

They take turns of a quantum of ticks, and a byte arrives at least a quantum after it was sent; so
what either does depends on neither which of them is run nor for how long at a time.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from machine.device import NEVER
from machine.reason import Reason
from soclet.errors import UserError
from soclet.testing.machine_under_test import MachineUnderTest
from soclet.testing.stops import NOWHERE, Stops

QUANTUM: Final = 1000


class Joined:
    """The line between two machines that are at the same tick.

    quantum: ticks of a turn. latency: ticks that a byte is under way, at least a quantum, and just
    that where it is not given. Raises UserError for values that cannot be.
    """

    def __init__(
        self,
        one: MachineUnderTest,
        other: MachineUnderTest,
        *,
        quantum: int = QUANTUM,
        latency: int | None = None,
    ) -> None:
        self._latency: Final = quantum if latency is None else latency
        self._quantum: Final = quantum
        if quantum < 1 or self._latency < quantum:
            raise UserError(
                f"a quantum of {quantum} ticks and a latency of {self._latency}: "
                "the quantum must be at least 1, the latency at least the quantum"
            )
        if one is other or one.joined or other.joined:
            raise UserError("two machines can be joined, each to one other")
        if one.time != other.time:
            raise UserError(
                f"machines can be joined at the same tick; they are at {one.time} and {other.time}"
            )
        self._other: Final = {one: other, other: one}
        self._sides: Final = {machine: _Side(machine, quantum) for machine in (one, other)}
        one.joined = other.joined = self

    def advance(self, machine: MachineUnderTest, limit: int, stops: Stops = NOWHERE) -> Reason:
        """Run one of them up to a tick of its own, or until something stops it (see Machine.run).

        The other follows, a turn behind at most. A machine's time passes in its sleep as long as a
        byte may still come; it is ASLEEP where none can.
        """
        __tracebackhide__ = True
        side, other = self._sides[machine], self._sides[self._other[machine]]
        while True:
            reason = self._take_turn(side, limit, stops)
            if reason is not None:
                return reason
            while other.turn < side.turn:
                ended = self._take_turn(other, NEVER, NOWHERE)
                if ended in (Reason.POWER_OFF, Reason.CHECK_STOP):
                    other.stand_still()
            if side.is_asleep and other.is_over and not side.arriving:
                machine.ended = Reason.ASLEEP
                return Reason.ASLEEP

    def resetting(self, machine: MachineUnderTest) -> None:
        """One of them is about to be reset: its time begins anew, that of the line does not."""
        self._carry(self._sides[machine])
        self._sides[machine].origin -= machine.time

    def _take_turn(self, side: "_Side", limit: int, stops: Stops) -> Reason | None:
        """Run a machine to the end of its turn; None where it got there, else why it did not."""
        __tracebackhide__ = True
        machine = side.machine
        while True:
            side.take_what_arrived()
            if machine.time >= limit:
                return Reason.LIMIT
            if side.now >= side.end:
                side.turn += 1
                return None
            until = min(limit, side.next_event)
            reason = machine.run_to(until, stops)
            self._carry(side)
            if reason is Reason.ASLEEP:
                machine.machine.pass_time(until)
                machine.ended = None
            elif reason is not Reason.LIMIT:
                return reason

    def _carry(self, side: "_Side") -> None:
        """Put what a machine has sent on its way to the other."""
        to = self._sides[self._other[side.machine]]
        for sent in side.machine.serial.take_sent():
            to.arriving.append((sent.tick - side.origin + self._latency, sent.byte))


@dataclass(eq=False, slots=True)
class _Side:
    """A machine on the line.

    turn: how many turns it has finished. origin: its own time at the line's tick 0. arriving: bytes
    under way to it, by the tick of the line at which they arrive.
    """

    machine: MachineUnderTest
    quantum: int
    turn: int = 0
    origin: int = 0
    arriving: deque[tuple[int, int]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.origin = self.machine.time
        self.machine.serial.take_sent()

    @property
    def now(self) -> int:
        """The line's tick that the machine is at."""
        return self.machine.time - self.origin

    @property
    def end(self) -> int:
        """The line's tick at which its turn ends."""
        return (self.turn + 1) * self.quantum

    @property
    def next_event(self) -> int:
        """The machine's tick at which its turn ends, or the next byte arrives."""
        arrives = self.arriving[0][0] if self.arriving else NEVER
        return self.origin + min(self.end, arrives)

    @property
    def is_asleep(self) -> bool:
        """Whether only a byte from the other can wake it."""
        return self.machine.machine.cpu.asleep and self.machine.machine.wake_tick() == NEVER

    @property
    def is_over(self) -> bool:
        """Whether it will do nothing more of itself."""
        off = self.machine.ended in (Reason.POWER_OFF, Reason.CHECK_STOP)
        return off or (self.is_asleep and not self.arriving)

    def take_what_arrived(self) -> None:
        """Type what has arrived by now."""
        while self.arriving and self.arriving[0][0] <= self.now:
            self.machine.serial.send(bytes([self.arriving.popleft()[1]]))

    def stand_still(self) -> None:
        """Let the line's time pass to the end of the turn for a machine that is off."""
        self.origin -= self.end - self.now
