"""That timer's lines come when they are due, and that it sleeps in between."""

import pytest

from isa_spec.registers import EPC, LINK, PC

PERIOD = 100_000
PERIOD_LINE = f".equ PERIOD, {PERIOD} "


def line_ticks(board):
    """The tick at which each line's first byte left."""
    starts = [0] + [
        n + 1 for n, byte in enumerate(board.serial.raw_output[:-1]) if byte == ord("\n")
    ]
    return [board.serial.sent[n].tick for n in starts]


def test_every_line_leaves_the_same_time_after_its_tick(boot):
    board = boot("timer")
    board.run_to_power_off()
    late = [tick - n * PERIOD for n, tick in enumerate(line_ticks(board), 1)]
    assert len(late) == 10
    assert 0 <= late[0] < 200
    assert set(late) == {late[0]}


@pytest.mark.parametrize("byte_ticks", [0, 997, 9_000, 20_000])
def test_deadlines_do_not_drift_even_where_printing_takes_longer_than_a_period(boot, byte_ticks):
    board = boot("timer", byte_ticks=byte_ticks)
    for n in range(1, 11):
        board.run_until(symbol="timer_interrupt")
        assert n * PERIOD <= board.time <= n * PERIOD + 50
        assert board.memory["due_low"] == n * PERIOD


@pytest.mark.parametrize("byte_ticks", [9_000, 20_000])
def test_no_tick_is_left_out_where_printing_takes_longer_than_a_period(boot, byte_ticks):
    board = boot("timer", byte_ticks=byte_ticks)
    board.run_to_power_off()
    expected = b"".join(b"tick %d\n" % n for n in range(1, 11))
    # What TX still holds at the power-off is lost on a line that is slower than it waits for.
    assert len(expected) - 16 <= len(board.serial.raw_output)
    assert expected.startswith(board.serial.raw_output)


def test_it_sleeps_between_its_ticks(boot):
    board = boot("timer")
    board.run(PERIOD * 10 - 1)
    assert board.machine.cpu.executed < 9 * 300
    assert board.machine.cpu.asleep


@pytest.mark.parametrize("period", [0x6000_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
def test_deadlines_go_on_beyond_what_a_word_holds(boot, period):
    board = boot("timer", (PERIOD_LINE, f".equ PERIOD, {period} "))
    for n in range(1, 11):
        board.run_until(symbol="timer_interrupt", ticks=11 * period)
        assert n * period <= board.time < n * period + 50
        assert board.memory["due_high"] << 32 | board.memory["due_low"] == n * period


def test_a_handler_leaves_every_register_as_it_was(boot):
    board = boot("timer", byte_ticks=20_000)
    cpu = board.machine.cpu
    for _ in range(10):
        board.run_until(symbol="timer_interrupt")
        before, back = [*cpu.r[:PC], cpu.r[LINK]], cpu.r[EPC]
        while cpu.r[PC] != back:
            board.run_instructions(1)
        assert [*cpu.r[:PC], cpu.r[LINK]] == before


@pytest.mark.parametrize("period", range(182, 300))
def test_no_moment_between_test_and_sleep_is_wrong_for_a_tick(boot, period):
    # Periods about as long as printing a line: ticks come while the program looks for one.
    board = boot("timer", (PERIOD_LINE, f".equ PERIOD, {period} "))
    board.run_to_power_off()
    assert max(tick - n * period for n, tick in enumerate(line_ticks(board), 1)) < 100


def test_ticks_begin_anew_when_the_power_comes_back(boot):
    board = boot("timer")
    board.run_to_power_off()
    first = line_ticks(board)
    board.power_cycle()
    board.run_to_power_off()
    assert line_ticks(board) == first + first
