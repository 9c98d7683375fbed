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

_SIOCOUTQNSD: Final = 0x894B
"""Linux (tcp(7) has its like): bytes taken for a connection and not sent on it."""


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

    A host takes bytes for a client that has gone; that nobody has them comes back only later. So
    what has not arrived is counted here, and is had back with what was never taken.
    """

    _reset = False

    @cached_property
    def _recent(self) -> ScrollBack:
        return ScrollBack()

    def take_in(self) -> bytes:
        """Read, and notice a reset."""
        try:
            return super().take_in()
        except ConnectionResetError:
            self._reset = True
            raise

    def put_out(self, data: bytes) -> int:
        """Write, notice a reset, and remember as much as a scroll-back could show."""
        try:
            taken = super().put_out(data)
        except ConnectionResetError:
            self._reset = True
            raise
        self._arrived(self._recent.append(data[:taken]))
        return taken

    def unsent(self) -> bytes:
        """What has not arrived, as far back as is remembered. To be asked once, at the end."""
        recent = self._recent.take()
        arrived = len(recent) - min(self._not_arrived(), len(recent))
        self._arrived(recent[:arrived])
        return recent[arrived:] + super().unsent()

    def _arrived(self, stream: bytes) -> None:
        """These bytes, the next in order, are not had back any more."""

    def _not_arrived(self) -> int:
        """Count what the other host does not have.

        One that closed acknowledges what came before it did, and nothing after. One that resets
        a connection which was open does so with bytes that it has and never acknowledged; only
        those that were not sent are certain.
        """
        if self._reset:
            return count(self.descriptor, _SIOCOUTQNSD)
        return unacknowledged(self.descriptor)
