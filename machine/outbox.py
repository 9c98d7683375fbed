"""The one door out: what has left the serial line, given to whoever takes it, once.

Knows the serial line. Must not know why the machine may do again what it has done.
"""

from dataclasses import dataclass
from typing import Final

from machine.serial import Serial


@dataclass(frozen=True, slots=True)
class Output:
    """A byte that left the serial line, and the tick at which it did."""

    tick: int
    byte: int


class Outbox:
    """Bytes on their way out, counted, so that those that leave again are known by their number."""

    def __init__(self, serial: Serial) -> None:
        self._serial: Final = serial
        self._taken = 0
        self._given = 0

    @property
    def departed(self) -> int:
        """How many bytes have left since the machine was made."""
        return self._taken + len(self._serial.sent)

    def take(self) -> list[Output]:
        """Give the bytes that have left since the last call, and were not given before."""
        sent, self._serial.sent = self._serial.sent, []
        known = max(0, self._given - self._taken)
        self._taken += len(sent)
        self._given = max(self._given, self._taken)
        return [Output(tick, byte) for tick, byte in sent[known:]]

    def go_back(self, departed: int) -> None:
        """Be where only so many bytes had left: those that leave again are not given again."""
        self._serial.sent.clear()
        self._taken = departed

    def begin_anew(self) -> None:
        """What leaves from here on is other than what was given, and is given too."""
        self._given = self.departed
