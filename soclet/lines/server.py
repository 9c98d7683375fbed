"""A line on a listening socket, tcp, telnet or unix: one console client at a time.

Knows sockets; what a client sees and what is kept for the next is ClientLine's.

A client has the line until it closes, or another comes after it has ended its input: `printf x
| nc` ends its input and reads on, but a client that went away altogether looks the same on tcp
until it is written to, and nobody should be kept out by it. So the newcomer takes over then.
"""

import asyncio
import contextlib
import errno
import os
import select
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from soclet.addresses import AddressError, check_exposure, parse, refusal, resolve, show
from soclet.lines.channel import Channel
from soclet.lines.client_line import ClientLine
from soclet.lines.connection import TcpChannel, discard_input, unacknowledged
from soclet.lines.farewell import Farewells
from soclet.lines.line import LineError, Owner
from soclet.lines.waiting import outwait

OCCUPIED: Final = b"soclet: another console is attached\r\n"

_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_REST_SECONDS: Final = 1.0
"""How long no client is accepted when the host has no descriptor left for one."""


class ServerLine(ClientLine):
    """The console behind a listening socket, which it owns; `forget` removes the socket's name.

    `channel` is what a client's connection is read and written by.
    """

    def __init__(
        self,
        owner: Owner,
        listener: socket.socket,
        announcement: str,
        channel: type[Channel],
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(owner)
        self.announcement: Final = announcement
        self._listener = listener
        self._kind = channel
        self._forget = forget
        self._farewells = Farewells()
        self._rest: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._listen()

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._closed:
            return
        if self._rest is not None:
            self._rest.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        self._forget()
        self._farewells.close()
        super().close()

    def _listen(self) -> None:
        self._rest = None
        self._loop.add_reader(self._listener, self._on_knock)

    def _on_knock(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _EXHAUSTED:
                self._loop.remove_reader(self._listener)
                self._rest = self._loop.call_later(_REST_SECONDS, self._listen)
            return
        connection.setblocking(False)
        if self._occupied():
            self._farewells.say(connection, OCCUPIED)
        else:
            self._detach()
            self._attach(self._channel_of(connection))

    def _occupied(self) -> bool:
        """Tell whether the client that is attached may still type."""
        if self._channel is None:
            return False
        poll = select.poll()
        poll.register(self._channel.descriptor, select.POLLRDHUP)
        return not poll.poll(0)

    def _channel_of(self, connection: socket.socket) -> Channel:
        if connection.family != socket.AF_UNIX:
            _tune(connection)
        return self._kind(
            connection.detach(),
            received=self._received,
            lost=self._detach,
            eased=self._eased,
        )

    def _close_descriptor(self, channel: Channel) -> None:
        discard_input(channel)
        os.close(channel.descriptor)

    async def _settled(self, channel: Channel) -> None:
        """Wait for a tcp client's host to have it all: input not read would make ours drop it."""
        channel.read(False)

        def left() -> int:
            if self._channel is not channel or channel.gone:
                return 0
            discard_input(channel)
            return unacknowledged(channel.descriptor)

        if isinstance(channel, TcpChannel):
            await outwait(left)


def _tune(connection: socket.socket) -> None:
    """Send each byte at once, and find out some day that a client's host is no more.

    Bytes that a client calls urgent stay in their place: telnet cuts its commands that way.
    """
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 8)


def open_tcp(argument: str, owner: Owner, allow_remote: bool) -> ServerLine:
    """Listen on `[HOST:]PORT`; every byte is passed as it is."""
    return _open_port(argument, owner, allow_remote, TcpChannel)


def open_telnet(argument: str, owner: Owner, allow_remote: bool) -> ServerLine:
    """Listen on `[HOST:]PORT` for clients that speak telnet."""
    from soclet.lines.telnet_channel import TelnetChannel

    return _open_port(argument, owner, allow_remote, TelnetChannel)


def _open_port(
    argument: str, owner: Owner, allow_remote: bool, channel: type[Channel]
) -> ServerLine:
    try:
        host, port = parse(argument)
        endpoint = resolve(host, port)[0]
        check_exposure(endpoint.host, allow_remote)
    except AddressError as error:
        raise LineError(str(error)) from error
    listener = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(endpoint.name)
        listener.listen()
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise LineError(str(refusal(error, host, port))) from error
    announcement = f"serial: listening on {show(*listener.getsockname()[:2])}"
    return ServerLine(owner, listener, announcement, channel)


def open_unix(argument: str, owner: Owner, _allow_remote: bool) -> ServerLine:
    """Listen on a socket of the file system that only its owner may connect to."""
    path = Path(argument)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        before = os.umask(0o177)
        try:
            listener.bind(argument)
        finally:
            os.umask(before)
        listener.listen()
        listener.setblocking(False)
        made = path.lstat()
    except LineError:
        listener.close()
        raise
    except (OSError, ValueError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or f"{error}; give another path"
        raise LineError(f"cannot listen on {argument!r}: {why}") from error
    return ServerLine(
        owner, listener, f"serial: listening on {argument}", Channel, lambda: _remove(path, made)
    )


def _remove_stale(path: Path) -> None:
    """Remove the socket that a process left behind when it died; refuse all else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise LineError(f"{path} is there and is no socket; give a path where nothing is")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        refused = probe.connect_ex(str(path))
    if refused != errno.ECONNREFUSED:
        raise LineError(f"{path} is in use: somebody listens there; give another path")
    path.unlink()


def _remove(path: Path, made: os.stat_result) -> None:
    """Remove the socket's file, unless another has taken its place."""
    with contextlib.suppress(OSError):
        if os.path.samestat(path.lstat(), made):
            path.unlink()
