"""Runs a machine in slices on the asyncio loop, and decides when the run ends.

Knows the machine, the serial line and the two clocks; must not know packets or files' formats.
Nothing here looks at host time except to be done with a slice and to pace sleep.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from machine.device import NEVER
from machine.engine import UNDECIDED, Decisions
from machine.events import SerialInput
from machine.machine import Machine
from machine.reason import Reason
from machine.watch import Watch
from soclet.goals import Bounds, FreeRun, Goal, Outcome
from soclet.lines.line import Line
from soclet.slices import SLICE_SECONDS, SliceSize

if TYPE_CHECKING:
    from machine.observers import Observers
    from soclet.travel.spacing import Spacing

MOST_SLICES: Final = 16
"""Slices between which nobody is served, where the engine is so fast that they take no time."""
COMMIT_SECONDS: Final = 0.1
TICKS_PER_SECOND: Final = 1_000_000
"""What the paced clock makes of sleep."""
MOST_INPUT: Final = 65_536
"""Bytes on the line beyond which a live client is not read."""


DEFAULT_HISTORY: Final = 256 << 20
"""Bytes that the past may take."""


class Clock(Enum):
    """How sleep passes (isa §3)."""

    VIRTUAL = "virtual"
    PACED = "paced"


class End(Enum):
    """How a run ended, by the word in the state file, with the status to exit with."""

    POWER_OFF = "power-off"
    LIMIT = "limit"
    CHECK_STOP = "check-stop"
    ASLEEP = "asleep"
    INTERRUPTED = "interrupted"
    REPLAYED = "replayed"
    DEPARTED = "departed"


EXIT_STATUS: Final = {
    End.LIMIT: 124,
    End.CHECK_STOP: 126,
    End.ASLEEP: 127,
    End.INTERRUPTED: 130,
}

_ENDS: Final = {
    Reason.POWER_OFF: End.POWER_OFF,
    Reason.CHECK_STOP: End.CHECK_STOP,
    Reason.ASLEEP: End.ASLEEP,
    Reason.LIMIT: End.LIMIT,
    Reason.REPLAYED: End.REPLAYED,
}


class Watcher(Protocol):
    """Who is told when a goal is reached: a debugger's side, where there is one."""

    @property
    def attached(self) -> bool:
        """Whether a debugger decides what happens next."""

    @property
    def reachable(self) -> bool:
        """Whether a debugger may still come."""

    @property
    def ready(self) -> bool:
        """Whether what the machine shows can be taken; while not, the machine waits."""

    def reached(self, outcome: Outcome) -> None:
        """The machine has stopped."""


@dataclass(frozen=True, slots=True)
class Nap:
    """A sleep by the paced clock: where it was at a host time, in seconds."""

    tick: int
    since: float


class Runner:
    """Owns the machine's progress: what it is to reach, and when it gets time.

    Also the serial line's owner (soclet.lines): what is typed goes to the machine from here.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        clock: Clock = Clock.VIRTUAL,
        limit: int = NEVER,
    ) -> None:
        self.machine: Final = machine
        self.clock = clock
        self.watcher: Watcher | None = None
        self.line: Line | None = None
        self.breakpoints: frozenset[int] = frozenset()
        self.decisions: Decisions = UNDECIDED
        self.watches: tuple[Watch, ...] = ()
        self.observers: Observers | None = None
        self.on_output: Callable[[bytes], None] = lambda _data: None
        self.on_replayed: Callable[[], None] = lambda: None
        self.on_present: Callable[[], None] = lambda: None
        self.on_slice: Callable[[], None] = lambda: None
        self.forgets_events = False
        """Whether nobody wants to know what came from outside, but for history."""
        self.end: End | None = None
        self._limit = limit
        self._goal: Goal | None = None
        self._spacing: Spacing | None = None
        self._slices = SliceSize()
        self._kicked = asyncio.Event()
        self._committed = time.monotonic()
        self._nap: Nap | None = None

    def remember(self, limit: int) -> None:
        """Keep a history from here on, in so many bytes."""
        from machine.history import History
        from soclet.travel.spacing import Spacing

        history = History(self.machine, limit)
        history.forgets_events = self.forgets_events
        self._spacing = Spacing(history)

    # What the machine is to do

    def start(self, goal: Goal | None = None) -> None:
        """Have the machine run towards a goal from the loop's next turn on."""
        self.machine.halted = False
        self._slices.begin()
        self._goal = goal or FreeRun()
        self._kicked.set()

    def halt(self) -> None:
        """Have the machine stand still, at once."""
        self._pass_nap()
        self._nap = None
        self._goal = None
        self.machine.halted = True
        self.machine.commit()
        self._kicked.set()

    def advance(self, goal: Goal, budget: int) -> Outcome:
        """Go on with a goal for one slice, now."""
        self._pass_nap()
        bounds = Bounds(
            self._limit,
            budget,
            self.clock is Clock.VIRTUAL,
            self.breakpoints,
            self.decisions,
            self.watches,
            self.observers,
        )
        repeated = self.machine.repeats
        executed, started = self.machine.cpu.executed, time.perf_counter()
        outcome = goal.advance(self.machine, bounds)
        executed, seconds = self.machine.cpu.executed - executed, time.perf_counter() - started
        self._slices.learn(executed, seconds)
        if self._spacing is not None:
            self._spacing.passed(executed, seconds)
        elif self.forgets_events:
            self.machine.log.forget(len(self.machine.log))
        if repeated and not self.machine.repeats:
            self.on_present()
        if outcome is Reason.REPLAYED:
            self.on_replayed()
        self._pump()
        self.on_slice()
        return outcome

    def finish(self, end: End) -> None:
        """End the run."""
        if self.end is None:
            self.end = end
        self._kicked.set()

    # The serial line's owner

    def received(self, data: bytes) -> None:
        """Put what was typed on the machine's line, at the tick that it has reached."""
        self._pass_nap()
        self.machine.post(SerialInput(data))
        self._hold_input()
        self._kicked.set()

    @property
    def input_waiting(self) -> int:
        """Bytes that the guest has not taken into RX yet."""
        return self.machine.serial.waiting

    def ready_changed(self) -> None:
        """The line or the debugger may be ready now, or the line's last input may have come."""
        self._kicked.set()

    def end_requested(self) -> None:
        """Somebody typed Ctrl-A x."""
        self.finish(End.INTERRUPTED)

    # The loop

    async def run(self) -> End:
        """Run the machine until it ends, or is ended. Raises NvramError where a commit fails."""
        self._hold_input()
        while self.end is None:
            self._kicked.clear()
            if self._goal is None or not self._heard():
                await self._stand_by()
                continue
            outcome = self._advance_for_a_slice(self._goal)
            if outcome is Reason.BUDGET:
                await self._give_way()
            elif outcome is Reason.ASLEEP and self._may_wake():
                await self._sleep()
            else:
                self._reached(outcome)
        self.machine.halted = True
        self._pump()
        self.machine.commit()
        return self.end

    def _advance_for_a_slice(self, goal: Goal) -> Outcome:
        """Go on with a goal for a slice's time: on a fast engine, that is several slices.

        They are not longer instead, since what is fast may become slow in the midst of one.
        """
        started = time.perf_counter()
        for _ in range(MOST_SLICES):
            outcome = self.advance(goal, self._slices.instructions)
            late = time.perf_counter() - started > SLICE_SECONDS / 2
            if late or outcome is not Reason.BUDGET or self.end is not None or not self._heard():
                break
        return outcome

    def _heard(self) -> bool:
        """Tell whether what the machine says is taken; else it pauses, which no guest can tell."""
        return (self.line is None or self.line.ready) and (
            self.watcher is None or self.watcher.ready
        )

    async def _give_way(self) -> None:
        """Let the loop serve its sockets.

        What came during a slice is found in the loop's first turn, but served after those who
        were waiting for that turn already: before the second.
        """
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    async def _stand_by(self) -> None:
        """Wait for something to do; what a debugger writes meanwhile reaches the NVRAM file."""
        if self.machine.nvram is None:
            await self._kicked.wait()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._kicked.wait(), COMMIT_SECONDS)
        self.machine.commit()

    def _reached(self, outcome: Outcome) -> None:
        if outcome is Reason.LIMIT:
            self.finish(End.LIMIT)
        if self.watcher is not None and self.watcher.attached:
            self.halt()
            self.watcher.reached(outcome)
        elif isinstance(outcome, Reason) and outcome in _ENDS:
            self.finish(_ENDS[outcome])

    def _pump(self) -> None:
        """Bring what the guest sent to the line, and its memory to the NVRAM file in time."""
        output = self.machine.take_output()
        if output:
            data = bytes(sent.byte for sent in output)
            self.on_output(data)
            if self.line is not None:
                self.line.write(data)
        if self.machine.nvram is not None and time.monotonic() - self._committed > COMMIT_SECONDS:
            self.machine.commit()
            self._committed = time.monotonic()
        self._hold_input()

    @property
    def _replaying(self) -> bool:
        """Whether the machine gets its input from a recording, and so from nobody else."""
        return self.machine.to_come is not None

    def _hold_input(self) -> None:
        if self.line is not None:
            self.line.hold_input(self._replaying or self.machine.serial.waiting > MOST_INPUT)

    # Sleep

    def _may_wake(self) -> bool:
        """Tell whether a sleeping machine is to be waited for."""
        live = self.line is not None and self.line.live and not self._replaying
        reachable = self.watcher is not None and self.watcher.reachable
        return live or self.machine.wake_tick() < NEVER or (reachable and not self._watched())

    def _watched(self) -> bool:
        return self.watcher is not None and self.watcher.attached

    def _next_wake(self) -> int:
        return min(self.machine.wake_tick(), self._limit)

    async def _sleep(self) -> None:
        """Wait on the host until something comes, or the paced clock wakes the machine."""
        timeout = None
        if self.clock is Clock.PACED:
            self._nap = Nap(self.machine.cpu.time, time.monotonic())
            wake = self._next_wake()
            if wake < NEVER:
                timeout = (wake - self.machine.cpu.time) / TICKS_PER_SECOND
        self.machine.commit()
        try:
            await asyncio.wait_for(self._kicked.wait(), timeout)
        except TimeoutError:
            # The host's clocks differ by a hair; the tick that was waited for has come. Unless
            # something else came with it: a halted machine's time stands still.
            if self._nap is not None and self.machine.cpu.asleep:
                self.machine.pass_time(self._next_wake())
            self._nap = None
        self._pass_nap()

    def _pass_nap(self) -> None:
        """Let the machine's time pass as far as the host's has since the nap began."""
        nap, self._nap = self._nap, None
        if nap is not None and self.machine.cpu.asleep:
            passed = int((time.monotonic() - nap.since) * TICKS_PER_SECOND)
            self.machine.pass_time(min(nap.tick + passed, self._next_wake()))
            self._nap = Nap(self.machine.cpu.time, nap.since + passed / TICKS_PER_SECOND)
