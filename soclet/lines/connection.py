"""What a socket's connection knows beyond its descriptor's bytes. Knows the host's tcp."""

import os
import termios
from functools import cached_property
from typing import Final

from soclet.lines.channel import READ_SIZE, Channel
from soclet.lines.scrollback import ScrollBack
from soclet.lines.waiting import count

_MOST_DISCARDED: Final = 64
"""Reads; a client that sends without end is not waited for."""


def unacknowledged(descriptor: int) -> int:
    """Bytes sent that the other host has not acknowledged, also once the connection is reset."""
    return count(descriptor, termios.TIOCOUTQ)


def discard_input(channel: Channel) -> None:
    """Read what is there: input that nobody has read would turn a close into a reset."""
    for _ in range(_MOST_DISCARDED):
        try:
            data = os.read(channel.descriptor, READ_SIZE)
        except OSError:
            return
        if not data:
            return


class TcpChannel(Channel):
    """A channel that also knows what its host took and never brought to the client.

    The host takes bytes for a client that has gone, and says so later: a reset comes back. What
    the other host did not acknowledge it did not get.
    """

    @cached_property
    def _recent(self) -> ScrollBack:
        return ScrollBack()

    def put_out(self, data: bytes) -> int:
        """Write, and remember as much of it as a scroll-back could show."""
        taken = super().put_out(data)
        self._recent.append(data[:taken])
        return taken

    def unsent(self) -> bytes:
        """What has not arrived, as far back as is remembered. To be asked once, at the end."""
        recent = self._recent.take()
        missing = min(unacknowledged(self.descriptor), len(recent))
        return recent[len(recent) - missing :] + super().unsent()
