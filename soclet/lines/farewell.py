"""Connections that are told one line and closed. Knows sockets, not whom they wanted to reach."""

import asyncio
import contextlib
import socket
from typing import Final

READ_SIZE: Final = 4096

SECONDS: Final = 2.0
"""How long one that was told to go may take to read that."""

MOST: Final = 32
"""Connections told to go at a time; the one that came first makes room for one more."""


class Farewells:
    """Those that are leaving, each until it has closed too, or its time is up.

    They are read from: bytes that nobody reads would make the host drop the line that a client
    has not read yet.
    """

    def __init__(self) -> None:
        self._leaving: dict[socket.socket, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()

    def say(self, connection: socket.socket, line: bytes) -> None:
        """Tell a connection, which does not block, to go."""
        if len(self._leaving) >= MOST:
            self._part(next(iter(self._leaving)))
        self._leaving[connection] = self._loop.call_later(SECONDS, self._part, connection)
        self._loop.add_reader(connection, self._on_readable, connection)
        with contextlib.suppress(OSError):
            connection.send(line)
            connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Wait for none of them."""
        for connection in list(self._leaving):
            self._part(connection)

    def _on_readable(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(READ_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._part(connection)

    def _part(self, connection: socket.socket) -> None:
        self._leaving.pop(connection).cancel()
        self._loop.remove_reader(connection)
        connection.close()
