"""A descriptor of each kind read and written without blocking."""

import asyncio
import contextlib
import os

import pytest
from line_ends import sending, settled, until

from soclet.lines.channel import CONGESTED, EASED, Channel


@pytest.fixture
def pipe():
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    yield ends
    for end in ends:
        os.close(end)


@settled
async def test_a_regular_file_is_read_once_through_however_often_reading_stops(tmp_path):
    path = tmp_path / "script"
    path.write_bytes(sending(1_000_000))
    descriptor = os.open(path, os.O_RDONLY)
    heard, ends = bytearray(), []

    def received(data):
        heard.extend(data)
        for wanted in (False, True, False):
            channel.read(wanted)

    channel = Channel(descriptor, received=received, ended=lambda: ends.append(1))
    while not ends:
        for wanted in (True, False, True, True):
            channel.read(wanted)
        before = len(heard)
        await until(lambda before=before: len(heard) > before or ends)
        assert len(heard) - before <= 65_536
    assert heard == sending(1_000_000)
    channel.read(True)
    assert not channel.reading
    channel.stop()
    os.close(descriptor)


@settled
async def test_a_channel_is_congested_above_one_mark_and_eased_below_another(pipe):
    take, give = pipe
    eased = []
    channel = Channel(give, eased=lambda: eased.append(channel.backlog))
    channel.write(bytes(CONGESTED))
    assert not channel.congested
    channel.write(b"x")
    assert channel.congested
    channel.write(bytes(4 * CONGESTED))
    while not eased:
        before = channel.backlog
        assert channel.congested
        await asyncio.sleep(0)
        with contextlib.suppress(BlockingIOError):
            os.read(take, 4096)
    assert eased[0] < EASED <= before
    assert not channel.congested
    channel.stop()


@settled
async def test_what_was_not_taken_can_be_had_back(pipe):
    take, give = pipe
    channel = Channel(give)
    sent = sending(300_000)
    channel.write(sent)
    await until(lambda: channel.backlog < len(sent))
    channel.stop()
    assert os.read(take, 1_000_000) + channel.unsent() == sent


@settled
async def test_a_lost_reader_is_told_of_once_and_what_it_had_not_taken_is_kept():
    lost = []
    take, give = os.pipe()
    channel = Channel(give, lost=lambda: lost.append(channel.error))
    os.close(take)
    channel.write(b"too late")
    await until(lambda: lost)
    channel.write(b", and later")
    assert not await channel.drained()
    assert [type(error) for error in lost] == [BrokenPipeError]
    assert channel.unsent() == b"too late, and later"
    channel.stop()
    os.close(give)


@settled
async def test_a_stopped_channel_calls_nobody(pipe):
    take, give = pipe
    heard = []
    channel = Channel(take, received=heard.append)
    channel.read(True)
    os.write(give, b"x")
    channel.stop()
    channel.read(True)
    assert await channel.drained()
    assert heard == []
    assert os.read(take, 1) == b"x"
