"""A line on a pseudoterminal, which a terminal program opens as it would a serial port.

Knows ptys; what a client sees and what is kept for the next is ClientLine's. Whoever has the
slave's side open is the client, one program or several: to us they look like one.
"""

import asyncio
import contextlib
import errno
import os
import select
import termios
import tty
from collections.abc import Iterator
from typing import Final

from soclet.lines.channel import READ_SIZE, Channel
from soclet.lines.client_line import ClientLine
from soclet.lines.line import LineError, Owner
from soclet.lines.waiting import count, outwait

_WATCH_SECONDS: Final = 0.1
"""How often to look whether somebody has come: no event tells it."""


class PtyLine(ClientLine):
    """The console behind the pty's master side, which it owns."""

    def __init__(self, owner: Owner, master: int, path: str) -> None:
        super().__init__(owner)
        self.announcement: Final = f"serial: pty {path}"
        self._master = master
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle
        self._on_watch()

    def write(self, data: bytes) -> None:
        """Send to the client, also to one that has come since the last look."""
        if not self._closed:
            self._greet()
        super().write(data)

    def close(self) -> None:
        """Take the pty away."""
        if self._closed:
            return
        self._watch.cancel()
        super().close()
        os.close(self._master)

    def _on_watch(self) -> None:
        """See whether somebody has come, or has come and gone.

        A pty that nobody has open is readable without end, as the loop sees it; so it is left to
        itself, and looked at now and again. That a client has gone is told by reading or writing.
        """
        self._watch = self._loop.call_later(_WATCH_SECONDS, self._on_watch)
        self._greet()
        if self._channel is None:
            self._hear_passer_by()

    def _greet(self) -> None:
        if self._channel is None and not hung_up(self._master):
            self._attach(self._new_channel())

    def _new_channel(self) -> Channel:
        return MasterChannel(
            self._master, received=self._received, lost=self._detach, eased=self._eased
        )

    def _hear_passer_by(self) -> None:
        """Take what was typed by somebody who came and left between two looks."""
        self._keep_input(self._new_channel())
        self._read_on()

    def _close_descriptor(self, _channel: Channel) -> None:
        """Make the pty as the first client found it, with what the last had not read kept."""
        if self._closed:
            return
        tty.setraw(self._master, termios.TCSANOW)
        self._scroll_back.put_back(self._unread())

    def _unread(self) -> bytes:
        """Take back what the host holds for a client: the next would find it before a gap."""
        unread = bytearray()
        with contextlib.suppress(OSError), self._slave() as slave:
            while data := os.read(slave, READ_SIZE):
                unread += data
        return bytes(unread)

    async def _settled(self, channel: Channel) -> None:
        """Wait for the client to read all: what it has not read is lost with the pty."""

        def left() -> int:
            if self._channel is not channel or hung_up(self._master):
                return 0
            with self._slave() as slave:
                return count(slave, termios.FIONREAD)

        await outwait(left)

    @contextlib.contextmanager
    def _slave(self) -> Iterator[int]:
        flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
        slave = os.open(self._path, flags)
        try:
            yield slave
        finally:
            os.close(slave)


class MasterChannel(Channel):
    """A pty's master side, which takes output though nobody has the slave open."""

    def put_out(self, data: bytes) -> int:
        """Write, unless there is nobody to read it."""
        if hung_up(self.descriptor):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().put_out(data)


def hung_up(master: int) -> bool:
    """Tell whether nobody has the slave open."""
    poll = select.poll()
    poll.register(master, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))


def open_pty(_argument: str, owner: Owner, _allow_remote: bool) -> PtyLine:
    """Make a pty that passes every byte as it is."""
    try:
        master, slave = os.openpty()
    except OSError as error:
        raise LineError(f"this host has no pty to give: {error.strerror}") from error
    path = os.ttyname(slave)
    # Not echoed from the first byte on; the setting outlasts the slave's being closed.
    tty.setraw(slave)
    os.close(slave)
    os.set_blocking(master, False)
    return PtyLine(owner, master, path)
