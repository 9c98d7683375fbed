"""What only a pty does; the rest of its clients' lot is with that of the sockets'."""

import asyncio
import os
import subprocess
import termios
from pathlib import Path

import pytest
from line_ends import connect, opened, sending, settled, until

from soclet.lines.line import LineError, open_line

RAW_OFF = termios.ECHO | termios.ICANON | termios.ISIG


def path_of(guest):
    return guest.line.announcement.removeprefix("serial: pty ")


def pass_by(guest, typed):
    Path(path_of(guest)).write_bytes(typed)


def modes(guest):
    slave = os.open(path_of(guest), os.O_RDWR | os.O_NOCTTY)
    try:
        return termios.tcgetattr(slave)
    finally:
        os.close(slave)


@settled
async def test_the_pty_is_raw_from_the_start():
    async with opened("pty") as guest:
        assert not modes(guest)[3] & RAW_OFF
        assert not modes(guest)[1] & termios.OPOST


@settled
async def test_a_client_that_left_the_pty_cooked_leaves_it_raw_for_the_next():
    async with opened("pty") as guest:
        client = await connect(guest)
        await client.send(b"x")
        await until(lambda: guest.heard)
        cooked = termios.tcgetattr(client.slave)
        cooked[3] |= RAW_OFF
        termios.tcsetattr(client.slave, termios.TCSANOW, cooked)
        client.close()
        await until(lambda: guest.line._channel is None)
        assert not modes(guest)[3] & RAW_OFF


@settled
async def test_what_a_passer_by_typed_is_received():
    async with opened("pty") as guest:
        for number in range(5):
            pass_by(guest, b"%d;" % number)
        await until(lambda: guest.heard == b"0;1;2;3;4;")


@settled
async def test_what_a_client_left_unread_is_shown_to_the_next_before_all_else():
    async with opened("pty") as guest:
        client = await connect(guest)
        await client.send(b"x")
        await until(lambda: guest.heard)
        said = sending(60_000)
        guest.line.write(said[:50_000])
        assert await client.exactly(1000) == said[:1000]
        client.close()
        await until(lambda: guest.line._channel is None)
        guest.line.write(said[50_000:])
        client = await connect(guest)
        assert await client.exactly(59_000) == said[1000:]
        client.close()


@settled
async def test_nobody_is_waited_for_without_spinning():
    async with opened("pty"):
        turns = 0

        def count():
            nonlocal turns
            turns += 1

        loop = asyncio.get_running_loop()
        select = loop._selector.select
        loop._selector.select = lambda timeout: (count(), select(timeout))[1]
        await asyncio.sleep(1)
        assert turns < 50


@settled
async def test_a_host_without_ptys_is_said_to_be_one(monkeypatch):
    def refuse():
        raise OSError(28, "out of pty devices")

    monkeypatch.setattr(os, "openpty", refuse)
    with pytest.raises(LineError, match="this host has no pty to give: out of pty devices"):
        await open_line("pty", None, allow_remote=False)


@settled
async def test_a_program_that_reads_its_terminal_gets_all_before_the_pty_goes():
    async with opened("pty") as guest:
        process = await asyncio.create_subprocess_exec(
            "cat", path_of(guest), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        reading = asyncio.create_task(process.stdout.read())
        said = sending(500_000)
        await until(lambda: guest.line._channel is not None)
        await guest.say(said)
        await guest.line.finish()
        guest.line.close()
        assert await reading == said
        await process.wait()
