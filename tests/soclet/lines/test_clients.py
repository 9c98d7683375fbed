"""What a client of any line where one may come and go sees: tcp, unix, pty."""

import asyncio
import contextlib

import pytest
from line_ends import Guest, connect, descriptors, opened, sending, settled, until

from soclet.lines.channel import EASED
from soclet.lines.scrollback import KEPT

SOCKETS = ["tcp:0", "telnet:0", "unix:{path}"]
KINDS = [*SOCKETS, "pty"]


@pytest.fixture(params=KINDS, ids=["tcp", "telnet", "unix", "pty"])
def spec(request, tmp_path):
    return request.param.format(path=tmp_path / "console")


@pytest.fixture(params=SOCKETS, ids=["tcp", "telnet", "unix"])
def socket_spec(request, tmp_path):
    return request.param.format(path=tmp_path / "console")


@settled
async def test_what_is_typed_is_received_and_what_is_sent_is_shown(spec):
    async with opened(spec) as guest:
        client = await connect(guest)
        every_byte = bytes(range(256))
        await client.send(every_byte)
        await until(lambda: guest.heard == every_byte)
        guest.line.write(every_byte)
        assert await client.exactly(256) == every_byte
        client.close()


@settled
async def test_a_line_that_a_client_may_come_to_is_live_and_interactive(spec):
    async with opened(spec) as guest:
        assert guest.line.live
        assert guest.line.interactive
        assert guest.line.ready


@settled
async def test_what_was_sent_before_anybody_came_is_shown_to_the_first_client(spec):
    async with opened(spec) as guest:
        guest.line.write(b"booting\r\n")
        client = await connect(guest)
        guest.line.write(b"login: ")
        assert await client.exactly(16) == b"booting\r\nlogin: "
        client.close()


@settled
async def test_only_the_last_64_kib_are_kept_and_the_machine_never_waits_for_nobody(spec):
    async with opened(spec) as guest:
        sent = sending(300_000)
        for start in range(0, len(sent), 1000):
            guest.line.write(sent[start : start + 1000])
            assert guest.line.ready
            await asyncio.sleep(0)
        client = await connect(guest)
        assert await client.exactly(KEPT) == sent[-KEPT:]
        guest.line.write(b"END")
        assert await client.exactly(3) == b"END"
        client.close()


@settled
async def test_what_is_sent_between_two_clients_is_shown_to_the_second(spec):
    async with opened(spec) as guest:
        first = await connect(guest)
        guest.line.write(b"for the first")
        assert await first.exactly(13) == b"for the first"
        first.close()
        await asyncio.sleep(0.3)
        guest.line.write(b"one ")
        await asyncio.sleep(0.05)
        guest.line.write(b"two ")
        await asyncio.sleep(0.05)
        guest.line.write(b"three")
        second = await connect(guest)
        assert await second.exactly(13) == b"one two three"
        second.close()


@settled
async def test_a_client_that_comes_right_after_another_left_sees_what_it_had_not_been_shown(spec):
    async with opened(spec) as guest:
        for number in range(20):
            client = await connect(guest)
            line = b"line %d\n" % number
            guest.line.write(line)
            assert await client.exactly(len(line)) == line
            client.close()
            guest.line.write(b"unseen;")
            client = await connect(guest)
            assert await client.exactly(7) == b"unseen;"
            client.close()


@settled
async def test_a_slow_client_pauses_the_machine_and_gets_every_byte(spec):
    async with opened(spec) as guest:
        client = await connect(guest)
        await client.send(b"!")
        await until(lambda: guest.heard)
        sent = await guest.say_until_paused()
        assert not guest.line.ready
        changes = guest.changes
        assert await client.exactly(len(sent)) == sent
        await until(lambda: guest.line.ready)
        assert guest.changes > changes
        client.close()


@settled
async def test_a_client_that_stalls_and_leaves_frees_the_machine_and_what_it_had_not_taken_is_kept(
    spec,
):
    async with opened(spec) as guest:
        first = await connect(guest)
        await first.send(b"!")
        await until(lambda: guest.heard)
        sent = await guest.say_until_paused()
        first.close()
        await until(lambda: guest.line.ready)
        second = await connect(guest)
        shown = await second.exactly(EASED)
        guest.line.write(b"END")
        shown += await second.up_to(b"END")
        assert (sent + b"END").endswith(shown)
        # What the host took for a unix socket's client goes with the client.
        assert len(shown) == KEPT + 3 or spec.startswith("unix:")
        second.close()


@settled
async def test_a_slow_guest_is_not_flooded_and_gets_every_byte(spec):
    async with opened(spec) as guest:
        guest.deaf = True
        sent = sending(3_000_000)
        client = await connect(guest)
        sender = asyncio.create_task(client.send(sent))
        while len(guest.heard) < len(sent):
            await asyncio.sleep(0)
            guest.take(10_000)
        await sender
        assert guest.heard == sent
        assert guest.most_waiting <= 2 * 65_536
        client.close()


@settled
async def test_what_a_client_typed_before_it_left_is_received_though_the_guest_was_slow(spec):
    async with opened(spec) as guest:
        guest.line.hold_input(True)
        sent = b""
        for number in range(4):
            client = await connect(guest)
            # A pty takes few bytes before it makes its client wait.
            portion = b"%d" % number + sending(3_000 if spec == "pty" else 30_000)
            await client.send(portion)
            await asyncio.sleep(0.3)
            client.close()
            sent += portion
        await asyncio.sleep(0.3)
        assert guest.heard == b""
        guest.deaf = True
        guest.line.hold_input(False)
        while len(guest.heard) < len(sent):
            guest.take(10_000)
            await asyncio.sleep(0)
        assert guest.heard == sent
        assert guest.most_waiting <= 2 * 65_536


@settled
async def test_a_second_client_is_told_so_in_one_line_and_closed(socket_spec):
    async with opened(socket_spec) as guest:
        first = await connect(guest)
        await first.send(b"a")
        await until(lambda: guest.heard)
        second = await connect(guest)
        await second.send(b"hello?")
        assert await second.to_the_end() == b"soclet: another console is attached\r\n"
        second.close()
        await first.send(b"b")
        await until(lambda: guest.heard == b"ab")
        guest.line.write(b"still here")
        assert await first.exactly(10) == b"still here"
        first.close()


@settled
async def test_a_client_that_ended_its_input_reads_on_until_another_comes(socket_spec):
    async with opened(socket_spec) as guest:
        first = await connect(guest)
        await first.send(b"status\n")
        first.end_input()
        await until(lambda: guest.heard == b"status\n")
        for _ in range(3):
            await asyncio.sleep(0.02)
            guest.line.write(b"fine\n")
            assert await first.exactly(5) == b"fine\n"
        second = await connect(guest)
        await second.send(b"x")
        await until(lambda: guest.heard == b"status\nx")
        assert await first.to_the_end() == b""
        guest.line.write(b"for the second")
        assert await second.exactly(14) == b"for the second"
        first.close()
        second.close()


@settled
async def test_a_client_that_resets_its_connection_makes_room(socket_spec):
    async with opened(socket_spec) as guest:
        for number in range(10):
            client = await connect(guest)
            await client.send(b"x")
            await until(lambda number=number: len(guest.heard) == number + 1)
            client.reset()
            await asyncio.sleep(0.01)


@settled
async def test_a_client_that_is_not_read_and_goes_makes_room_too(socket_spec):
    async with opened(socket_spec) as guest:
        guest.line.hold_input(True)
        for number in range(4):
            client = await connect(guest)
            await client.send(b"unread")
            await asyncio.sleep(0.01)
            client.reset() if number % 2 else client.close()
        client = await connect(guest)
        guest.line.hold_input(False)
        await client.send(b"heard")
        await until(lambda: guest.heard.endswith(b"heard"))
        client.close()


@settled
async def test_clients_that_only_knock_take_nothing_from_the_next(socket_spec):
    async with opened(socket_spec) as guest:
        guest.line.write(b"precious")
        for _ in range(10):
            (await connect(guest)).close()
        await asyncio.sleep(0.1)
        client = await connect(guest)
        assert await client.exactly(8) == b"precious"
        client.close()


@settled
async def test_a_thousand_clients_leave_no_descriptor_and_no_task(spec):
    before = descriptors()
    async with opened(spec) as guest:
        with_line = descriptors()
        for number in range(1000):
            client = await connect(guest)
            if number % 4 == 0:
                await client.send(b"x")
            if number % 4 == 1:
                guest.line.write(b"y")
                await asyncio.sleep(0)
            if number % 4 == 2 and spec != "pty":
                client.reset()
            else:
                client.close()
            await asyncio.sleep(0)
        client = await connect(guest)
        await client.send(b"the last")
        await until(lambda: guest.heard.endswith(b"the last"))
        client.close()
        await until(lambda: descriptors() == with_line)
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert descriptors() == before


@settled
async def test_finish_waits_until_the_client_has_everything(spec):
    async with opened(spec) as guest:
        client = await connect(guest)
        await client.send(b"input that nobody reads " * 100)
        await until(lambda: guest.heard)
        sent = sending(1_000_000)
        guest.line.hold_input(True)
        await client.send(b"more of it")
        guest.line.write(sent)
        reader = asyncio.create_task(client.exactly(len(sent)))
        await guest.line.finish()
        guest.line.close()
        assert await reader == sent
        client.close()


@settled
async def test_finish_waits_for_a_slow_client_that_types_on_to_the_very_end(spec):
    async def type_on(client):
        with contextlib.suppress(OSError):
            while True:
                await client.send(b"are you there? ")
                await asyncio.sleep(0)

    async def read_slowly(client, size):
        taken = bytearray()
        while len(taken) < size:
            portion = await client.some(20_000)
            assert portion
            taken += portion
            await asyncio.sleep(0.002)
        return bytes(taken)

    async with opened(spec) as guest:
        client = await connect(guest)
        await client.send(b"!")
        await until(lambda: guest.heard)
        said = sending(400_000)
        typing = asyncio.create_task(type_on(client))
        reading = asyncio.create_task(read_slowly(client, len(said)))
        guest.line.write(said)
        await guest.line.finish()
        guest.line.close()
        assert await reading == said
        typing.cancel()
        await asyncio.wait([typing])
        client.close()


@settled
async def test_a_client_that_the_line_closes_on_is_not_reset(socket_spec):
    async with opened(socket_spec) as guest:
        client = await connect(guest)
        await client.send(b"!")
        await until(lambda: guest.heard)
        guest.line.hold_input(True)
        await client.send(b"never read")
        guest.line.close()
        assert await client.to_the_end() == b""
        client.close()


@settled
async def test_a_client_that_goes_while_it_is_not_read_pauses_nothing(spec):
    async with opened(spec) as guest:
        client = await connect(guest)
        await client.send(b"!")
        await until(lambda: guest.heard)
        guest.line.hold_input(True)
        client.close()
        said = sending(300_000)
        await guest.say(said)
        client = await connect(guest)
        assert await client.exactly(KEPT) == said[-KEPT:]
        client.close()


@settled
async def test_finish_gives_up_on_a_client_that_takes_nothing(spec, monkeypatch):
    for module in ("channel", "waiting"):
        monkeypatch.setattr(f"soclet.lines.{module}.PATIENCE", 0.2)
    async with opened(spec) as guest:
        client = await connect(guest)
        await client.send(b"!")
        await until(lambda: guest.heard)
        await guest.say_until_paused()
        await guest.line.finish()
        client.close()


@settled
async def test_finish_with_nobody_attached_waits_for_nobody(spec):
    async with opened(spec) as guest:
        guest.line.write(b"unread")
        await guest.line.finish()


@settled
async def test_closing_twice_is_closing_once(spec):
    before = descriptors()
    async with opened(spec) as guest:
        client = await connect(guest)
        await client.send(b"x")
        await until(lambda: guest.heard)
        guest.line.close()
        guest.line.close()
        guest.line.write(b"to nobody")
        client.close()
    assert descriptors() == before


class Eager(Guest):
    """Holds and releases the line's input from within what the line calls."""

    def received(self, data):
        self.line.hold_input(True)
        super().received(data)
        self.line.hold_input(False)


@settled
async def test_a_line_may_be_held_and_released_while_it_delivers(spec):
    async with opened(spec, kind=Eager) as guest:
        client = await connect(guest)
        sent = sending(200_000)
        await client.send(sent)
        await until(lambda: guest.heard == sent)
        client.close()
