"""Real sockets on 127.0.0.1. Waits end by what happens; the only clock is the suite's timeout."""

import asyncio
import socket
import struct

import pytest
from fake_target import FakeTarget
from rsp import frame

from gdbstub.server import serve
from gdbstub.target import BreakpointKind, Exited, Signal, Stop


class Debugger:
    """One TCP client."""

    @classmethod
    async def connect(cls, server):
        self = cls()
        self.reader, self.writer = await asyncio.open_connection(*server.address, limit=0x10_0000)
        return self

    async def reply(self):
        await self.reader.readuntil(b"$")
        payload = await self.reader.readuntil(b"#")
        await self.reader.readexactly(2)
        return payload[:-1]

    async def ask(self, payload):
        self.send(frame(payload))
        return await self.reply()

    def send(self, data):
        self.writer.write(data)

    def stop_reading(self):
        self.writer.transport.pause_reading()

    def read_on(self):
        self.writer.transport.resume_reading()

    async def leave(self):
        self.writer.close()
        await self.writer.wait_closed()


def serving(test):
    """Run an async test with a server of a fake target on a free port; close it in any case."""

    def run():
        async def body():
            target = FakeTarget()
            server = await serve(target, busy="fake: another debugger is attached")
            try:
                await test(server)
            finally:
                await server.close()

        asyncio.run(body())

    run.__name__ = test.__name__
    return run


def connected(server):
    """A client that does not let the server's loop run while it talks."""
    return socket.create_connection(server.address, timeout=60)


def cut(client):
    """Reset a connection instead of ending it."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def leave_much_unread(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 0x10_0000)
    client.sendall(b"+" * 200_000)


def ask_and_read_no_reply(client):
    client.sendall(frame(b"g") * 3)


async def heard(client, payload):
    """What a client that has sent nothing yet is answered."""
    client.sendall(frame(payload))
    return await asyncio.to_thread(client.recv, 1000)


async def until(condition):
    while not condition():  # noqa: ASYNC110 – a condition of a plain object sets no event
        await asyncio.sleep(0)


@serving
async def test_a_debugger_is_served(server):
    host, port = server.address
    assert host == "127.0.0.1"
    assert port > 0
    client = await Debugger.connect(server)
    assert (await client.ask(b"qSupported")).startswith(b"PacketSize=4000;")
    assert await client.ask(b"m1000,4") == b"00000000"
    assert await client.ask(b"s") != b""
    assert server.connected
    await client.leave()


@serving
async def test_a_stop_of_the_running_target_reaches_the_client(server):
    target = server.target
    client = await Debugger.connect(server)
    client.send(frame(b"c"))
    await until(lambda: target.running)
    server.console("hello")
    server.stopped(Stop(Signal.SEGV))
    assert await client.reply() == b"O" + b"hello\n".hex().encode()
    assert (await client.reply()).startswith(b"T0b")
    client.send(frame(b"c") + b"\x03\x03" + frame(b"qC"))
    assert (await client.reply()).startswith(b"T02")
    assert await client.reply() == b"QC01"
    await client.leave()


@serving
async def test_who_waits_for_a_command_is_told_that_it_goes_on_until_it_is_answered(server):
    client = await Debugger.connect(server)
    client.send(frame(b"qRcmd," + b"dig".hex().encode()))
    assert await client.reply() == b"O"
    assert await client.reply() == b"O"
    server.answered("found it\n")
    assert await client.reply() == b"O" + b"found it\n".hex().encode()
    assert await client.reply() == b"OK"
    assert await client.ask(b"qC") == b"QC01"
    await client.leave()


@serving
async def test_a_stop_with_no_client_there_is_told_to_nobody(server):
    server.stopped(Stop())
    server.console("nobody hears this")
    client = await Debugger.connect(server)
    assert await client.ask(b"qC") == b"QC01"
    await client.leave()


@serving
async def test_a_second_debugger_is_refused_in_one_line_and_the_first_goes_on(server):
    target = server.target
    first = await Debugger.connect(server)
    await first.ask(b"?")
    second = await Debugger.connect(server)
    second.send(b"+" + frame(b"qSupported"))
    assert await second.reader.read() == b"fake: another debugger is attached\n"
    assert await first.ask(b"qC") == b"QC01"
    assert target.asked == ["attach"]
    await second.leave()
    await first.leave()


@pytest.mark.parametrize("leave", [socket.socket.close, cut])
@pytest.mark.parametrize("unread", [lambda _: None, leave_much_unread, ask_and_read_no_reply])
def test_who_comes_when_the_last_one_s_end_is_not_yet_read_is_served(unread, leave):
    @serving
    async def test(server):
        last = connected(server)
        assert (await heard(last, b"qC")).startswith(b"+$QC01")
        for _ in range(3):
            unread(last)
            leave(last)
            last = connected(server)
            assert (await heard(last, b"qC")).startswith(b"+$QC01")
        last.close()

    test()


@serving
async def test_who_comes_while_a_client_talks_on_is_refused_all_the_same(server):
    first = connected(server)
    await heard(first, b"qC")
    leave_much_unread(first)
    with connected(server) as second:
        assert (await heard(second, b"?")) == b"fake: another debugger is attached\n"
    assert (await heard(first, b"qC")).startswith(b"+$QC01")
    first.close()


@serving
async def test_after_a_client_has_left_the_next_is_served(server):
    target = server.target
    for _ in range(3):
        client = await Debugger.connect(server)
        assert await client.ask(b"qC") == b"QC01"
        assert await client.ask(b"Z0,1010,4") == b"OK"
        await client.leave()
        await until(lambda: not server.connected)
        assert target.breakpoints == set()
    assert target.asked.count("attach") == target.asked.count("abandon") == 3


@serving
async def test_a_client_that_leaves_while_the_target_runs_leaves_it_running(server):
    target = server.target
    client = await Debugger.connect(server)
    await client.ask(b"Z0,1010,4")
    client.send(frame(b"c"))
    await until(lambda: target.running)
    client.writer.transport.abort()
    await until(lambda: not server.connected)
    assert target.running
    assert target.asked[-2:] == [("clear", BreakpointKind.SOFTWARE, 0x1010), "abandon"]
    server.stopped(Stop())
    next_client = await Debugger.connect(server)
    assert (await next_client.ask(b"?")).startswith(b"T05")
    assert not target.running
    await next_client.leave()


@serving
async def test_detaching_closes_the_connection_and_the_next_is_served_at_once(server):
    target = server.target
    client = await Debugger.connect(server)
    assert await client.ask(b"D") == b"OK"
    assert await client.reader.read() == b""
    assert target.running
    next_client = await Debugger.connect(server)
    assert await next_client.ask(b"qC") == b"QC01"
    await next_client.leave()
    await client.leave()


@serving
async def test_a_browser_is_shown_the_door(server):
    target = server.target
    browser = await Debugger.connect(server)
    browser.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert await browser.reader.read() == b""
    assert target.asked == []
    client = await Debugger.connect(server)
    assert await client.ask(b"qC") == b"QC01"
    await client.leave()
    await browser.leave()


@serving
async def test_a_client_may_ask_for_much_before_it_reads(server):
    client = await Debugger.connect(server)
    await client.ask(b"QStartNoAckMode")
    client.stop_reading()
    for _ in range(1500):
        client.send(frame(b"m1000,2000"))
    await until(lambda: not server.ready)
    client.read_on()
    for _ in range(1500):
        assert await client.reply() == b"0" * 0x4000
    assert server.ready
    await client.leave()


@serving
async def test_a_client_that_does_not_read_is_not_read_from_without_end(server):
    client = await Debugger.connect(server)
    await client.ask(b"QStartNoAckMode")
    client.stop_reading()
    while client.writer.transport.get_write_buffer_size() < 0x10_0000:
        client.send(frame(b"m1000,2000") * 20)
        await asyncio.sleep(0)
    assert not server.ready
    client.writer.transport.abort()
    await until(lambda: not server.connected)
    client = await Debugger.connect(server)
    assert await client.ask(b"qC") == b"QC01"
    await client.leave()


def test_a_client_that_asks_for_much_and_never_reads_loses_its_place(monkeypatch):
    @serving
    async def test(server):
        client = await Debugger.connect(server)
        await client.ask(b"QStartNoAckMode")
        client.stop_reading()
        while server.ready and server.connected:
            client.send(frame(b"m1000,2000") * 20)
            await asyncio.sleep(0)
        await until(lambda: not server.connected)
        next_client = await Debugger.connect(server)
        assert await next_client.ask(b"qC") == b"QC01"
        await next_client.leave()
        client.writer.transport.abort()

    monkeypatch.setattr("gdbstub.server.STALL_SECONDS", 0.01)
    test()


@serving
async def test_the_owner_learns_when_what_is_shown_is_read_again(server):
    target = server.target
    client = await Debugger.connect(server)
    client.stop_reading()
    client.send(frame(b"c"))
    await until(lambda: target.running)
    told = []
    server.on_ready = lambda: told.append(server.ready)
    shown = 0
    while server.ready:
        server.console("x" * 1000)
        shown += 1
        await asyncio.sleep(0)
    assert told == []
    client.send(b"\x03")  # which is heard all the same
    await until(lambda: not target.running)
    client.read_on()
    for _ in range(shown):
        assert await client.reply() == b"O" + b"78" * 1000 + b"0a"
    assert (await client.reply()).startswith(b"T02")
    assert told == [True]
    await client.leave()


@serving
async def test_a_client_that_reads_nothing_of_what_is_shown_all_the_same_is_cut_off(server):
    target = server.target
    client = await Debugger.connect(server)
    client.stop_reading()
    client.send(frame(b"c"))
    await until(lambda: target.running)
    told = []
    server.on_ready = lambda: told.append(server.ready)
    while server.connected:
        server.console("x" * 0x10_0000)
        await asyncio.sleep(0)
    assert target.running
    assert told == [True]
    await client.leave()


@serving
async def test_the_last_words_of_a_program_reach_the_client_before_the_server_closes(server):
    target = server.target
    client = await Debugger.connect(server)
    client.send(frame(b"c"))
    await until(lambda: target.running)
    server.stopped(Exited(7, "powered off"))
    closing = asyncio.ensure_future(server.close())
    assert await client.reply() == b"O" + b"powered off\n".hex().encode()
    assert await client.reply() == b"W07"
    assert await client.reader.read() == b""
    await client.leave()
    await closing


@serving
async def test_a_closed_server_listens_no_longer(server):
    address = server.address
    await server.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)


@serving
async def test_a_port_in_use_is_an_error_of_the_system(server):
    target = server.target
    with pytest.raises(OSError, match=r"(?i)in use"):
        await serve(target, *server.address)
