"""What a machine is asked to do next: run, or take steps past whatever interrupts them.

A goal is advanced slice by slice and holds its own progress between slices. Knows machines;
must not know packets, sockets or host time.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from isa_spec.registers import PC, PTBR, SP, STATUS, Status
from machine.engine import Decisions
from machine.events import HoldInterrupts
from machine.machine import Machine
from machine.reason import Reason
from machine.watch import Watch

if TYPE_CHECKING:
    from machine.observers import Observers

LONGEST_HANDLER: Final = 1_000_000
"""Ticks after which a step gives up waiting for an interrupt's handler to return."""

MODE: Final = int(Status.KERNEL | Status.VIRTUAL)


class StepInterrupts(Enum):
    """What a step does with an interrupt that falls due (`monitor step-interrupts`)."""

    OVER = "over"
    INTO = "into"
    HOLD = "hold"


class Done(Enum):
    """How a goal was reached, where the machine itself had no reason to stop."""

    STEPPED = "stepped"
    IN_HANDLER = "in-handler"
    HANDLER_RUNS_ON = "handler-runs-on"
    AT_BEGIN = "at-begin"
    ANSWERED = "answered"


Outcome = Reason | Done
"""Reason.BUDGET: not there yet."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far one slice may go: see `Machine.run`."""

    limit: int
    budget: int
    skip_sleep: bool
    breakpoints: frozenset[int] = frozenset()
    decisions: Decisions = field(default_factory=dict)
    watches: tuple[Watch, ...] = ()
    observers: "Observers | None" = None

    def stop_at(self, pc: int) -> bool:
        """Tell whether a breakpoint at pc, where the machine is, stops it."""
        return pc in self.breakpoints and (pc not in self.decisions or self.decisions[pc]())


class Goal(Protocol):
    """Something a machine is to reach."""

    def advance(self, machine: Machine, bounds: Bounds) -> Outcome:
        """Go on for a slice."""


@dataclass(frozen=True, slots=True)
class FreeRun:
    """Run until something stops the machine."""

    def advance(self, machine: Machine, bounds: Bounds) -> Outcome:
        """Run for a slice."""
        return _run(machine, bounds, bounds.budget)


def _run(machine: Machine, bounds: Bounds, budget: int) -> Reason:
    return machine.run(
        bounds.limit,
        budget,
        breakpoints=bounds.breakpoints,
        decisions=bounds.decisions,
        watches=bounds.watches,
        observers=bounds.observers,
        skip_sleep=bounds.skip_sleep,
    )


def _run_one(machine: Machine, bounds: Bounds, *, skip_sleep: bool) -> Reason:
    """Execute one instruction; a breakpoint at it does not count."""
    return machine.run(
        bounds.limit,
        1,
        watches=bounds.watches,
        observers=bounds.observers,
        skip_sleep=skip_sleep,
    )


def _wake_up(machine: Machine, bounds: Bounds) -> Reason:
    """Let sleep pass up to the next instruction, without executing it."""
    return machine.run(bounds.limit, 0, observers=bounds.observers, skip_sleep=bounds.skip_sleep)


def _also_at(pc: int, bounds: Bounds) -> Bounds:
    """Have a run stop at pc, whatever is decided there."""
    decisions = {at: decide for at, decide in bounds.decisions.items() if at != pc}
    return replace(bounds, breakpoints=bounds.breakpoints | {pc}, decisions=decisions)


Context = tuple[int, int, int, int]
"""pc, sp, ptbr and mode: what a handler that returns gives back."""


def context_of(machine: Machine) -> Context:
    """Give the context that the machine is in."""
    r = machine.cpu.r
    return r[PC], r[SP], r[PTBR], r[STATUS] & MODE


@dataclass(slots=True)
class Step:
    """Execute one instruction, with interrupts treated as `interrupts` says.

    `interrupted` is where the machine is to return to while a handler is run to its end, or, with
    the step of a process that does not run, until its kernel has it go on.
    """

    interrupts: StepInterrupts = StepInterrupts.OVER
    interrupted: Context | None = None
    ticks_left: int = LONGEST_HANDLER

    def advance(self, machine: Machine, bounds: Bounds) -> Outcome:
        """Go on for a slice; a step without an interrupt is over within it."""
        spent = machine.cpu.executed
        while machine.cpu.executed - spent < bounds.budget:
            if self.interrupted is None:
                if self.interrupts is StepInterrupts.HOLD:
                    return self._execute_held(machine, bounds)
                awake = _wake_up(machine, bounds)
                if awake is not Reason.BUDGET:
                    return awake
                if machine.cpu.interrupt_due() is None:
                    return self._execute(machine, bounds)
                if self.interrupts is StepInterrupts.INTO:
                    machine.cpu.enter_interrupt()
                    return Reason.CHECK_STOP if machine.cpu.check_stopped else Done.IN_HANDLER
                self.interrupted = context_of(machine)
            outcome = self._run_handler(machine, bounds, self.interrupted)
            if outcome is not None:
                return outcome
        return Reason.BUDGET

    def _execute(self, machine: Machine, bounds: Bounds) -> Outcome:
        """Execute the instruction itself; breakpoints at it do not count."""
        outcome = _run_one(machine, bounds, skip_sleep=False)
        return Done.STEPPED if outcome in (Reason.BUDGET, Reason.ASLEEP) else outcome

    def _execute_held(self, machine: Machine, bounds: Bounds) -> Outcome:
        awake = _wake_up(machine, bounds)
        if awake is not Reason.BUDGET:
            return awake
        machine.post(HoldInterrupts(held=True))
        outcome = self._execute(machine, bounds)
        machine.post(HoldInterrupts(held=False))
        return outcome

    def _run_handler(self, machine: Machine, bounds: Bounds, home: Context) -> Outcome | None:
        """Run until the handler is back home; None when it is, or when there is more to run."""
        start = machine.cpu.time
        outcome = _run(machine, _also_at(home[0], bounds), min(bounds.budget, self.ticks_left))
        self.ticks_left -= max(0, machine.cpu.time - start)
        if outcome is Reason.BREAKPOINT and context_of(machine) == home:
            self.interrupted = None
            return None
        if outcome is Reason.BREAKPOINT and machine.cpu.r[PC] == home[0]:
            if bounds.stop_at(home[0]):
                return outcome
            outcome = _run_one(machine, bounds, skip_sleep=bounds.skip_sleep)
        if outcome is Reason.BUDGET and self.ticks_left <= 0:
            return Done.HANDLER_RUNS_ON
        return None if outcome is Reason.BUDGET else outcome


@dataclass(slots=True)
class RangeStep:
    """Step at least once and until pc is outside start ≤ pc < end (`vCont;r`).

    `step` is the first step; the others treat interrupts as it does.
    """

    start: int
    end: int
    step: Step = field(default_factory=Step)

    def advance(self, machine: Machine, bounds: Bounds) -> Outcome:
        """Step on for a slice."""
        spent = machine.cpu.executed
        while machine.cpu.executed - spent < bounds.budget:
            outcome = self.step.advance(machine, bounds)
            pc = machine.cpu.r[PC]
            if outcome is not Done.STEPPED or not self.start <= pc < self.end:
                return outcome
            if bounds.stop_at(pc):
                return Reason.BREAKPOINT
            self.step = Step(self.step.interrupts)
        return Reason.BUDGET
