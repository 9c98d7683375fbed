"""How many instructions a slice may be, learned from what the last one took.

Knows seconds as it is told them; must not know machines. What happens in a machine does not depend
on its slices.
"""

from typing import Final

SLICE_SECONDS: Final = 0.001
"""What a slice is to take: until it is over, sockets wait, and with them Ctrl-C."""

FIRST_SLICE: Final = 256
"""Instructions that take no longer than that even where each has a condition to be decided, or is a
step by itself."""

LARGEST_SLICE: Final = 131_072
"""Instructions; the serial line keeps more scripted input than that ahead of the guest."""

_MOST_GROWTH: Final = 16


class SliceSize:
    """The size of the next slice, in `instructions`."""

    def __init__(self) -> None:
        self.instructions = FIRST_SLICE

    def begin(self) -> None:
        """Begin anew: what runs now may be a hundred times slower than what ran before."""
        self.instructions = FIRST_SLICE

    def learn(self, executed: int, seconds: float) -> None:
        """Choose the next size: at the speed of this slice, so that it takes what it is to take."""
        if executed > 0:
            fitting = int(executed * SLICE_SECONDS / max(seconds, 1e-9))
            most = min(LARGEST_SLICE, _MOST_GROWTH * self.instructions)
            self.instructions = max(FIRST_SLICE, min(fitting, most))
