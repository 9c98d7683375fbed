"""What an engine is: the one seam between a machine and whatever executes its instructions."""

from typing import Protocol

from machine.cpu import Reason


class Engine(Protocol):
    """Executes instructions; gives the same state as any other after the same number of them.

    An engine may take over from any other at any stop.
    """

    name: str

    def run(self, until: int, breakpoints: frozenset[int]) -> Reason:
        """Execute until tick `until`, or something that `Cpu.attend` or a breakpoint says.

        A breakpoint stops before its instruction, also the first; one of `Cpu.watches` before the
        instruction whose access it is. All state is exact on return.
        """

    def forget(self) -> None:
        """Drop everything made from memory's contents."""
