"""That echo-irq lets the machine sleep, and that its handlers leave no trace."""

import pytest

from isa_spec.registers import EPC, IMASK, LINK, PC
from isa_spec.traps import SERIAL_RX
from soclet.testing import Reason

PER_BYTE = 150
"""More instructions than echoing a byte may take, with every interrupt on the way."""


def test_it_sleeps_where_nothing_comes(boot):
    board = boot("echo-irq")
    assert board.run() is Reason.ASLEEP
    assert board.machine.cpu.executed < 3000
    assert board.serial.raw_output.endswith(b"ends.\r\n")


def test_it_executes_nothing_while_nobody_types(boot):
    board = boot("echo-irq")
    board.serial.send(b"a", at=1_000_000)
    board.serial.send(b"b", at=9_000_000)
    board.run(500_000)
    before = board.machine.cpu.executed
    board.run(7_500_000)
    assert board.serial.raw_output.endswith(b"a")
    assert board.machine.cpu.executed - before < PER_BYTE
    board.run(2_000_000)
    assert board.serial.raw_output.endswith(b"ab")
    assert board.machine.cpu.executed - before < 2 * PER_BYTE


@pytest.mark.parametrize("data", [b"x" * 500, b"\r" * 250], ids=["as fast", "twice as much"])
def test_it_sleeps_while_the_line_is_slow(boot, data):
    board = boot("echo-irq", byte_ticks=997)
    assert board.run() is Reason.ASLEEP
    executed, time = board.machine.cpu.executed, board.time
    board.serial.send(data, at=time)
    assert board.run() is Reason.ASLEEP
    assert board.time - time > 480 * 997
    assert board.machine.cpu.executed - executed < 500 * PER_BYTE


def test_the_greeting_does_not_spin_on_a_slow_line_either(boot):
    board = boot("echo-irq", byte_ticks=997)
    assert board.run() is Reason.ASLEEP
    assert board.time > 20 * 997
    assert board.machine.cpu.executed < 44 * PER_BYTE


def test_a_full_ring_masks_rx_and_what_is_on_the_line_waits(boot):
    board = boot("echo-irq", byte_ticks=997)
    board.serial.send(b"\r" * 300 + b"quit\r")
    masked = 0
    while board.run(500) is Reason.LIMIT:
        masked += not board.machine.cpu.r[IMASK] & SERIAL_RX.bit
    assert masked > 50
    assert board.serial.raw_output.endswith(b"ends.\r\n" + b"\r\n" * 300 + b"quit\r\n")


@pytest.mark.parametrize(
    ("handler", "byte_ticks"),
    [
        ("rx_interrupt", 0),
        ("rx_interrupt", 50),
        ("rx_interrupt", 997),
        ("tx_interrupt", 300),
        ("tx_interrupt", 997),
    ],
)
def test_a_handler_leaves_every_register_as_it_was(boot, handler, byte_ticks):
    board = boot("echo-irq", byte_ticks=byte_ticks)
    board.serial.send(bytes(range(14, 200)) + b"\r" * 40)
    for _ in range(20):
        board.run_until(symbol=handler)
        cpu = board.machine.cpu
        before, back = [*cpu.r[:PC], cpu.r[LINK]], cpu.r[EPC]
        while cpu.r[PC] != back:
            board.run_instructions(1)
        assert [*cpu.r[:PC], cpu.r[LINK]] == before


@pytest.mark.parametrize("tick", range(1500, 1800))
def test_no_moment_is_wrong_for_a_byte_to_wake_it(boot, tick):
    board = boot("echo-irq")
    board.serial.send(b"a", at=1500)
    board.serial.send(b"b", at=tick)
    assert board.run() is Reason.ASLEEP
    assert board.serial.raw_output.endswith(b"ends.\r\nab")
