"""What both echo programs do with a line; they differ only in how they wait."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soclet.testing import Reason

pytestmark = pytest.mark.parametrize("name", ["echo-poll", "echo-irq"])

QUIT = b"\nquit\n"


def greeting_of(name):
    return f"{name}: type, it comes back; quit ends.\r\n".encode()


def echo_of(data):
    """All that comes back for some input, up to and including the line that quits."""
    end = re.search(rb"(?:\A|[\r\n])quit[\r\n]", data)
    return re.sub(rb"\r\n?", b"\r\n", data[: end.end()] if end else data)


def test_the_expectation_is_that_of_the_readme(name):
    assert echo_of(b"a\rb\r\nc\nquite\nquit\rx") == b"a\r\nb\r\nc\nquite\nquit\r\n", name


bits = st.one_of(
    st.binary(max_size=40),
    st.text("quit\r\n\0\x7f\x08 ", max_size=20).map(str.encode),
    st.sampled_from([b"quit", b"qu", b"it", b"\rquit", b"quit ", b"\r\n", b"\n\r", b"\xff" * 20]),
    st.integers(1, 200).map(lambda n: b"x" * n),
)
gaps = st.one_of(st.integers(0, 60), st.integers(0, 5000))
rates = st.sampled_from([0, 0, 1, 13, 50, 300])


@given(chunks=st.lists(st.tuples(gaps, bits), max_size=12), byte_ticks=rates)
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_doubled_or_reordered_whatever_comes_whenever(
    boot, name, chunks, byte_ticks
):
    board = boot(name, byte_ticks=byte_ticks)
    tick, data = 0, b""
    for gap, chunk in [*chunks, (0, QUIT)]:
        tick += gap
        data += chunk
        board.serial.send(chunk, at=tick)
    assert board.run_to_power_off() == 0
    assert board.serial.raw_output == greeting_of(name) + echo_of(data)


@pytest.mark.parametrize("gap", [0, 1, 29, 997, 40_000])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_quit_ends_it_when_it_comes_letter_by_letter(boot, name, gap, end):
    board = boot(name)
    for n, letter in enumerate(b"quit" + end):
        board.serial.send(bytes([letter]), at=n * gap)
    assert board.run_to_power_off() == 0
    assert board.serial.raw_output == greeting_of(name) + echo_of(b"quit" + end)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"q",
        b"qui",
        b"QUIT",
        b"quit ",
        b" quit",
        b"qquit",
        b"quitquit",
        b"quit\0",
        b"\0quit",
        b"qu\x08uit",
        b"quit\xff\xff\xff\xff",
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_only_a_line_that_says_quit_and_nothing_else_ends_it(boot, name, line, end):
    board = boot(name)
    board.serial.send(line + end)
    assert board.run(100_000) is not Reason.POWER_OFF
    assert board.serial.raw_output == greeting_of(name) + echo_of(line + end)
    board.serial.send(b"quit\r")
    assert board.run_to_power_off() == 0


def test_enter_on_a_bare_terminal_begins_a_new_line(boot, name):
    board = boot(name)
    board.serial.send(b"one\rtwo\rquit\r")
    board.run_to_power_off()
    assert board.serial.raw_output == greeting_of(name) + b"one\r\ntwo\r\nquit\r\n"


def test_lines_of_a_terminal_in_line_mode_come_back_as_they_are(boot, name):
    board = boot(name)
    board.serial.send(b"one\ntwo\nquit\n")
    board.run_to_power_off()
    assert board.serial.raw_output == greeting_of(name) + b"one\ntwo\nquit\n"


def test_a_line_feed_of_its_own_after_a_whole_line_end_comes_back(boot, name):
    board = boot(name)
    board.serial.send(b"a\r\n\n\r\r\nquit\n")
    board.run_to_power_off()
    assert board.serial.raw_output == greeting_of(name) + b"a\r\n\n\r\n\r\nquit\n"


def test_every_byte_but_a_carriage_return_comes_back_as_it_is(boot, name):
    every = bytes(n for n in range(256) if n != ord("\r"))
    board = boot(name)
    board.serial.send(every * 3 + QUIT)
    board.run_to_power_off()
    assert board.serial.raw_output == greeting_of(name) + every * 3 + QUIT


@pytest.mark.parametrize(("length", "byte_ticks"), [(2000, 0), (1000, 50), (300, 997)])
def test_a_line_longer_than_any_buffer_comes_back_whole(boot, name, length, byte_ticks):
    line = bytes(n % 251 + 1 for n in range(length)).replace(b"\r", b"x").replace(b"\n", b"y")
    board = boot(name, byte_ticks=byte_ticks)
    board.serial.send(line + QUIT)
    board.run_to_power_off()
    assert board.serial.raw_output == greeting_of(name) + line + QUIT


@pytest.mark.parametrize("byte_ticks", [50, 997])
def test_nothing_is_lost_where_twice_as_much_goes_out_as_comes_in(boot, name, byte_ticks):
    board = boot(name, byte_ticks=byte_ticks)
    board.serial.send(b"\r" * 400 + b"quit\r")
    board.run_to_power_off()
    assert board.serial.raw_output == greeting_of(name) + b"\r\n" * 400 + b"quit\r\n"


@pytest.mark.parametrize("pause", range(0, 300, 3))
def test_a_byte_is_echoed_at_whatever_moment_it_follows_another(boot, name, pause):
    board = boot(name)
    board.serial.send(b"a", at=5000)
    for offset in range(3):
        board.serial.send(b"b", at=5000 + pause + offset)
    board.run(10_000)
    assert board.serial.raw_output == greeting_of(name) + b"abbb"


def test_a_reset_forgets_a_line_half_typed(boot, name):
    board = boot(name)
    board.serial.send(b"qu")
    board.run(50_000)
    board.power_cycle()
    board.serial.send(b"it\n")
    assert board.run(50_000) is not Reason.POWER_OFF
    assert board.serial.raw_output == greeting_of(name) + b"qu" + greeting_of(name) + b"it\n"
