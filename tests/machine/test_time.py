"""Section 3 of the ISA manual: ticks, sleep, and what makes a run the same every time."""

import time

import pytest
from board import DATA, START, Board, handler, output

from machine.events import SerialInput
from machine.reason import Reason

TIMER, RX, TX = 1 << 16, 1 << 17, 1 << 18
FULL_TX = ["mov [r6], r7"] * 17
"""With r6 at the TX port: fills TX and the line."""


def sleeper(mask: int, deadline: int | None = None, **options: int) -> Board:
    """A machine that sleeps from tick 1 on, and then writes 7 to r0."""
    board = Board("wait", "mov r0, 7", "loop:", "mov pc, loop", **options).set(imask=mask)
    if deadline is not None:
        board.machine.bus.devices["timer"].restore((deadline, None, None))
    return board


def woken_at(board: Board, **options: int) -> int:
    """The tick at which the instruction after `wait` begins."""
    while board["r0"] != 7:
        reason = board.machine.run(budget=1, **options)
        assert reason is Reason.BUDGET, reason
    return board.time - 1


@pytest.mark.isa("3.1")
def test_an_instruction_that_completes_takes_one_tick():
    board = Board("mov r0, 1", "add r0, r0", "mov [r1], r0", "div r0, r0", "branch [r2]")
    board.set(r1=DATA, r2=START)
    for ticks in range(1, 6):
        board.step()
        assert board.time == ticks


@pytest.mark.isa("3.2")
@pytest.mark.parametrize("line", ["div r0, r1", "trap 5", "mov r0, [r2]", "brk"])
def test_an_instruction_that_traps_takes_one_tick(line: str):
    board = Board(line).set(r2=0x4001)
    assert board.run(1) is Reason.LIMIT
    assert (board.time, board.trap[2] & ~8) == (1, START)


@pytest.mark.isa("3.2", "2.2")
def test_a_fetch_that_traps_takes_one_tick():
    board = Board().set(pc=0x1001).step()
    assert (board.time, board["cause"]) == (1, 0x205)


@pytest.mark.isa("3.3")
def test_taking_an_interrupt_takes_no_tick():
    board = Board("mov r0, r0").set(imask=TX, status=5)
    assert board.run(1) is Reason.LIMIT
    assert (board.time, board["pc"], board["epc"]) == (1, handler(18), START)
    assert board.machine.cpu.executed == 1


@pytest.mark.isa("3.4")
def test_a_sleeping_machine_is_at_the_next_instruction():
    board = sleeper(0)
    assert board.run() is Reason.ASLEEP
    assert (board["pc"], board.time) == (START + 8, 1)


@pytest.mark.isa("3.5", "3.9", "3.10", "3.17")
@pytest.mark.parametrize("deadline", [2, 3, 1000, 1 << 40])
def test_sleep_skips_to_the_deadline_without_instructions(deadline: int):
    board = sleeper(TIMER, deadline)
    assert woken_at(board) == deadline
    assert board.machine.cpu.executed == 2


@pytest.mark.isa("3.9", "3.10")
@pytest.mark.parametrize("deadline", [0, 1])
def test_a_deadline_that_has_passed_means_no_sleep(deadline: int):
    assert woken_at(sleeper(TIMER, deadline)) == 1


@pytest.mark.isa("3.6", "6.TIME")
def test_a_load_from_the_timer_sees_the_ticks_completed_before_it():
    board = Board("mov r0, r0", "mov r0, r0", "mov r1, [r2]", "mov r3, [r2]").set(r2=4).step(4)
    assert (board["r1"], board["r3"]) == (2, 0)


@pytest.mark.isa("3.7")
def test_time_wraps_to_0_after_64_bits():
    board = Board(*["mov r0, r0"] * 4, "mov r1, [r2]", "mov r3, [r2]").set(r2=4)
    board.advance_time((1 << 64) - 3)
    board.step(6)
    assert (board["r1"], board["r3"], board.time) == (1, 0, 3)


@pytest.mark.isa("3.7", "6.4")
def test_time_just_before_it_wraps_is_seen_whole():
    board = Board("mov r1, [r2]", "mov r3, [r2]").set(r2=4)
    board.advance_time((1 << 64) - 2)
    board.step(2)
    assert (board["r1"], board["r3"]) == (0xFFFF_FFFE, 0xFFFF_FFFF)


@pytest.mark.isa("3.8", "3.15")
def test_no_clock_of_the_host_is_looked_at(monkeypatch):
    def refused(*_):
        raise AssertionError("the machine looked at the host's clock")

    def run() -> str:
        board = sleeper(TIMER | RX, 500)
        board.machine.schedule(300, SerialInput(b"x"))
        board.run(2000)
        return board.machine.hash()

    expected = run()
    for clock in ("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"):
        monkeypatch.setattr(time, clock, refused)
    assert run() == expected


@pytest.mark.isa("3.11", "3.9", "6.10")
@pytest.mark.parametrize("tick", [1, 2, 77, 100_000])
def test_sleep_skips_to_the_next_scripted_input(tick: int):
    board = sleeper(RX)
    board.machine.schedule(tick, SerialInput(b"x"))
    assert woken_at(board) == tick


@pytest.mark.isa("3.11", "6.8")
def test_scripted_input_wakes_once_it_has_crossed_a_slow_line():
    board = sleeper(RX, byte_ticks=30)
    board.machine.schedule(100, SerialInput(b"xy"))
    assert woken_at(board) == 130


@pytest.mark.isa("3.11", "3.14")
def test_scripted_input_does_not_wake_where_the_mask_holds_rx_back():
    board = sleeper(TIMER)
    board.machine.schedule(100, SerialInput(b"x"))
    assert board.run(50) is Reason.ASLEEP
    assert board.time == 1


@pytest.mark.isa("3.12", "3.9")
def test_sleep_skips_to_space_on_tx():
    board = Board(*FULL_TX, "wait", "mov r0, 7", byte_ticks=1000).set(r6=0x14, imask=TX)
    assert woken_at(board) == 1000
    assert len(output(board.machine)) == 1


@pytest.mark.isa("3.12")
def test_space_on_tx_does_not_wake_where_the_mask_holds_it_back():
    board = Board(*FULL_TX, "wait", byte_ticks=1000).set(r6=0x14, imask=TIMER)
    assert board.run() is Reason.ASLEEP
    assert board.time == 18


@pytest.mark.isa("3.9")
def test_the_earliest_of_several_moments_counts():
    board = sleeper(TIMER | RX, 200)
    board.machine.schedule(150, SerialInput(b"x"))
    assert woken_at(board) == 150
    board = sleeper(TIMER | RX, 200)
    board.machine.schedule(250, SerialInput(b"x"))
    assert woken_at(board) == 200


@pytest.mark.isa("3.13", "3.14")
def test_a_masked_timer_moves_nothing():
    board = sleeper(RX, 200)
    assert board.run(1000) is Reason.ASLEEP
    assert (board.time, board["r0"]) == (1, 0)


@pytest.mark.isa("3.13")
def test_a_masked_timer_does_not_hide_the_input_behind_it():
    board = sleeper(RX, 200)
    board.machine.schedule(300, SerialInput(b"x"))
    assert woken_at(board) == 300


@pytest.mark.isa("3.14")
@pytest.mark.parametrize("mask", [0, TIMER, RX, 1 << 19])
def test_where_nothing_can_come_the_machine_sleeps_for_ever(mask: int):
    board = sleeper(mask)
    assert board.machine.run() is Reason.ASLEEP
    assert board.machine.run(10_000) is Reason.ASLEEP
    assert board.time == 1


@pytest.mark.isa("3.14")
def test_a_deadline_of_all_ones_wakes_nobody():
    assert sleeper(TIMER, (1 << 64) - 1).run() is Reason.ASLEEP


@pytest.mark.isa("3.15")
def test_the_same_image_and_input_are_the_same_run_however_it_is_sliced():
    def run(budget: int | None) -> tuple[str, list[object]]:
        lines = ["loop:", "wait", "mov r1, [r2]", "add r4, r1", "mov [r3], r4", "mov pc, loop"]
        board = Board(*lines, byte_ticks=7).set(r2=0x10, r3=0x14, imask=RX)
        for tick in (5, 90, 91, 400):
            board.machine.schedule(tick, SerialInput(b"abc"))
        while board.machine.run(900, budget) is Reason.BUDGET:
            pass
        return board.machine.hash(), board.machine.take_output()

    first = run(None)
    assert len(first[1]) > 3
    for budget in (1, 2, 3, 10):
        assert run(budget) == first


@pytest.mark.isa("3.16", "6.10")
def test_live_input_arrives_at_the_tick_that_the_machine_has_reached():
    board = Board("mov r0, r0", "mov r1, [r3]", "mov r2, [r3]").set(r3=0x15)
    board.step(2)
    board.type(b"x")
    board.step()
    assert (board["r1"], board["r2"]) == (2, 3)
    (position, event), *_ = [entry for entry in board.machine.log if entry[1] == SerialInput(b"x")]
    assert (position.tick, event.data) == (2, b"x")


@pytest.mark.isa("3.16")
def test_live_input_wakes_a_machine_that_sleeps_for_ever():
    board = sleeper(RX)
    assert board.run() is Reason.ASLEEP
    board.type(b"x")
    assert woken_at(board) == 1


@pytest.mark.isa("3.18")
def test_with_the_paced_clock_sleep_is_the_hosts_to_pass():
    board = sleeper(TIMER, 500)
    assert board.run(skip_sleep=False) is Reason.ASLEEP
    assert (board.time, board.machine.wake_tick()) == (1, 500)
    board.machine.pass_time(499)
    assert board.run(skip_sleep=False) is Reason.ASLEEP
    assert board.time == 499
    board.machine.pass_time(500)
    assert woken_at(board, skip_sleep=False) == 500


@pytest.mark.isa("3.19")
def test_live_input_in_a_paced_sleep_arrives_at_the_tick_then_reached():
    board = sleeper(TIMER | RX, 500)
    board.run(skip_sleep=False)
    board.machine.pass_time(321)
    board.type(b"x")
    assert woken_at(board, skip_sleep=False) == 321


@pytest.mark.isa("3.19", "3.15")
def test_a_paced_run_is_as_repeatable_as_another_once_its_input_is_known():
    live = sleeper(TIMER | RX, 500)
    live.run(skip_sleep=False)
    live.machine.pass_time(321)
    live.type(b"x")
    live.run(600, skip_sleep=False)
    scripted = sleeper(TIMER | RX, 500)
    scripted.machine.schedule(321, SerialInput(b"x"))
    scripted.run(600)
    assert live.machine.hash() == scripted.machine.hash()


@pytest.mark.isa("3.20")
@pytest.mark.parametrize("tick", range(12))
def test_interrupts_off_then_test_then_wait_loses_no_wake_up(tick: int):
    # The test of a flag that a handler sets; the byte may come at any point of it.
    board = Board(
        "loop:",
        "mov status, 1",
        "condbr r5 == 1, done",
        "wait",
        "mov status, 5",
        "mov pc, loop",
        "done:",
        "mov r0, 7",
        "end:",
        "mov pc, end",
    ).set(imask=RX, r9=0x10)
    board.load_program(handler(17), "mov pc, 0x2400")
    board.load_program(0x2400, "mov r8, [r9]", "mov r5, 1", "iret")
    board.machine.schedule(tick, SerialInput(b"x"))
    assert board.run(100) is Reason.LIMIT
    assert board["r0"] == 7


# Stops


def test_the_limit_ends_a_run_before_the_instruction_at_that_tick():
    board = Board(*["mov r0, r0"] * 10)
    assert board.run(4) is Reason.LIMIT
    assert (board.time, board["pc"]) == (4, START + 32)
    assert board.run(4) is Reason.LIMIT
    assert board.time == 4


def test_no_interrupt_is_entered_at_the_limit():
    board = Board(*["mov r0, r0"] * 10).set(imask=TIMER, status=5)
    board.machine.bus.devices["timer"].restore((4, None, None))
    assert board.run(4) is Reason.LIMIT
    assert (board["pc"], board["cause"]) == (START + 32, 0)
    board.run(5)
    assert (board["epc"], board["cause"]) == (START + 32, 16)


def test_the_limit_cuts_a_sleep():
    board = sleeper(TIMER, 1000)
    assert board.run(400) is Reason.LIMIT
    assert (board.time, board.machine.cpu.asleep) == (400, True)
    assert woken_at(board) == 1000


def test_a_sleep_for_ever_at_the_limit_is_the_limit():
    board = sleeper(0)
    assert board.run(1) is Reason.LIMIT
    assert board.machine.cpu.asleep


def test_power_off_and_check_stop_win_over_the_limit():
    board = Board("mov [r1], r2").set(r1=0x20)
    assert board.run(1) is Reason.POWER_OFF
    board = Board("trap 1").set(ivec=0)
    assert board.run(1) is Reason.CHECK_STOP


def test_a_budget_counts_instructions_and_not_the_ticks_of_sleep():
    board = sleeper(TIMER, 1000)
    assert board.machine.run(budget=3) is Reason.BUDGET
    assert (board.time, board["r0"]) == (1002, 7)


def test_an_event_is_posted_when_time_reaches_its_tick():
    board = Board("loop:", "mov r1, [r2]", "condbr r1 == 2, loop").set(r2=0x15)
    board.machine.schedule(11, SerialInput(b"x"))
    assert board.run(11) is Reason.LIMIT
    assert board["r1"] == 2
    board.run(13)
    assert board["r1"] == 3


def test_an_event_scheduled_for_the_past_is_posted_at_once():
    board = Board("mov r0, r0", "mov r1, [r2]").set(r2=0x15).step()
    board.machine.schedule(0, SerialInput(b"x"))
    assert board.step()["r1"] == 3


def test_events_of_one_tick_keep_their_order():
    board = Board("mov r0, r0", "mov r1, [r3]", "mov r2, [r3]").set(r3=0x10)
    for data in (b"a", b"b"):
        board.machine.schedule(1, SerialInput(data))
    board.step(3)
    assert (board["r1"], board["r2"]) == (ord("a"), ord("b"))
