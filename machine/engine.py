"""What an engine is: the one seam between a machine and whatever executes its instructions."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Protocol

from machine.reason import Reason

Decisions = Mapping[int, Callable[[], bool]]
"""Of some breakpoints, by address: whether to stop there. Asked before the instruction, with all
state exact, which it leaves as it is."""

UNDECIDED: Final[Decisions] = MappingProxyType({})
"""Every breakpoint stops."""


class Engine(Protocol):
    """Executes instructions; gives the same state as any other after the same number of them.

    An engine may take over from any other at any stop.
    """

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def report(self) -> str:
        """Its name, and what it has counted, in one line for people to read."""

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute until tick `until`, or something that `Cpu.attend` or a breakpoint says.

        A breakpoint stops before its instruction, also the first, unless it is in `decisions` and
        that says no; one of `Cpu.watches` before the instruction whose access it is. All state is
        exact on return. What the observers that `Cpu.observation` knows asked for is told to them
        before the next instruction.
        """

    def forget(self) -> None:
        """Drop everything made from memory's contents."""
