"""Megabytes each way at the same time, through clients that make it hard: not a byte amiss."""

import asyncio
import random

import pytest
from line_ends import connect, opened, sending, settled, until

SIZE = 5_000_000


async def take_eagerly(client, size):
    return await client.exactly(size)


async def take_with_stalls(client, size):
    chance, taken = random.Random(2), bytearray()
    while len(taken) < size:
        taken += await client.exactly(min(chance.choice((1, 700, 300_000)), size - len(taken)))
        if chance.random() < 0.1:
            await asyncio.sleep(0.02)
    return bytes(taken)


async def take_byte_by_byte(client, size):
    taken = bytearray()
    while len(taken) < size:
        taken += await client.some(1)
    return bytes(taken)


async def give_in_bursts(client, data):
    chance, start = random.Random(3), 0
    while start < len(data):
        portion = data[start : start + chance.choice((1, 900, 200_000))]
        await client.send(portion)
        start += len(portion)
        if chance.random() < 0.1:
            await asyncio.sleep(0.01)


async def take_in_steps(guest, size):
    """A guest that takes its input slowly."""
    while len(guest.heard) < size or guest.waiting:
        guest.take(random.randrange(40_000))
        await asyncio.sleep(0)


@pytest.fixture(
    params=["tcp:0", "telnet:0", "unix:{path}", "pty"], ids=["tcp", "telnet", "unix", "pty"]
)
def spec(request, tmp_path):
    return request.param.format(path=tmp_path / "console")


@pytest.fixture(params=["tcp:0", "telnet:0", "unix:{path}"], ids=["tcp", "telnet", "unix"])
def socket_spec(request, tmp_path):
    return request.param.format(path=tmp_path / "console")


@pytest.mark.parametrize(
    ("take", "size"),
    [(take_eagerly, SIZE), (take_with_stalls, SIZE), (take_byte_by_byte, 20_000)],
)
@settled
async def test_not_a_byte_is_lost_doubled_or_reordered_either_way(spec, take, size):
    async with opened(spec) as guest:
        guest.deaf = True
        client = await connect(guest)
        typed, said = sending(size, seed=4), sending(size, seed=5)
        shown, *_ = await asyncio.gather(
            take(client, size),
            give_in_bursts(client, typed),
            guest.say(said, at_once=16_384),
            take_in_steps(guest, size),
        )
        assert shown == said
        assert guest.heard == typed
        assert guest.most_waiting <= 2 * 65_536
        client.close()


@settled
async def test_clients_that_leave_in_mid_stream_each_see_a_piece_without_a_gap_inside(spec):
    async with opened(spec) as guest:
        said = sending(3_000_000, seed=6)
        speaking = asyncio.create_task(guest.say(said, at_once=4_096))
        chance, seen_to = random.Random(7), 0
        for _ in range(15):
            client = await connect(guest)
            shown = await client.exactly(chance.randrange(16, 100_000))
            start = said.index(shown)
            assert start >= seen_to, "shown again, or in another order"
            seen_to = start + len(shown)
            client.close()
        await speaking
        assert guest.line.ready


@settled
async def test_resets_in_mid_stream_lose_nothing_of_what_other_clients_type(socket_spec):
    async with opened(socket_spec) as guest:
        typed = b""
        for number in range(30):
            client = await connect(guest)
            portion = sending(50_000, seed=number)
            await client.send(portion)
            typed += portion
            await until(lambda typed=typed: guest.heard == typed)
            guest.line.write(b"more than the client stays for")
            client.reset()
        client = await connect(guest)
        assert await client.some()
        client.close()
