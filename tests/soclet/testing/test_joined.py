"""Two machines whose serial lines are joined."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tested_guests import ECHO, SLEEPY

from soclet.errors import UserError
from soclet.testing import Configuration, Joined, MachineUnderTest, Reason

PING = """
start:  mov r1, 0x15
        mov r2, 0x10
        mov r3, 0x14
        mov r5, 1
        mov r6, 65
next:   mov [r3], r6
poll:   mov r0, [r1]
        condbr r0 < 3, poll
        mov r0, [r2]
        add r6, r5
        condbr r6 != 70, next
        mov r0, 33
        mov [r3], r0
        mov r4, 0x20
        mov [r4], r5
"""
"""Sends A to E, each once the last has come back, then ! which ends an echo."""


def pair(
    one: str = PING, other: str = ECHO, **options
) -> tuple[MachineUnderTest, MachineUnderTest]:
    machines = tuple(MachineUnderTest(Configuration(source=source)) for source in (one, other))
    Joined(*machines, **options)
    return machines


def test_what_one_sends_the_other_receives_after_the_latency():
    ping, echo = pair(quantum=10, latency=400)
    assert ping.run_to_power_off() == 1
    assert ping.serial.output == "ABCDE!"
    assert echo.run_to_power_off() == 7
    assert echo.serial.output == "ABCDE"
    assert ping.time > 5 * 2 * 400


def test_it_makes_no_difference_which_of_them_is_run_or_for_how_long():
    def times(order: list[tuple[int, int]]) -> tuple[str, str]:
        machines = pair(quantum=25, latency=60)
        for which, ticks in order:
            machines[which].run(ticks)
        for machine in machines:
            while machine.time < 3000 and machine.ended is None:
                machine.run(3000 - machine.time)
        return machines[0].machine.hash(), machines[1].machine.hash()

    alone = times([(0, 3000), (1, 3000)])
    assert times([(1, 3000)]) == alone
    assert times([(0, 1), (1, 77), (0, 500), (1, 500)]) == alone


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(1, 400)), max_size=12))
@settings(max_examples=30)
def test_any_turns_give_the_same_run(order: list[tuple[int, int]]):
    plain, turned = pair(quantum=30), pair(quantum=30)
    for which, ticks in order:
        turned[which].run(ticks)
    for one, other in zip(plain, turned, strict=True):
        for machine in (one, other):
            machine.run(max(0, 6000 - machine.time))
    assert [m.machine.hash() for m in plain] == [m.machine.hash() for m in turned]


def test_a_machine_that_sleeps_is_woken_by_what_the_other_sends():
    ping, echo = pair(PING, SLEEPY)
    assert ping.run_to_power_off() == 1
    assert echo.serial.output == "ABCDE"[: len(echo.serial.output)]
    echo.serial.expect_exact("ABCDE!")


def test_two_machines_that_wait_for_each_other_are_asleep():
    one, other = pair(SLEEPY, SLEEPY)
    assert one.run(100_000) is Reason.ASLEEP
    one.serial.send("x", at=one.time + 5)
    one.serial.expect_exact("xx", ticks=10_000)
    assert other.serial.output.startswith("x")


def test_a_reset_of_one_leaves_the_time_of_the_line():
    ping, echo = pair(quantum=10)
    ping.serial.expect_exact("C")
    echo.power_cycle()
    assert echo.time == 0
    assert ping.run_to_power_off() == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"quantum": 0}, "the quantum must be at least 1"),
        ({"quantum": 10, "latency": 9}, "the latency at least the quantum"),
    ],
)
def test_a_line_that_cannot_be_is_refused(options, says: str):
    with pytest.raises(UserError, match=says):
        pair(**options)


def test_machines_are_joined_once_and_at_the_same_tick():
    one, other = pair()
    with pytest.raises(UserError, match="each to one other"):
        Joined(one, MachineUnderTest(Configuration(source=ECHO)))
    late = MachineUnderTest(Configuration(source=ECHO))
    late.run(5)
    with pytest.raises(UserError, match="they are at 5 and 0"):
        Joined(late, MachineUnderTest(Configuration(source=ECHO)))
    assert other.joined is one.joined
