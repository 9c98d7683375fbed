"""The client that people use: netcat, the OpenBSD one. Where it is missing, this fails."""

import asyncio
import subprocess

import pytest
from line_ends import address, opened, sending, settled, until


async def netcat(*words):
    return await asyncio.create_subprocess_exec(
        "nc", *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


@pytest.fixture(params=["tcp:0", "unix:{path}"], ids=["tcp", "unix"])
def spec(request, tmp_path):
    return request.param.format(path=tmp_path / "console")


def where(guest):
    announced = guest.line.announcement.removeprefix("serial: listening on ")
    return ("-U", announced) if announced.startswith("/") else map(str, address(guest))


@settled
async def test_netcat_types_and_is_shown_what_the_guest_says(spec):
    async with opened(spec) as guest:
        guest.line.write(b"soclet> ")
        client = await netcat(*where(guest))
        assert await client.stdout.readexactly(8) == b"soclet> "
        client.stdin.write(b"help\n")
        await until(lambda: guest.heard == b"help\n")
        guest.line.write(b"no help\n")
        assert await client.stdout.readexactly(8) == b"no help\n"

        second = await netcat(*where(guest))
        assert await second.stdout.readline() == b"soclet: another console is attached\r\n"
        second.stdin.close()
        assert await second.stdout.read() == b""
        await second.wait()

        client.stdin.close()
        client.terminate()
        await client.wait()
        guest.line.write(b"back again\n")
        third = await netcat(*where(guest))
        assert await third.stdout.readexactly(11) == b"back again\n"
        guest.line.close()
        third.stdin.close()
        assert await third.stdout.read() == b""
        await third.wait()


@settled
async def test_netcat_that_has_sent_everything_is_shown_the_answer(spec):
    async with opened(spec) as guest:
        client = await netcat("-N", *where(guest))
        typed, said = sending(1_000_000, seed=1), sending(1_000_000, seed=2)
        reading = asyncio.create_task(client.stdout.read())
        client.stdin.write(typed)
        client.stdin.close()
        await until(lambda: guest.heard == typed)
        await guest.say(said)
        await guest.line.finish()
        guest.line.close()
        assert await reading == said
        await client.wait()
