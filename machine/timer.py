"""The timer: the current time, and the tick at which interrupt 16 becomes pending (isa §6)."""

from typing import Final

from isa_spec.memory_map import DEADLINE, TIME, Port
from isa_spec.traps import TIMER
from isa_spec.words import WORD
from machine.device import NEVER, DeviceState

_DISARMED: Final = (1 << 64) - 1
"""The deadline that is never reached, though time itself may get there."""


class Timer:
    """Two ports that are used twice each: 64 bits through a word, the low word first."""

    name = "timer"
    ports = (TIME, DEADLINE)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Disarm, and forget half-done pairs."""
        self.due = _DISARMED
        self._latched: int | None = None
        self._low: int | None = None

    def load(self, port: Port, now: int) -> int:
        """TIME: the low word first, which latches the high word, then that."""
        word = self.peek(port, now)
        self._latched = now >> 32 if self._latched is None else None
        return word

    def peek(self, port: Port, now: int) -> int:  # noqa: ARG002 - only TIME can be loaded
        """Give what the next load would."""
        return now & WORD if self._latched is None else self._latched

    def store(self, port: Port, word: int, now: int) -> None:  # noqa: ARG002 - a deadline is absolute
        """TIME: forget both pairs. DEADLINE: the low word first; the high word arms."""
        if port is TIME:
            self._latched = self._low = None
        elif self._low is None:
            self._low = word
        else:
            self.due = word << 32 | self._low
            self._low = None

    def pending(self, now: int) -> int:
        """Pending from the deadline on."""
        return TIMER.bit if now >= self.due != _DISARMED else 0

    def deadline(self, now: int, mask: int) -> int:
        """The deadline itself, where it lies ahead."""
        return self.due if mask & TIMER.bit and now < self.due != _DISARMED else NEVER

    def tell(self, now: int) -> list[str]:
        """Give the deadline, and which halves of pairs were used."""
        if self.due == _DISARMED:
            lines = ["the deadline is never"]
        elif now >= self.due:
            lines = [f"the deadline was tick {self.due}, {now - self.due} ago"]
        else:
            lines = [f"the deadline is tick {self.due}, {self.due - now} from now"]
        if self._low is not None:
            lines.append(f"half a deadline was stored: its low word, {self._low:#x}")
        if self._latched is not None:
            lines.append("half the time was loaded: the next load gives its high word")
        return lines

    def save(self, now: int) -> DeviceState:  # noqa: ARG002 - nothing moves by itself
        """Give the deadline and the half-done pairs."""
        return self.due, self._latched, self._low

    def restore(self, state: DeviceState) -> None:
        """Take back what `save` gave."""
        self.due, self._latched, self._low = state
