"""A device wholly from outside the machine's package."""

# ruff: noqa: ARG002 - a device need not look at all that it is told

from isa_spec.memory_map import Port
from machine.device import NEVER

COUNT = Port("COUNT", 0x0101, "dice", load="how often it was thrown, and throws")
START_AT = Port("AT", 0x0102, "dice", store="the tick at which line 19 goes up")
LINE = 1 << 19


class Dice:
    """Counts the loads of a port, and raises its line at a tick that it is told."""

    name = "dice"
    ports = (COUNT, START_AT)

    def __init__(self) -> None:
        self.asked_until: list[int] = []
        self.reset()

    def reset(self) -> None:
        self.count, self.at = 0, NEVER

    def load(self, port, now):
        self.count += 1
        return self.count

    def store(self, port, word, now):
        self.at = word

    def peek(self, port, now):
        return self.count + 1

    def pending(self, now):
        return LINE if now >= self.at else 0

    def deadline(self, now, mask):
        return self.at if mask & LINE and now < self.at else NEVER

    def save(self, now):
        return self.count, self.at

    def restore(self, state):
        self.count, self.at = state
