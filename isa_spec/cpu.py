"""What an instruction's body may ask of the CPU: the seam between meaning and machine.

A body that takes the registers alone (`r`) can neither trap nor jump nor touch memory; one that
takes the `cpu` is given a machine whose state is exact. Engines rely on that difference.
"""

from typing import NoReturn, Protocol

from isa_spec.traps import Vector

Registers = list[int]
"""The registers by number. A body may leave any integer that fits a word; what a system register
does not keep of it, the engine cuts off."""


class Cpu(Protocol):
    """The CPU as a body sees it.

    While a body runs, `r[PC]` is the address of its instruction and `next` that of the next
    one; a body jumps by setting `next`. Bodies call whatever may trap before they change
    anything, so that an instruction that traps changes nothing (isa §2).
    """

    r: Registers
    next: int

    def load(self, address: int) -> int:
        """Load the word at an address, as the program sees it; may trap."""

    def store(self, address: int, word: int) -> None:
        """Store a word at an address, as the program sees it; may trap."""

    def trap(self, vector: Vector, detail: int) -> NoReturn:
        """Give the instruction up and enter a trap."""

    def sleep(self) -> None:
        """Sleep, once this instruction has completed, until an interrupt is let through."""

    def breakpoint(self) -> None:
        """Complete and stop in the debugger; trap where none is attached."""
