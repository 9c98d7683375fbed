"""A guest at the inner end of a line, and clients at the outer: real sockets, ptys, processes.

Waits end by what happens; a deadline only turns a hang into a failure.
"""

import asyncio
import contextlib
import functools
import os
import random
import socket
from pathlib import Path

from soclet.lines.line import open_line
from soclet.lines.telnet import Decoder

HANG = 30
"""Seconds."""

TOO_MUCH = 65_536
"""Bytes not taken at which a session holds the line's input."""


class Guest:
    """What a line works for. It takes what is typed at once, unless it is deaf."""

    def __init__(self):
        self.line = None
        self.telnet = False
        self.heard = bytearray()
        self.waiting = 0
        self.most_waiting = 0
        self.deaf = False
        self.ended = 0
        self.changes = 0

    def received(self, data):
        assert data, "nothing was received"
        self.heard += data
        self.waiting += len(data)
        self.most_waiting = max(self.most_waiting, self.waiting)
        self.take(0 if self.deaf else self.waiting)

    @property
    def input_waiting(self):
        return self.waiting

    def ready_changed(self):
        self.changes += 1

    def end_requested(self):
        self.ended += 1

    def take(self, amount):
        self.waiting -= min(amount, self.waiting)
        self.line.hold_input(self.waiting > TOO_MUCH)

    def listen(self):
        self.deaf = False
        self.take(self.waiting)

    async def say(self, data, at_once=4096):
        """Send as a machine does: a portion, a turn of the loop, and none while it is to pause."""
        for start in range(0, len(data), at_once):
            await until(lambda: self.line.ready)
            self.line.write(data[start : start + at_once])
            await asyncio.sleep(0)

    async def say_until_paused(self):
        """Send until the line asks for a pause that does not pass by itself."""
        sent = sending(50_000_000)
        for end in range(0, len(sent), 16_384):
            if not await self._stays_ready():
                return sent[:end]
            self.line.write(sent[end : end + 16_384])
        raise AssertionError("the line never asks for a pause")

    async def _stays_ready(self):
        for _ in range(20):
            if self.line.ready:
                return True
            await asyncio.sleep(0.001)
        return False


async def until(condition):
    async with asyncio.timeout(HANG):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def opened(spec, *, kind=Guest, **options):
    guest = kind()
    guest.telnet = spec.startswith("telnet:")
    guest.line = await open_line(spec, guest, allow_remote=options.get("allow_remote", False))
    try:
        yield guest
    finally:
        guest.line.close()


class Client:
    """One end of a connection, used from the test's own loop without blocking it."""

    def __init__(self, connection):
        self.connection = connection
        self.loop = asyncio.get_running_loop()
        connection.setblocking(False)

    async def send(self, data):
        async with asyncio.timeout(HANG):
            await self.loop.sock_sendall(self.connection, data)

    async def some(self, most=65_536):
        async with asyncio.timeout(HANG):
            return await self.loop.sock_recv(self.connection, most)

    async def exactly(self, length):
        data = bytearray()
        while len(data) < length:
            portion = await self.some(length - len(data))
            assert portion, f"closed after {bytes(data)!r}"
            data += portion
        return bytes(data)

    async def up_to(self, end):
        data = bytearray()
        while not data.endswith(end):
            data += await self.exactly(1)
        return bytes(data)

    async def to_the_end(self):
        data = bytearray()
        while portion := await self.some():
            data += portion
        return bytes(data)

    def end_input(self):
        self.connection.shutdown(socket.SHUT_WR)

    def close(self):
        self.connection.close()

    def reset(self):
        """Go without a farewell."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()


class TelnetClient(Client):
    """A program that speaks telnet and agrees to all that it is offered."""

    AGREES = bytes.fromhex("fffd01 fffd03 fffd00 fffb03 fffb00")

    def __init__(self, connection):
        connection.sendall(self.AGREES)
        super().__init__(connection)
        self.decoder = Decoder()

    async def send(self, data):
        await super().send(data.replace(b"\xff", b"\xff\xff"))

    async def some(self, most=65_536):
        while True:
            stream = await super().some(most)
            data = self.decoder.data(stream)
            if data or not stream:
                return data


class PtyClient(Client):
    """A program that has a pty open."""

    def __init__(self, path):
        self.slave = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def _ready(self, add, remove):
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        add = getattr(loop, add)
        add(self.slave, lambda: ready.done() or ready.set_result(None))
        try:
            async with asyncio.timeout(HANG):
                await ready
        finally:
            getattr(loop, remove)(self.slave)

    async def send(self, data):
        while data:
            await self._ready("add_writer", "remove_writer")
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self.slave, data) :]

    async def some(self, most=65_536):
        await self._ready("add_reader", "remove_reader")
        try:
            return os.read(self.slave, most)
        except OSError:
            return b""

    def close(self):
        os.close(self.slave)


def address(guest):
    host, _, port = guest.line.announcement.removeprefix("serial: listening on ").rpartition(":")
    return host.strip("[]"), int(port)


async def connect(guest):
    """A client of any kind of line, as its announcement says."""
    announcement = guest.line.announcement
    if announcement.startswith("serial: pty "):
        return PtyClient(announcement.removeprefix("serial: pty "))
    where = announcement.removeprefix("serial: listening on ")
    if where.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(where)
    else:
        connection = socket.create_connection(address(guest))
    return TelnetClient(connection) if guest.telnet else Client(connection)


def sending(size, seed=1):
    """Bytes of every value, without a period that a lost or doubled portion could hide in."""
    return random.Random(seed).randbytes(size)


def descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def settled(body):
    """Make an async test a test; no task of the lines may be left at its end."""

    @functools.wraps(body)
    def run(*arguments, **named):
        async def main():
            await body(*arguments, **named)
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(main())

    return run
