"""A target behind a TCP port: the only module here that knows asyncio.

Knows sockets, and that one debugger is served at a time; must not know a packet. It lives on the
loop of its owner: nothing here waits for a client, and a target is called from that loop only.
"""

import asyncio
import socket
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, cast

from gdbstub.session import PACKET_SIZE, Session
from gdbstub.target import StopEvent, Target

MOST_UNSENT: Final = 0x10_0000
"""Bytes that a client may leave unread before it is answered no further."""

MOST_SHOWN: Final = 0x400_0000
"""Bytes that it may leave unread of what is shown to it all the same, before it is cut off."""

FAREWELL_SECONDS: Final = 2.0
"""How long a connection that was told to go may take to read its last bytes."""

MOST_KNOCKS: Final = 100
"""Turns of the loop that a newcomer waits for the present client's last bytes to be read."""


class Server:
    """Listens on one address and gives each debugger, one after the other, its session.

    Made by `serve`. `target` is what they debug.
    """

    def __init__(self, target: Target, *, packet_size: int, run_length: bool, busy: str) -> None:
        self.target = target
        self._packet_size = packet_size
        self._run_length = run_length
        self._busy = busy
        self.on_ready: Callable[[], None] = lambda: None
        """Called when `ready` may have become true."""
        self._listener: asyncio.Server | None = None
        self._current: _Connection | None = None
        self._connections: set[_Connection] = set()

    @property
    def address(self) -> tuple[str, int]:
        """The host and port that are listened on."""
        if self._listener is None:
            raise RuntimeError("the server does not listen")
        host, port = self._listener.sockets[0].getsockname()[:2]
        return str(host), int(port)

    @property
    def connected(self) -> bool:
        """Whether a debugger has the connection now."""
        return self._current is not None

    @property
    def ready(self) -> bool:
        """Whether what is to be shown can be sent; else the target had better wait."""
        return self._current is None or not self._current.congested

    def stopped(self, event: StopEvent) -> None:
        """The owner says that the running target has stopped; only a client that waits is told."""
        if self._current is not None:
            self._current.stopped(event)

    def console(self, text: str) -> None:
        """Show text on the console of the debugger that waits for the running target."""
        if self._current is not None:
            self._current.console(text)

    async def close(self) -> None:
        """Stop listening, send what is to be sent, within a few seconds, and close all."""
        if self._listener is not None:
            self._listener.close()
        connections = list(self._connections)
        for connection in connections:
            connection.say_farewell()
        await asyncio.gather(*(connection.lost for connection in connections))

    async def listen(self, host: str, port: int) -> None:
        """Begin. Raises OSError where the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Connection(self), host, port)

    # --------------------------------------------------------------- for connections

    def admit(self, connection: "_Connection") -> Session | None:
        """A session for a connection; None where another has one, and has not left."""
        self._connections.add(connection)
        if self._current is not None and self._current.presence() is Presence.GONE:
            self._current.say_farewell()
        if self._current is not None:
            return None
        self._current = connection
        return Session(self.target, packet_size=self._packet_size, run_length=self._run_length)

    @property
    def may_be_left(self) -> bool:
        """Whether the present client has said more than was read yet, perhaps its last."""
        return self._current is not None and self._current.presence() is Presence.TALKING

    def release(self, connection: "_Connection") -> None:
        """The connection has no session any more; the next one may."""
        if self._current is connection:
            self._current = None
            self.on_ready()

    def forget(self, connection: "_Connection") -> None:
        """The connection is closed."""
        self._connections.discard(connection)

    @property
    def busy(self) -> str:
        """What a second debugger is told."""
        return self._busy


class Presence(Enum):
    """What the socket of a client says of it before its next byte is read."""

    SILENT = auto()
    TALKING = auto()
    GONE = auto()


class _Connection(asyncio.Protocol):
    """One TCP connection. Without a session its bytes are read and thrown away."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._session: Session | None = None
        self._leaves = False
        self._proceeds = False
        self.congested = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MOST_UNSENT)
        self._socket: socket.socket = self._transport.get_extra_info("socket")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._transport.pause_reading()
        self._knock(MOST_KNOCKS)

    def _knock(self, times: int) -> None:
        """Take the place of a client that has left, also where its end is still to be read."""
        if self._leaves:
            return
        self._session = self._server.admit(self)
        if self._session is None and times and self._server.may_be_left:
            asyncio.get_running_loop().call_soon(self._knock, times - 1)
            return
        self._transport.resume_reading()
        if self._session is None:
            self._transport.write(self._server.busy.encode() + b"\n")
            self.say_farewell()

    def presence(self) -> Presence:
        """Look at what comes next from the client, and leave it there."""
        try:
            with self._socket.dup() as peeked:
                return Presence.TALKING if peeked.recv(1, socket.MSG_PEEK) else Presence.GONE
        except BlockingIOError:
            return Presence.SILENT
        except OSError:
            return Presence.GONE

    def data_received(self, data: bytes) -> None:
        if self._session is not None:
            self._send(self._session.receive(data))

    def stopped(self, event: StopEvent) -> None:
        if self._session is not None:
            self._send(self._session.stopped(event))

    def console(self, text: str) -> None:
        if self._session is not None:
            self._send(self._session.console(text))

    def _send(self, output: bytes) -> None:
        if output:
            self._transport.write(output)
        if self._session is None:
            return
        if self._transport.get_write_buffer_size() > MOST_SHOWN:
            self._end_session()
            self._transport.abort()
        elif self._session.leaving:
            self.say_farewell()
        else:
            self._turn_to(self._session)

    def _turn_to(self, session: Session) -> None:
        """Read from a client that reads; from one that waits for the target in any case."""
        if session.backlog and not self.congested and not self._proceeds:
            self._proceeds = True
            asyncio.get_running_loop().call_soon(self._proceed)
        if session.backlog or (self.congested and not session.running):
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _proceed(self) -> None:
        self._proceeds = False
        if self._session is not None and not self.congested:
            self._send(self._session.proceed())

    def pause_writing(self) -> None:
        """The client does not read: keeping more for it would take memory without end."""
        self.congested = True

    def resume_writing(self) -> None:
        self.congested = False
        self._server.on_ready()
        self._proceed()

    def eof_received(self) -> None:
        self.say_farewell()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._leaves = True
        self._end_session()
        self._server.forget(self)
        if not self.lost.done():
            self.lost.set_result(None)

    def say_farewell(self) -> None:
        """Close once the client has read everything.

        It is read from until it closes too: bytes of its own that nobody reads would make the
        kernel throw away what it has not read yet.
        """
        self._end_session()
        if self._leaves or self._transport.is_closing():
            return
        self._leaves = True
        try:
            self._transport.write_eof()
        except OSError:  # it was reset, and the loop has not noticed yet
            self._transport.abort()
            return
        self._transport.resume_reading()
        loop = asyncio.get_running_loop()
        timer = loop.call_later(FAREWELL_SECONDS, self._transport.abort)
        self.lost.add_done_callback(lambda _: timer.cancel())

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()
            self._server.release(self)


async def serve(
    target: Target,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    packet_size: int = PACKET_SIZE,
    run_length: bool = False,
    busy: str = "another debugger is attached",
) -> Server:
    """Listen for debuggers of `target`; port 0 takes a free one, `Server.address` says which.

    `busy` is the line that a second debugger is told. Raises OSError where the address cannot be
    had.
    """
    server = Server(target, packet_size=packet_size, run_length=run_length, busy=busy)
    await server.listen(host, port)
    return server
