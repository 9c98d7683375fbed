"""The steps of a test in TOML: one function for each key, which does it.

Must not know files or TOML.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from soclet import quantities
from soclet.errors import UserError
from soclet.testing.console import Ticks
from soclet.testing.failure import Failure
from soclet.testing.machine_under_test import MachineUnderTest

Do = Callable[[MachineUnderTest, Any, int], None]
"""Does a step with a value, within so many ticks; raises Failure where it fails."""


class WrongStepError(Exception):
    """A step that means nothing: what would be right."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of step. `right` says which values it takes, and `takes` tells."""

    key: str
    right: str
    takes: Callable[[Any], bool]
    do: Do


KINDS: Final[dict[str, Kind]] = {}
"""The kinds of steps by their keys."""


def step(right: str, takes: Callable[[Any], bool]) -> Callable[[Do], Do]:
    """Declare the decorated function as what does the step of its name."""

    def declare(do: Do) -> Do:
        KINDS[do.__name__] = Kind(do.__name__, right, takes, do)
        return do

    return declare


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done with a machine, or expected of it: a key and a value."""

    key: str
    value: Any

    def __post_init__(self) -> None:
        kind = KINDS.get(self.key)
        if kind is None:
            raise WrongStepError(f"{self.key!r} means nothing; a step is one of {', '.join(KINDS)}")
        if not kind.takes(self.value):
            raise WrongStepError(f"{self.key} takes {kind.right}, not {self.value!r}")

    def do(self, machine: MachineUnderTest, ticks: int) -> None:
        """Do it within so many ticks; raise Failure where it fails."""
        KINDS[self.key].do(machine, self.value, ticks)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_pattern(value: Any) -> bool:
    try:
        return isinstance(value, str) and re.compile(value.encode()) is not None
    except re.error:
        return False


def _is_tick(value: Any) -> bool:
    try:
        return (
            isinstance(value, int | str) and value is not True and quantities.ticks_of(value) >= 0
        )
    except UserError:
        return False


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 0xFF


@step("a regular expression", _is_pattern)
def expect(machine: MachineUnderTest, pattern: str, ticks: int) -> None:
    """Run until the serial output matches."""
    machine.serial.expect(pattern, ticks=ticks)


@step("a text", _is_text)
def expect_exact(machine: MachineUnderTest, text: str, ticks: int) -> None:
    """Run until the serial output holds a text."""
    machine.serial.expect_exact(text, ticks=ticks)


@step("a text", _is_text)
def send(machine: MachineUnderTest, text: str, _ticks: int) -> None:
    """Type something."""
    machine.serial.send(text)


@step("a text", _is_text)
def sendline(machine: MachineUnderTest, line: str, _ticks: int) -> None:
    """Type a line."""
    machine.serial.sendline(line)


@step('a tick such as 5000 or "10k"', _is_tick)
def at(machine: MachineUnderTest, tick: Ticks, ticks: int) -> None:
    """Run up to a tick."""
    wanted = quantities.ticks_of(tick)
    if wanted < machine.time:
        raise Failure(f"tick {wanted:,} is over: the machine is at tick {machine.time:,}")
    machine.run(min(wanted - machine.time, ticks))
    if machine.time != wanted:
        raise Failure(f"tick {wanted:,} did not come: {machine.how_it_stands()}")


@step("true", lambda value: value is True)
def power_cycle(machine: MachineUnderTest, _true: bool, _ticks: int) -> None:
    """Switch off and on again."""
    machine.power_cycle()


@step("an image's file name", _is_text)
def flash(machine: MachineUnderTest, image: str, _ticks: int) -> None:
    """Write an image to memory."""
    try:
        machine.flash(image)
    except UserError as error:
        raise Failure(str(error)) from error


@step("a number from 0 to 255", _is_status)
def exit_status(machine: MachineUnderTest, status: int, ticks: int) -> None:
    """Run until the firmware switches the machine off, with this status."""
    given = machine.run_to_power_off(ticks=ticks)
    if given != status:
        raise Failure(f"the exit status is not {status}: {machine.how_it_stands()}")
