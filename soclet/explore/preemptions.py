"""The preemption explorer: an interrupt falls due after each instruction of a region in turn.

It finds what goes wrong only where an interrupt comes at just one place.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final

from machine.events import Event, SerialInput, TimerDue
from soclet.errors import UserError
from soclet.explore.campaign import ALL, Explored, Share, Then, explore, situation
from soclet.testing.failure import Failure
from soclet.testing.machine_under_test import MachineUnderTest

_INTERRUPTS: Final[dict[str, Callable[[bytes], Event]]] = {
    "timer": lambda _data: TimerDue(),
    "serial": SerialInput,
}


@dataclass(frozen=True, slots=True)
class Preemption:
    """Executes so many instructions, and has an event come then."""

    event: Event

    def __call__(self, machine: MachineUnderTest, trial: int) -> None:
        """Disturb a machine."""
        machine.run_instructions(trial)
        machine.post(self.event)


def preemptions(
    machine: MachineUnderTest,
    *,
    start: int | str,
    end: int | str,
    then: Then,
    interrupt: str = "timer",
    data: bytes = b"!",
    jobs: int = 1,
    executor: Executor | None = None,
    share: Share = ALL,
) -> Explored:
    """Have an interrupt fall due before and after each instruction from `start` to `end` in turn.

    `then` goes on with the machine after that and judges it: it raises AssertionError (as what
    comes too late does), or returns False or a sentence, where it is wrong. interrupt: `timer`, or
    `serial`, whose line is given `data`. share: the part of all trials to run.

    Raises Failure with the earliest instruction for which it is wrong; the machine is then what it
    was in that trial, after `then`. Else it is left where the region starts.
    """
    __tracebackhide__ = True
    if interrupt not in _INTERRUPTS:
        raise UserError(f"no interrupt {interrupt!r}; there are {', '.join(_INTERRUPTS)}")
    if machine.pc != machine.symbols.address(start):
        machine.run_until(pc=start)
    before = machine.machine.cpu.executed
    saved = machine.snapshot()
    machine.run_until(pc=end)
    count = machine.machine.cpu.executed - before + 1
    machine.restore(saved)
    what = situation(machine, Preemption(_INTERRUPTS[interrupt](data)), then)
    found = explore(
        machine, what, count, jobs=jobs, executor=executor, share=share, label="preemptions"
    )
    if isinstance(found, Explored):
        return found
    machine.run_instructions(found.trial)
    where = f"tick {machine.time:,}, before pc {machine.places.show(machine.pc)}"
    what.fails(machine, found.trial)
    raise Failure(
        f"with the {interrupt} interrupt after {found.trial} of the {count - 1} instructions "
        f"from {start} to {end} ({where}): {found.why}"
    )
