"""Code is memory: what is stored there holds, whatever an engine made of it, at any mapping."""

import pytest
from board import ALL, DATA, PAGES, START, TABLE, Board, program, three_pages

from machine.events import WriteMemory


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
