"""A line whose client speaks telnet: what only that client sees; the rest is with all clients'."""

import contextlib
import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import termios

import pytest
from line_ends import Client, address, opened, settled, until

OFFER = bytes.fromhex("fffb01 fffb03 fffb00 fffd03 fffd00")
REFUSES_BINARY = bytes.fromhex("fffe00 fffc00")
WONT_AND_DONT_BINARY = bytes.fromhex("fffc00 fffe00")


def raw(guest, room=0):
    """A client that reads and writes the protocol's own bytes; its host may have little room."""
    connection = socket.socket()
    if room:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.connect(address(guest))
    return Client(connection)


@settled
async def test_a_client_is_offered_a_console_first_and_then_shown_what_was_kept():
    async with opened("telnet:0") as guest:
        guest.line.write(b"boot\xffing")
        client = raw(guest)
        assert await client.exactly(24) == OFFER + b"boot\xff\xffing"
        client.close()


@settled
async def test_the_guest_hears_nothing_of_a_negotiation():
    async with opened("telnet:0") as guest:
        client = raw(guest)
        for byte in b"l\xff\xfb\x1fs\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xf1\xff\xff\r\0":
            await client.send(bytes((byte,)))
        await until(lambda: guest.heard == b"ls\xff\r")
        assert await client.exactly(18) == OFFER + bytes.fromhex("fffe1f")
        client.close()


@settled
async def test_a_command_that_is_sent_as_urgent_stays_in_its_place():
    async with opened("telnet:0") as guest:
        client = raw(guest)
        await client.send(b"a")
        client.connection.send(b"\xff\xf2", socket.MSG_OOB)
        await client.send(b"b\xff\xffc")
        await until(lambda: guest.heard == b"ab\xffc")
        client.close()


@settled
async def test_urgent_bytes_of_a_tcp_client_are_bytes():
    async with opened("tcp:0") as guest:
        client = raw(guest)
        await client.send(b"a")
        client.connection.send(b"bc", socket.MSG_OOB)
        await client.send(b"d")
        await until(lambda: guest.heard == b"abcd")
        client.close()


@settled
async def test_a_client_that_will_not_be_binary_is_given_each_cr_as_telnet_has_it():
    async with opened("telnet:0") as guest:
        client = raw(guest)
        await client.send(REFUSES_BINARY + b"x\r\0")
        await until(lambda: guest.heard == b"x\r")
        guest.line.write(b"a\rb\r\nc\xff")
        sent = OFFER + WONT_AND_DONT_BINARY + b"a\r\0b\r\nc\xff\xff"
        assert await client.exactly(len(sent)) == sent
        client.close()


@pytest.mark.parametrize("refused", [b"", REFUSES_BINARY])
@pytest.mark.parametrize("first", [b"", b"x"], ids=["even", "odd"])
@settled
async def test_what_had_not_arrived_is_shown_to_the_next_wherever_the_protocols_bytes_were_cut(
    refused, first
):
    async with opened("telnet:0") as guest:
        one = raw(guest, room=4096)
        await one.send(refused + b"!")
        await until(lambda: guest.heard)
        # In the midst of many an IAC, the one or the other of which is cut in two.
        sent = first + b"".join(b"\xff" * 501 + b"\r%d\r\n\0" % number for number in range(50))
        guest.line.write(sent)
        await until(lambda: guest.line._channel.backlog == 0)
        one.close()
        await until(lambda: guest.line._channel is None)
        guest.line.write(b"END")
        other = raw(guest)
        shown = await other.up_to(b"END")
        meant = shown.removeprefix(OFFER).replace(b"\xff\xff", b"\xff")
        assert 1000 < len(meant) < len(sent)
        assert (sent + b"END").endswith(meant)
        other.close()


@settled
async def test_a_client_that_negotiates_on_and_on_and_reads_nothing_takes_no_memory():
    async with opened("telnet:0") as guest:
        client = raw(guest)
        await client.send(b"\xff\xfd\x01\xff\xfe\x01" * 10_000 + b"!")
        await until(lambda: guest.heard == b"!")
        assert guest.line._channel.backlog < 10_000
        client.close()


class Telnet:
    """The program, on a terminal of its own."""

    def __init__(self, guest):
        self.terminal, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        self.process = subprocess.Popen(
            ["telnet", *map(str, address(guest))],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm"},
        )
        self.slave = slave
        os.set_blocking(self.terminal, False)
        self.shown = b""

    def shows(self, pattern):
        with contextlib.suppress(BlockingIOError):
            self.shown += os.read(self.terminal, 65_536)
        return re.search(pattern, self.shown, re.DOTALL)

    def raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO)

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)
        os.close(self.slave)


@settled
async def test_the_telnet_program_sends_each_key_at_once_and_shows_what_the_guest_says():
    async with opened("telnet:0") as guest:
        guest.line.write(b"soclet> ")
        telnet = Telnet(guest)
        await until(lambda: telnet.shows(b"soclet> ") and telnet.raw())
        for typed in (b"h", b"\x03", b"\r", b"\xff", b"\x1b[A"):
            os.write(telnet.terminal, typed)
            await until(lambda typed=typed: guest.heard.endswith(typed))
        assert guest.heard == b"h\x03\r\xff\x1b[A"
        guest.line.write(b"\x1b[1mone\r\ntwo\rthree\xfffour\r\n")
        await until(lambda: telnet.shows(rb"soclet> \x1b\[1mone\r\ntwo\rthree\xfffour\r\n$"))
        telnet.end()
