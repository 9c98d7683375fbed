"""Where engines stop: at breakpoints, decided or not, and at the end of every budget."""

import pytest
from board import DATA, LOOP, START, Board, handler
from hypothesis import given
from hypothesis import strategies as st

from machine.reason import Reason

# Breakpoints


def test_a_breakpoint_stops_before_its_instruction():
    board = Board(*["add r0, r1"] * 6).set(r1=1)
    for number in range(1, 6):
        assert board.run(breakpoints=frozenset({START + 8 * number})) is Reason.BREAKPOINT
        assert (board["pc"], board["r0"], board.time) == (START + 8 * number, number, number)


def test_a_breakpoint_stops_before_the_first_instruction_too():
    board = Board("add r0, r1").set(r1=1)
    for _ in range(2):
        assert board.run(breakpoints=frozenset({START})) is Reason.BREAKPOINT
        assert (board["r0"], board.time) == (0, 0)


def test_a_breakpoint_off_the_grid_of_instructions_stops_nothing():
    board = Board(*["add r0, r1"] * 4).set(r1=1)
    assert board.run(4, breakpoints=frozenset({START + 9, START + 4})) is Reason.LIMIT
    assert board["r0"] == 4


def test_a_breakpoint_in_a_loop_stops_every_turn_also_when_it_came_late():
    board = Board(*LOOP).set(r1=1).step(300)
    here = frozenset({START + 8})
    for turn in range(1, 4):
        assert board.run(breakpoints=here) is Reason.BREAKPOINT
        assert (board["pc"], board["r0"]) == (START + 8, 100 + turn)
        board.step()


def test_a_breakpoint_that_is_gone_stops_nothing():
    board = Board(*LOOP).set(r1=1)
    assert board.run(breakpoints=frozenset({START + 8})) is Reason.BREAKPOINT
    assert board.run(1000) is Reason.LIMIT


def test_breakpoints_are_addresses_as_the_program_sees_them():
    board = Board("add r0, r1", "add r0, r1").translated().set(r1=1)
    board.map(5, START >> 12)
    board.set(pc=0x5000)
    assert board.run(breakpoints=frozenset({0x5008, START})) is Reason.BREAKPOINT
    assert (board["pc"], board["r0"]) == (0x5008, 1)


def test_a_breakpoint_at_a_trap_handler_stops_before_its_first_instruction():
    board = Board("trap 1")
    assert board.run(breakpoints=frozenset({handler(8)})) is Reason.BREAKPOINT
    assert (board["pc"], board["epc"], board.time) == (handler(8), START + 8, 1)


@pytest.mark.isa("3.3")
def test_a_breakpoint_at_an_interrupt_handler_stops_with_no_tick_taken():
    board = Board(*LOOP).set(r1=1, imask=1 << 16, status=5)
    board.machine.bus.devices["timer"].restore((7, None, None))
    assert board.run(breakpoints=frozenset({handler(16)})) is Reason.BREAKPOINT
    assert (board["pc"], board["epc"], board.time) == (handler(16), START + 8, 7)
    board.step()
    assert (board["pc"], board.time) == (handler(16), 8)


def test_a_decision_says_at_every_turn_whether_to_stop_with_all_state_exact():
    board = Board(*LOOP).set(r1=1)
    seen = []

    def decide() -> bool:
        seen.append((board["pc"], board["r0"], board.time))
        return board["r0"] == 5

    here = frozenset({START + 8})
    assert board.run(breakpoints=here, decisions={START + 8: decide}) is Reason.BREAKPOINT
    assert seen == [(START + 8, turn, 3 * turn - 2) for turn in range(1, 6)]
    assert (board["r0"], board.time) == (5, 13)


def test_a_breakpoint_that_is_not_to_be_decided_stops_beside_those_that_are():
    board = Board(*LOOP).set(r1=1)
    both = frozenset({START, START + 8})
    assert board.run(breakpoints=both, decisions={START: lambda: False}) is Reason.BREAKPOINT
    assert board["pc"] == START + 8


def test_a_decision_is_not_asked_where_the_budget_ends_before_its_instruction():
    board = Board(*LOOP).set(r1=1)
    asked = []
    decisions = {START + 8: lambda: bool(asked.append(board.time))}
    for _ in range(9):
        board.machine.run(budget=1, breakpoints=frozenset(decisions), decisions=decisions)
    assert asked == [1, 4, 7]


def test_an_interrupt_that_is_due_comes_before_the_breakpoint_at_the_same_place():
    board = Board(*LOOP).set(imask=1 << 18, status=5)
    here = frozenset({START})
    assert board.run(5, breakpoints=here) is Reason.LIMIT
    assert board["epc"] == START


def test_a_breakpoint_where_no_instruction_can_be_still_stops():
    board = Board("mov pc, 0x1004")
    assert board.run(breakpoints=frozenset({0x1004})) is Reason.BREAKPOINT
    assert (board["pc"], board.time) == (0x1004, 1)


@pytest.mark.parametrize("offset", [0, 8, 16, 24])
def test_runs_that_breakpoints_cut_compute_the_same(offset: int):
    plain = Board(*LOOP).set(r1=1).step(300)
    cut = Board(*LOOP).set(r1=1)
    cut.run(300, breakpoints=frozenset({0x9000 + offset}))
    assert cut.machine.hash() == plain.machine.hash()


# Budgets

BUSY = (
    "loop:",
    "add r0, r1",
    "add r0, r0",
    "mov [r8], r0",
    "mov r3, [r8]",
    "trap 5",
    "mul r3, r0",
    "sub r5, r3",
    "condbr r5 > 0, skip",
    "add r6, r1",
    "skip:",
    "div r5, r7",
    "mov pc, loop",
)


def busy(**options: int) -> Board:
    """A program with straight runs, stores, traps and a timer that interrupts every 50 ticks."""
    board = Board(*BUSY, **options).set(r1=1, r8=DATA, r7=3, imask=1 << 16)
    board.load_program(handler(8), "iret")
    board.load_program(handler(16), "mov pc, 0x2800")
    board.load_program(
        0x2800,
        "mov ks0, 0x4",
        "mov ks1, [ks0]",
        "mov r9, [ks0]",
        "mov r10, 50",
        "add ks1, r10",
        "mov ks0, 0x5",
        "mov [ks0], ks1",
        "mov [ks0], r9",
        "iret",
    )
    board.machine.bus.devices["timer"].restore((20, None, None))
    return board.set(status=5)


def test_budgets_of_every_size_give_the_same_states():
    reference = busy()
    states = [reference.machine.hash()]
    for _ in range(120):
        reference.step()
        states.append(reference.machine.hash())
    assert reference.machine.cpu.interrupts >= 2
    for budget in range(2, 24):
        board = busy()
        for executed in range(budget, 121, budget):
            assert board.machine.run(budget=budget) is Reason.BUDGET
            assert board.machine.hash() == states[executed]


@given(st.lists(st.integers(0, 30), max_size=12), st.sets(st.sampled_from(range(0, 96, 8))))
def test_slices_and_breakpoints_of_any_kind_change_nothing(slices: list[int], offsets: set[int]):
    board, plain = busy(), busy()
    breakpoints = frozenset(START + offset for offset in offsets)
    for budget in slices:
        if board.machine.run(budget=budget, breakpoints=breakpoints) is Reason.BREAKPOINT:
            board.step()
    plain.machine.run(board.time)
    assert board.machine.hash() == plain.machine.hash()


def test_a_limit_inside_a_straight_run_is_exact():
    for limit in range(1, 40):
        board = Board(*["add r0, r1"] * 50).set(r1=1)
        assert board.run(limit) is Reason.LIMIT
        assert (board["r0"], board["pc"]) == (limit, START + 8 * limit)


def test_the_engine_takes_over_from_another_at_any_stop():
    one, other = busy(), busy()
    for _ in range(10):
        one.step(7)
        other.machine.restore(one.machine.snapshot())
        one.step(5)
        other.step(5)
        assert one.machine.hash() == other.machine.hash()


def test_forgetting_everything_changes_nothing():
    board, plain = busy(), busy()
    for _ in range(5):
        board.step(20)
        board.machine.engine.forget()
        plain.step(20)
    assert board.machine.hash() == plain.machine.hash()
