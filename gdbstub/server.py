"""A target behind a TCP port: the only module here that knows asyncio.

Knows sockets, and that one debugger is served at a time; must not know a packet. It lives on the
loop of its owner: nothing here waits for a client, and a target is called from that loop only.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, cast

from gdbstub.session import PACKET_SIZE, Session
from gdbstub.target import StopEvent, Target, TargetError

MOST_UNSENT: Final = 0x10_0000
"""Bytes that a client may leave unread before it is answered no further."""

MOST_SHOWN: Final = 0x400_0000
"""Bytes that it may leave unread of what is shown to it all the same, before it is cut off."""

STALL_SECONDS = 60.0
"""How long a client that leaves much unread may read nothing at all, before it is cut off."""

FAREWELL_SECONDS: Final = 2.0
"""How long a connection that was told to go may take to read its last bytes."""

REASSURED_SECONDS: Final = 0.5
"""After how long a client that waits for a command is told that it goes on."""

MOST_LOOKS: Final = 100
"""Turns of the loop that newcomers wait for what may be a client's last bytes to be read."""

MOST_COMING: Final = 1024
"""Connections that the system keeps for us to take."""


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
        self._waiting: deque[_Connection] = deque()
        self._looks = 0
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

    def answered(self, answer: str | TargetError) -> None:
        """The owner says what came of a command that took time; only who waits is told."""
        if self._current is not None:
            self._current.answered(answer)

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
        self._listener = await loop.create_server(
            lambda: _Connection(self), host, port, backlog=MOST_COMING
        )

    # --------------------------------------------------------------- for connections

    def come(self, connection: "_Connection") -> None:
        """A new connection: it is told to `begin` or to `leave`, now or soon."""
        self._connections.add(connection)
        self._waiting.append(connection)
        if len(self._waiting) == 1:
            self._seat()

    def _seat(self) -> None:
        """Give the session to who waits first; where another has it, all who wait are to go.

        Not before that one's last words are read, though: it may have left already.
        """
        while self._waiting:
            presence = Presence.GONE if self._current is None else self._current.presence()
            if presence is Presence.TALKING and self._looks < MOST_LOOKS:
                self._looks += 1
                asyncio.get_running_loop().call_soon(self._seat)
                return
            if presence is Presence.GONE and self._current is not None:
                self._current.say_farewell()
            first = self._waiting.popleft()
            if self._current is not None:
                first.leave(self._busy)
            elif not first.leaves:
                self._looks = 0
                self._current = first
                first.begin(
                    Session(self.target, packet_size=self._packet_size, run_length=self._run_length)
                )
        self._looks = 0

    def release(self, connection: "_Connection") -> None:
        """The connection has no session any more; the next one may."""
        if self._current is connection:
            self._current = None
            self.on_ready()

    def forget(self, connection: "_Connection") -> None:
        """The connection is closed."""
        self._connections.discard(connection)


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
        self.leaves = False
        self._proceeds = False
        self._reassures = False
        self.congested = False
        self._stalled: asyncio.TimerHandle | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MOST_UNSENT)
        self._socket: socket.socket = self._transport.get_extra_info("socket")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._transport.pause_reading()
        self._server.come(self)

    def begin(self, session: Session) -> None:
        """Serve the client from now on."""
        self._session = session
        self._transport.resume_reading()

    def leave(self, why: str) -> None:
        """Send the client away with a line."""
        self._transport.write(why.encode() + b"\n")
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

    def answered(self, answer: str | TargetError) -> None:
        if self._session is not None:
            self._send(self._session.answered(answer))

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
        if session.commanded and not self._reassures:
            self._reassures = True
            asyncio.get_running_loop().call_later(REASSURED_SECONDS, self._reassure)
        if session.backlog and not self.congested and not self._proceeds:
            self._proceeds = True
            asyncio.get_running_loop().call_soon(self._proceed)
        if session.backlog or (self.congested and not session.awaited):
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _reassure(self) -> None:
        self._reassures = False
        if self._session is not None and not self.congested:
            self._send(self._session.reassure())

    def _proceed(self) -> None:
        self._proceeds = False
        if self._session is not None and not self.congested:
            self._send(self._session.proceed())

    def pause_writing(self) -> None:
        """The client does not read: keeping more for it would take memory without end."""
        self.congested = True
        self._watch_reading()

    def _watch_reading(self) -> None:
        """Cut the client off unless it has read something by and by: others wait for its place."""
        unread = self._transport.get_write_buffer_size()

        def look() -> None:
            if self._transport.get_write_buffer_size() < unread:
                self._watch_reading()
            else:
                self._end_session()
                self._transport.abort()

        self._forget_stall()
        self._stalled = asyncio.get_running_loop().call_later(STALL_SECONDS, look)

    def _forget_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def resume_writing(self) -> None:
        self.congested = False
        self._forget_stall()
        self._server.on_ready()
        self._proceed()

    def eof_received(self) -> None:
        self.say_farewell()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.leaves = True
        self._forget_stall()
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
        if self.leaves or self._transport.is_closing():
            return
        self.leaves = True
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
