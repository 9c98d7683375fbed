"""Faults of the world around a machine: a line that loses bytes, memory whose bits flip.

All of them follow from a seed, or are said outright. Must not know how machines are run.
"""

from dataclasses import dataclass, field
from random import Random

from machine.events import FlipBits


@dataclass(slots=True)
class Noise:
    """A serial line that now and then drops a byte, doubles it, or changes one bit of it.

    drop, double, corrupt: how probable that is, for each byte, from 0 to 1. The same seed does the
    same to the same bytes, however they are split.
    """

    seed: int
    drop: float = 0.0
    double: float = 0.0
    corrupt: float = 0.0
    _random: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if min(self.drop, self.double, self.corrupt) < 0 or self.drop + self.double > 1:
            raise ValueError("drop, double and corrupt are from 0 to 1, drop and double together")
        self._random = Random(self.seed)

    def pass_on(self, data: bytes) -> bytes:
        """Give what arrives of bytes that were sent."""
        return b"".join(map(self._pass_byte, data))

    def _pass_byte(self, byte: int) -> bytes:
        how, corrupts, bit = self._random.random(), self._random.random(), self._random.randrange(8)
        if corrupts < self.corrupt:
            byte ^= 1 << bit
        copies = 0 if how < self.drop else 2 if how < self.drop + self.double else 1
        return bytes([byte] * copies)


def seeded_flips(
    seed: int, count: int, *, ticks: range, addresses: range
) -> list[tuple[int, FlipBits]]:
    """Give so many flips of single bits, each with its tick, in their order; the same each time.

    ticks: from which ticks they are chosen. addresses: from which bytes of physical memory.
    """
    random = Random(seed)
    flips = [
        (random.choice(ticks), FlipBits(random.choice(addresses), 1 << random.randrange(8)))
        for _ in range(count)
    ]
    return sorted(flips, key=lambda flip: flip[0])
