"""The console of a machine under test: pexpect's words, the machine's time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tested_guests import ECHO, SLEEPY

from soclet.testing import Configuration, Failure, MachineUnderTest


def test_what_is_typed_comes_back_and_is_found(build):
    machine = build()
    machine.serial.send("hello world")
    assert machine.serial.expect("w.r") == 0
    assert (machine.serial.before, machine.serial.after) == ("hello ", "wor")
    assert machine.serial.match.group() == b"wor"
    machine.serial.expect_exact("ld")
    assert (machine.serial.before, machine.serial.after) == ("", "ld")
    assert machine.serial.output == "hello world"


def test_the_machine_stops_at_the_tick_at_which_the_last_byte_of_a_match_left(build):
    machine = build()
    machine.serial.send("ab")
    machine.serial.expect_exact("a")
    assert machine.serial.output == "a"


@pytest.mark.parametrize("byte_ticks", [0, 1, 7, 500])
def test_a_match_is_at_the_same_tick_whatever_was_run_before(build, byte_ticks: int):
    def tick(*runs: int) -> int:
        machine = build(byte_ticks=byte_ticks)
        machine.serial.send("first second", at=100)
        for ticks in runs:
            machine.run(ticks)
        machine.serial.expect("sec")
        assert machine.serial.output == "first sec"
        return machine.time

    assert tick() == tick(1) == tick(50, 1, 1, 70)


def test_the_first_of_several_patterns_that_comes_is_told_by_its_number(build):
    machine = build()
    machine.serial.send("one two")
    assert machine.serial.expect(["two", re.compile("o(n)e"), b"zzz"]) == 1
    assert machine.serial.match.group(1) == b"n"
    assert machine.serial.expect_exact(["zzz", b"two"]) == 1


def test_a_pattern_stops_as_soon_as_it_matches(build):
    machine = build()
    machine.serial.send("aaa")
    machine.serial.expect("a+")
    assert machine.serial.after == "a"


def test_what_does_not_come_in_time_fails_with_what_came_instead(build):
    machine = build()
    machine.serial.send("password:")
    with pytest.raises(Failure) as failure:
        machine.serial.expect("login:", ticks="10k")
    message = str(failure.value)
    assert message.startswith("'login:' did not come within 10,000 ticks: the machine is at pc 0x")
    assert "poll" in message
    assert message.endswith("at tick 10,000; unread is 'password:'")
    assert machine.time == 10_000


def test_nothing_is_waited_for_once_the_machine_is_off(build):
    machine = build()
    machine.serial.send("a!")
    with pytest.raises(Failure, match=r"'b' did not come .* exit status 7"):
        machine.serial.expect("b")
    assert machine.time < 100


def test_nothing_is_waited_for_once_nothing_can_wake_the_machine(build):
    machine = build(SLEEPY)
    with pytest.raises(Failure, match=r"asleep: nothing can wake the wait at pc .*nothing came"):
        machine.serial.expect("b")


def test_input_for_a_later_tick_wakes_the_machine_then(build):
    machine = build(SLEEPY)
    machine.serial.send("x", at=5000)
    machine.serial.expect_exact("x")
    assert 5000 < machine.time < 5010


def test_input_typed_before_the_guest_asks_is_not_lost(build):
    machine = build()
    machine.serial.send("x" * 1000 + "\n")
    machine.serial.expect_exact("x" * 1000)
    machine.serial.sendline("y")
    machine.serial.expect("\ny\n")


def test_input_cannot_be_typed_into_the_past(build):
    machine = build()
    machine.run(10)
    with pytest.raises(ValueError, match="tick 5 is over: the machine is at 10"):
        machine.serial.send("x", at=5)


def test_bytes_that_are_no_text_are_shown_as_escapes(build):
    machine = build()
    machine.serial.send(b"\xff\x00z")
    machine.serial.expect_exact("z")
    assert machine.serial.output == "\\xff\x00z"
    assert machine.serial.raw_output == b"\xff\x00z"


@given(st.binary(max_size=40).filter(lambda data: b"!" not in data), st.sampled_from([0, 3, 90]))
def test_every_byte_is_found_once_and_in_order(data: bytes, byte_ticks: int):
    machine = MachineUnderTest(Configuration(source=ECHO, byte_ticks=byte_ticks))
    machine.serial.send(data)
    for byte in data:
        machine.serial.expect_exact(bytes([byte]))
        assert machine.serial.before == ""
    assert machine.serial.raw_output == data
