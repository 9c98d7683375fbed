"""The reference engine: it decodes once, drops one page at a time, and stops where it must."""

import pytest
from board import ALL, DATA, START, TABLE, Board, handler, program
from hypothesis import given
from hypothesis import strategies as st

from machine.cpu import Reason
from machine.events import WriteMemory
from machine.memory import Guard

LOOP = ("loop:", "add r0, r1", "sub r2, r1", "mov pc, loop")
PAGES = (0x4000, 0x5000, 0x6000)


def decoded(board: Board) -> dict[int, int]:
    """How often each instruction was decoded, handlers aside."""
    counts = board.machine.engine.decoded
    return {address: count for address, count in counts.items() if address >> 12 != 2}


def three_pages(**options: int) -> Board:
    """Code in three pages that jumps round and round."""
    board = Board(f"mov pc, {PAGES[0]}", **options)
    for page, target in zip(PAGES, (*PAGES[1:], PAGES[0]), strict=True):
        board.load_program(page, "add r0, r1", f"mov pc, {target}")
    return board


def test_20000_turns_decode_each_instruction_once():
    board = Board(*LOOP).set(r1=1).step(20_000 * 3)
    assert board["r0"] == 20_000
    assert decoded(board) == {START: 1, START + 8: 1, START + 16: 1}


def test_an_instruction_is_decoded_once_however_runs_overlap():
    board = Board("mov pc, 0x4010")
    board.load_program(0x4000, "add r0, r1", "add r0, r1", "add r0, r1", "add r0, r1", "mov pc, r2")
    for start in (0x4010, 0x4000, 0x4018, 0x4008):
        board.set(pc=start, r2=0x4000).step(10)
    assert set(decoded(board).values()) == {1}


def test_only_what_is_reached_is_decoded():
    board = Board("mov pc, 0x1010", "mov r0, 1", "mov pc, 0x1010").step(5)
    assert decoded(board) == {START: 1, START + 16: 1}


@pytest.mark.parametrize("written", PAGES)
@pytest.mark.parametrize("how", ["guest", "debugger", "flash"])
def test_a_write_drops_the_written_page_alone(written: int, how: str):
    board = three_pages().step(100)
    match how:
        case "guest":
            board.load_program(0x7000, "mov [r8], r9", f"mov pc, {PAGES[0]}")
            board.set(pc=0x7000, r8=written + 12).step(2)
        case "debugger":
            board.machine.post(WriteMemory(written + 0x800, b"x"))
        case "flash":
            board.machine.flash([(written + 0x800, b"x")])
    board.step(100)
    again = {address: count for address, count in decoded(board).items() if count > 1}
    assert again == {written: 2, written + 8: 2}


@pytest.mark.parametrize("how", ["debugger", "flash"])
def test_new_code_in_an_executed_page_runs(how: str):
    board = three_pages().set(r1=1).step(100)
    code = program("sub r0, r1", at=PAGES[1])
    if how == "debugger":
        board.machine.post(WriteMemory(PAGES[1], code))
    else:
        board.machine.flash([(PAGES[1], code)])
    board.set(r0=100, pc=PAGES[1]).step()
    assert board["r0"] == 99


def test_a_write_over_two_pages_drops_both():
    board = three_pages().step(100)
    board.machine.post(WriteMemory(0x4FFC, bytes(8)))
    board.step(100)
    again = {address >> 12 for address, count in decoded(board).items() if count > 1}
    assert again == {4, 5}


@pytest.mark.parametrize("data", [DATA, START + 0x800, START + 24])
def test_a_store_to_data_drops_nothing_not_even_in_a_page_of_code(data: int):
    board = Board("loop:", "mov [r8], r0", "add r0, r1", "mov pc, loop").set(r8=data, r1=1)
    board.step(300)
    assert board.word(data) == 99
    assert set(decoded(board).values()) == {1}


def test_a_dropped_page_is_guarded_again_only_once_it_is_decoded_again():
    board = three_pages().step(20)
    page = PAGES[0] >> 12
    assert board.machine.memory.guard[page] & Guard.CODE
    board.machine.post(WriteMemory(PAGES[0] + 0x800, b"x"))
    assert not board.machine.memory.guard[page] & Guard.CODE
    board.step(20)
    assert board.machine.memory.guard[page] & Guard.CODE


@pytest.mark.isa("4.24")
def test_a_store_into_the_straight_run_that_it_ends_holds_at_once():
    # Two runs share instructions; the store between them rewrites both sides of itself.
    board = Board(
        "loop:",
        "add r0, r1",
        "add r0, r1",
        "mov [r8], r9",
        "add r0, r1",
        "mov pc, loop",
    ).set(r1=1, r8=START + 24)
    board.set(r9=board.word(START + 24)).step(5)
    assert board["r0"] == 3
    board.set(r9=int.from_bytes(program("sub r0, r1")[:4], "little")).step(5)
    assert board["r0"] == 4
    board.set(r8=START + 8).step(5)
    assert board["r0"] == 5
    assert board.step(5)["r0"] == 4


@pytest.mark.isa("4.24", "4.19")
def test_a_store_through_another_mapping_of_the_codes_page_holds_at_once():
    board = Board("mov [r8], r9", "add r0, r1", "mov pc, 0x1000").translated()
    board.map(5, START >> 12)
    board.set(r1=1, r8=0x5008, r9=int.from_bytes(program("add r0, r1")[:4], "little")).step(3)
    assert board["r0"] == 1
    board.set(r9=int.from_bytes(program("sub r0, r1")[:4], "little")).step(3)
    assert board["r0"] == 0


def test_code_seen_at_two_virtual_addresses_is_decoded_once():
    board = Board("add r0, r1", "mov pc, r8").translated().set(r1=1)
    board.map(5, START >> 12)
    board.set(r8=0x5000).step(2)
    board.set(r8=START).step(20)
    assert board["r0"] == 11
    assert decoded(board) == {START: 1, START + 8: 1}


def test_pc_is_virtual_in_code_that_runs_through_a_mapping():
    board = Board().translated()
    board.map(5, DATA >> 12)
    board.load_program(DATA, "add r0, r1", "mov r2, pc", "condbr r0 == 0, 0x4000")
    board.set(pc=0x5000).step(3)
    assert (board["r2"], board["pc"]) == (0x5008, 0x5000)


def test_a_straight_run_goes_on_in_the_next_page_by_its_own_translation():
    board = Board().translated()
    board.map(5, 0x4)
    board.map(6, 0x7)
    board.load_program(0x4FF0, "add r0, r1", "add r0, r1")
    board.load_program(0x5000, "mov r3, 1")
    board.load_program(0x7000, "mov r3, 2")
    board.set(pc=0x5FF0, r1=1).step(3)
    assert (board["r0"], board["r3"], board["pc"]) == (2, 2, 0x6008)


def test_a_straight_run_faults_exactly_at_the_page_that_is_absent():
    board = Board().translated()
    board.map(5, 0x4)
    board.load_program(0x4FF0, "add r0, r1", "add r0, r1")
    board.set(pc=0x5FF0, r1=1)
    board.run(3)
    assert board.trap == (0x203, 0x6000, 0x6000)
    assert (board["r0"], board.time) == (2, 3)


def test_a_straight_run_ends_with_memory():
    board = Board(size=0x8000)
    board.load_program(0x7FF0, "add r0, r1", "add r0, r1")
    board.set(pc=0x7FF0, r1=1)
    board.run(3)
    assert board.trap == (0x206, 0x8000, 0x8000)
    assert board["r0"] == 2


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


def test_decoding_survives_breakpoints():
    board = Board(*LOOP).set(r1=1)
    for number in range(4):
        board.run(100 * (number + 1), breakpoints=frozenset({0x9000 + 8 * number}))
    assert set(decoded(board).values()) == {1}


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


def test_forgetting_everything_changes_nothing_but_the_work():
    board, plain = busy(), busy()
    for _ in range(5):
        board.step(20)
        board.machine.engine.forget()
        plain.step(20)
    assert board.machine.hash() == plain.machine.hash()
    assert max(decoded(board).values()) == 5


def test_an_entry_marked_in_a_page_of_code_drops_that_page_and_no_state():
    # The page table lies in the page that executes.
    board = Board("mov r3, [r2]", "add r0, r1", "mov pc, 0x1000")
    table = START
    board.write(table + 0x400, START | ALL)
    board.set(ptbr=table | 1, r1=1, r2=0x10_1000, pc=0x10_0000)
    board.write(table + 0x404, DATA | ALL)
    board.write(TABLE, 0)
    board.set(status=3).step(2)
    assert board["r0"] == 1
    assert board.word(table + 0x400) == START | ALL | 0x20
    assert board.word(table + 0x404) == DATA | ALL | 0x20
