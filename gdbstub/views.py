"""Whose registers and memory a client sees: the target's own, or those of the thread it chose.

Knows nothing but how to ask for them; must not know packets.
"""

from dataclasses import dataclass
from typing import Protocol

from gdbstub.target import Threads


class View(Protocol):
    """What `Target` offers of itself, and `ThreadView` of a thread; see there."""

    def read_register(self, number: int) -> int | None:
        """The value of a register; None where it has none."""
        ...

    def write_register(self, number: int, value: int) -> None:
        """Change a register."""
        ...

    def read_memory(self, address: int, length: int) -> bytes:
        """The bytes from `address` on, as many as can be read."""
        ...

    def write_memory(self, address: int, data: bytes) -> None:
        """Write all of `data`, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class ThreadView:
    """The registers and memory of one thread; what it raises is the target's."""

    target: Threads
    thread: int

    def read_register(self, number: int) -> int | None:
        """The value of the thread's register."""
        return self.target.read_thread_register(self.thread, number)

    def write_register(self, number: int, value: int) -> None:
        """Change the thread's register."""
        self.target.write_thread_register(self.thread, number, value)

    def read_memory(self, address: int, length: int) -> bytes:
        """Read memory as the thread sees it."""
        return self.target.read_thread_memory(self.thread, address, length)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write memory as the thread sees it."""
        self.target.write_thread_memory(self.thread, address, data)
