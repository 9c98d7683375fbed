"""Waits for what the host still holds of our output. Knows counts, not what is counted."""

import asyncio
import fcntl
import struct
from collections.abc import Callable
from typing import Final

from soclet.lines.channel import PATIENCE

_LOOK_SECONDS: Final = 0.01


def count(descriptor: int, request: int) -> int:
    """Ask a descriptor for a number of bytes: TIOCOUTQ, FIONREAD."""
    return int(struct.unpack("i", fcntl.ioctl(descriptor, request, bytes(4)))[0])


async def outwait(left: Callable[[], int]) -> None:
    """Wait while what is left becomes less; give up after `PATIENCE` seconds of no change.

    Nothing must be left twice in a row, for a host may have it nowhere while it moves it.
    """
    now, idle, waited = left(), 0, 0.0
    while waited < PATIENCE:
        idle = 0 if now else idle + 1
        if idle > 1:
            return
        await asyncio.sleep(_LOOK_SECONDS)
        before, now = now, left()
        waited = waited + _LOOK_SECONDS if now == before else 0.0
