"""A device wholly from outside the machine's package: ports, an interrupt line, a deadline."""

import pytest
from board import START, Board, handler
from dice import COUNT, LINE, START_AT, Dice

from isa_spec.memory_map import Port
from machine.device import NEVER
from machine.machine import Machine
from machine.reason import Reason


def board(*lines: str) -> Board:
    return Board(*lines, devices=(Dice(),)).set(r2=COUNT.address, r3=START_AT.address)


@pytest.mark.isa("6.1")
def test_the_guest_uses_its_ports():
    machine = board("mov r1, [r2]", "mov r4, [r2]", "mov [r3], r4").step(3)
    assert (machine["r1"], machine["r4"]) == (1, 2)
    assert machine.machine.bus.devices["dice"].save(0) == (2, 2)


@pytest.mark.isa("6.2")
@pytest.mark.parametrize(("line", "cause"), [("mov [r2], r1", 0x106), ("mov r1, [r3]", 6)])
def test_its_ports_work_only_in_their_directions(line: str, cause: int):
    assert board(line).trapped()[0] == cause


@pytest.mark.isa("5.2", "5.14")
@pytest.mark.parametrize("tick", [2, 5, 9])
def test_its_line_interrupts_at_its_deadline(tick: int):
    machine = board("mov [r3], r4", *["mov r0, r0"] * 20).set(imask=LINE, r4=tick, status=5)
    machine.run(30)
    assert machine.trap == (19, 0, START + 8 * tick)


def test_its_line_wakes_a_sleeping_machine():
    machine = board("mov [r3], r4", "wait", "mov r0, 7").set(imask=LINE, r4=1_000_000)
    assert machine.machine.run(budget=3) is Reason.BUDGET
    assert (machine["r0"], machine.time) == (7, 1_000_001)


def test_its_line_does_not_wake_where_it_is_masked():
    machine = board("mov [r3], r4", "wait").set(imask=1 << 20, r4=500)
    assert machine.run() is Reason.ASLEEP


@pytest.mark.isa("6.PENDING")
def test_its_line_shows_among_the_pending():
    machine = board("mov [r3], r4", "mov r1, [r5]").set(r4=0, r5=0x24).step(2)
    assert machine["r1"] == LINE | 1 << 18


@pytest.mark.isa("6.15")
def test_looking_at_its_port_does_not_throw():
    machine = board("mov r1, [r2]")
    assert [machine.machine.bus.peek(COUNT.address, 0) for _ in range(3)] == [1, 1, 1]
    assert machine.machine.bus.peek(START_AT.address, 0) is None
    assert machine.step()["r1"] == 1


def test_its_state_is_part_of_the_machines():
    machine = board("mov r1, [r2]", "mov pc, 0x1000")
    before = machine.machine.snapshot()
    machine.step(4)
    assert machine.machine.bus.devices["dice"].save(0)[0] == 2
    changed = machine.machine.hash()
    machine.machine.restore(before)
    assert machine.machine.hash() == before.hash() != changed
    machine.step(4)
    assert machine.machine.hash() == changed


@pytest.mark.isa("1.11")
def test_reset_reaches_it():
    machine = board("mov r1, [r2]").step()
    machine.machine.reset()
    assert machine.machine.bus.devices["dice"].save(0) == (0, NEVER)


@pytest.mark.parametrize(
    ("now", "mask", "deadline"),
    [(49, 1 << 16, 50), (50, 1 << 16, NEVER), (51, 1 << 16, NEVER), (49, 1 << 17, NEVER)],
)
def test_a_deadline_lies_ahead_and_is_of_a_line_that_was_asked_for(
    now: int, mask: int, deadline: int
):
    timer = Machine().bus.devices["timer"]
    timer.restore((50, None, None))
    assert timer.deadline(now, mask) == deadline


def test_a_device_lower_in_number_comes_first():
    machine = board("mov [r3], r4", "mov r0, r0").set(imask=LINE | 1 << 18, r4=0, status=5)
    assert machine.step()["cause"] == 18
    machine = board("mov [r3], r4", "mov r0, r0").set(imask=LINE, r4=0, status=5).step(2)
    assert (machine["cause"], machine["pc"]) == (19, handler(19))


def with_ports(name: str, *ports: Port) -> Dice:
    device = Dice()
    device.name, device.ports = name, ports
    return device


@pytest.mark.parametrize(
    ("devices", "sentence"),
    [
        ([with_ports("serial")], "device serial: there is one of that name already"),
        ([with_ports("a"), with_ports("a")], "device a: there is one of that name already"),
        (
            [with_ports("a", Port("X", 0x14, "a", load="x"))],
            "port X of device a: 0x14 is taken by TX",
        ),
        (
            [with_ports("a", Port("X", 0x1000, "a", load="x"))],
            "port X: 0x1000 is not in the I/O page",
        ),
        ([with_ports("a", Port("X", -1, "a", load="x"))], "is not in the I/O page"),
    ],
)
def test_devices_that_no_machine_can_have_are_refused(devices: list[Dice], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        Machine(devices=devices)
