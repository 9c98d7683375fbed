"""The explorer of chance: one seed after the other, and the lowest that goes wrong."""

import pytest

from soclet.explore import Explored, seeds
from soclet.testing import Configuration, Failure, MachineUnderTest
from soclet.testing.faults import Noise, seeded_flips

CHECKED = """
start:  mov r1, 0x4000      ; adds up eight words, again and again, and ends when the sum is another
        mov r4, 4
again:  mov r2, 0
        mov r3, 0x4000
sum:    mov r0, [r3]
        add r2, r0
        add r3, r4
        condbr r3 != 0x4020, sum
        condbr r2 == 0, again
        mov r0, 0x20
        mov [r0], r4
"""
LINES = """
start:  mov r1, 0x15
        mov r2, 0x10
        mov r3, 0x14
        mov r4, 0x20
poll:   mov r0, [r1]
        condbr r0 < 3, poll
        mov r0, [r2]
        mov [r3], r0
        condbr r0 != 10, poll
        mov [r4], r0
"""


def made(source: str) -> MachineUnderTest:
    return MachineUnderTest(Configuration(source=source, engine="reference"))


def one_bit_flips(machine: MachineUnderTest, seed: int) -> None:
    now = machine.time
    flips = seeded_flips(seed, 1, ticks=range(now + 10, now + 200), addresses=range(0x4000, 0x4040))
    for tick, flip in flips:
        machine.schedule(tick, flip)


def nobody_notices(machine: MachineUnderTest) -> str | None:
    machine.run(1000)
    return "the sum is wrong" if machine.exit_status is not None else None


def test_the_lowest_seed_that_goes_wrong_is_told_wherever_trials_are_run():
    said = []
    for jobs in (1, 2):
        machine = made(CHECKED)
        machine.run(20)
        with pytest.raises(Failure) as failure:
            seeds(machine, 20, disturb=one_bit_flips, then=nobody_notices, jobs=jobs)
        said.append(str(failure.value))
        assert machine.exit_status == 4
    assert said[0] == said[1]
    assert said[0].startswith("with seed ")
    assert said[0].endswith(" of 20: the sum is wrong")


def test_a_machine_is_left_as_it_was_where_nothing_goes_wrong():
    machine = made(CHECKED)
    machine.run(20)
    before = machine.machine.hash()
    explored = seeds(machine, 5, disturb=lambda *_: None, then=nobody_notices)
    assert explored == Explored(5)
    assert machine.machine.hash() == before


def test_a_line_that_loses_bytes_is_explored_by_seed():
    def type_through_noise(machine: MachineUnderTest, seed: int) -> None:
        machine.serial.noise = Noise(seed, drop=0.1)
        machine.serial.sendline("abcdefgh")

    def all_comes_back(machine: MachineUnderTest) -> None:
        machine.run(500)
        assert machine.serial.output == "abcdefgh\n"

    with pytest.raises(Failure, match=r"with seed \d+ of 50: "):
        seeds(made(LINES), 50, disturb=type_through_noise, then=all_comes_back)
