"""Code is memory: what is stored there holds, whatever an engine made of it, at any mapping."""

import pytest
from board import ALL, DATA, PAGES, START, TABLE, Board, program, three_pages

from isa_spec.traps import ABSENT, DIVISION, MISALIGNED, NOTHING, Access, Vector
from machine.events import WriteMemory
from machine.reason import Reason
from machine.watch import Watch


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


STRAIGHT = ("add r0, r1", "mov r3, [r8]", "add r0, r1", "mov [r9], r0", "add r0, r1", "div r0, r5",
            "add r0, r1", "loop:", "mov pc, loop")  # fmt: skip


@pytest.mark.parametrize("virtual", [False, True])
@pytest.mark.parametrize(
    ("wrong", "vector", "at"),
    [({"r8": DATA + 1}, MISALIGNED, 1), ({"r9": DATA + 2}, MISALIGNED, 3), ({"r5": 0}, DIVISION, 5),
     ({"r8": 0xFFFF_0000}, None, 1), ({"r9": 0xFFFF_0000}, None, 3)],
)  # fmt: skip
def test_a_trap_within_a_straight_run_leaves_all_before_it_done_and_nothing_else(
    wrong: dict[str, int], vector: Vector | None, at: int, virtual: bool
):
    board = Board(*STRAIGHT)
    if virtual:
        board.translated().map(DATA >> 12, DATA >> 12)
    registers = {"r0": 0, "r1": 1, "r3": 0, "r5": 1, "r8": DATA, "r9": DATA, "pc": START}
    status = board["status"]
    for _ in range(12):
        began = board.set(**registers, status=status).time
        board.run(began + 20)
        assert (board["r0"], board.word(DATA), board["pc"]) == (4, 2, START + 56)
        began = board.set(**registers | wrong, status=status).time
        board.run(began + at + 1)
        vector = vector or (ABSENT if virtual else NOTHING)
        cause, _, epc = board.trap
        assert (cause & 0xFF, epc, board.time) == (vector.number, START + 8 * at, began + at + 1)
        assert board["r0"] == (at + 1) // 2


def test_a_port_within_a_straight_run_is_used_at_its_tick():
    board = Board("loop:", "add r0, r1", "mov r3, [r8]", "mov r4, [r8]", "mov pc, loop")
    board.set(r1=1, r8=4)
    for turn in range(20):
        board.step(4)
        assert board["r3"] == 4 * turn + 1


@pytest.mark.isa("4.19")
def test_a_store_to_the_entry_of_the_page_that_is_executed_holds_for_the_next_fetch():
    board = Board("loop:", "add r0, r1", "mov [r8], r9", "add r0, r1", "mov pc, loop")
    board.translated().map(TABLE >> 12, TABLE >> 12)
    entry = board.word(TABLE + 4 * (START >> 12))
    board.set(r1=1, r8=TABLE + 4 * (START >> 12), r9=entry | 0x60).run(400)
    turns = board["r0"]
    board.set(r9=0, r0=0, pc=START)
    board.run(board.time + 3)
    assert turns > 100
    assert (board["r0"], board.trap) == (1, (0x200 | ABSENT.number, START + 16, START + 16))


@pytest.mark.isa("4.19")
@pytest.mark.parametrize("how", ["guest", "debugger"])
def test_a_changed_entry_holds_for_the_next_access_of_a_straight_run(how: str):
    board = Board(
        "loop:", "mov r3, [r8]", "add r0, r1", "mov [r9], r10", "mov [r8], r0", "mov pc, loop"
    )
    board.translated().map(TABLE >> 12, TABLE >> 12)
    slot = board.map(5, 5)
    board.set(r1=1, r8=0x5000, r9=slot, r10=0x5000 | ALL).run(500)
    assert board.word(0x5000) > 90
    assert board["r3"] == board.word(0x5000) - 1
    board.set(r0=7, pc=START, r10=0x6000 | ALL)
    if how == "debugger":
        board.map(5, 6)
    board.run(board.time + 4)
    assert board["r3"] == (0 if how == "debugger" else board.word(0x5000))
    assert board.word(0x6000) == 8


def test_a_watchpoint_that_is_set_later_stops_within_a_straight_run():
    board = Board("loop:", "add r0, r1", "mov r3, [r8]", "add r0, r1", "mov pc, loop")
    board.set(r1=1, r8=DATA).run(400)
    board.set(r0=0, pc=START)
    watch = Watch(frozenset({Access.LOAD}), DATA, DATA + 4)
    assert board.run(800, watches=(watch,)) is Reason.WATCHPOINT
    assert (board["r0"], board["pc"]) == (1, START + 8)
    board.step(3)
    assert board["r0"] == 2
