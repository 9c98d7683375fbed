"""Output that goes one way: to standard output or a file, for as long as it is taken.

Knows channels and descriptors; must not know where input comes from.
"""

import contextlib
import os
import sys

from soclet.lines.channel import READ_SIZE, Channel
from soclet.lines.line import Owner


class Outlet:
    """A descriptor that is written to; None is one that is closed, where all is discarded.

    Where it takes no more, what comes is discarded and the run goes on, for its course must not
    depend on who watches. A reader that has seen enough (`| head -1`) is nothing to talk about;
    any other reason, such as a full disk, is said on standard error, once.
    """

    def __init__(
        self,
        owner: Owner,
        descriptor: int | None,
        name: str,
        *,
        most: int = READ_SIZE,
        owned: bool = False,
    ) -> None:
        self._owner = owner
        self._name = name
        self._owned = owned
        self._channel: Channel | None = None
        if descriptor is not None:
            self._channel = Channel(descriptor, lost=self._lost, eased=self._eased, most=most)

    @property
    def ready(self) -> bool:
        """Whether what was written is taken fast enough."""
        return self._channel is None or not self._channel.congested

    def write(self, data: bytes) -> None:
        """Write, or discard where nothing is taken any more."""
        if self._channel is not None:
            self._channel.write(data)

    async def finish(self) -> None:
        """Wait until all is taken, as long as there is progress; say where it was not."""
        channel = self._channel
        if channel is not None and not await channel.drained() and self._channel is channel:
            say(f"serial: {self._name} did not take the last {channel.backlog} bytes")

    def close(self) -> None:
        """Write no more."""
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.stop()
            if self._owned:
                os.close(channel.descriptor)

    def _eased(self) -> None:
        self._owner.ready_changed()

    def _lost(self) -> None:
        error = self._channel.error if self._channel is not None else None
        self.close()
        if error is not None and not isinstance(error, BrokenPipeError):
            say(f"serial: {self._name} takes no more output: {error.strerror}")
        self._owner.ready_changed()


def say(sentence: str) -> None:
    """Write a line to standard error, if there is one."""
    if sys.__stderr__ is not None:
        # Not by way of its buffer, where what cannot be written would be tried again at exit.
        with contextlib.suppress(OSError):
            os.write(2, f"{sentence}\r\n".encode())
