"""How much is done for each figure, and what comes of it. Knows no server."""

from dataclasses import dataclass
from typing import Final, TypeAlias

Samples: TypeAlias = dict[str, list[float]]
"""What was measured in one round, by a short name; several samples where each counts."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a server is asked to do in one round.

    `bytes` are read and written by each packet that can; `payload` are those that `load` brings.
    `decided` and `host_decided` are how often a breakpoint's condition is evaluated, by the server
    and by gdb.
    """

    round_trips: int
    bytes: int
    interrupts: int
    payload: int
    decided: int
    host_decided: int


INTERRUPTS: Final = 200
"""Of all rounds together: the 99th percentile is to mean something."""


def work(rounds: int, scale: float) -> Work:
    """Give the work of one of so many rounds; `scale` makes all of it more or less."""

    def scaled(amount: float) -> int:
        return max(1, round(amount * scale))

    return Work(
        round_trips=scaled(2000),
        bytes=scaled(4e6),
        interrupts=scaled(INTERRUPTS / rounds),
        payload=scaled(4 << 20),
        decided=scaled(100_000),
        host_decided=scaled(1000),
    )
