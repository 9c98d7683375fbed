"""The reference engine: it decodes once, and drops one page at a time."""

import pytest
from board import DATA, LOOP, PAGES, START, Board, three_pages

from machine.events import WriteMemory
from machine.memory import Guard


@pytest.fixture(autouse=True)
def engine():
    """This engine alone: what others decode, and when, is their own affair."""


def decoded(board: Board) -> dict[int, int]:
    """How often each instruction was decoded, handlers aside."""
    counts = board.machine.engine.decoded
    return {address: count for address, count in counts.items() if address >> 12 != 2}


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
            board.machine.post(WriteMemory(written + 3, b"\0"))
        case "flash":
            board.machine.flash([(written + 3, b"\0")])
    board.step(100)
    again = {address: count for address, count in decoded(board).items() if count > 1}
    assert again == {written: 2, written + 8: 2}


def test_a_write_over_two_pages_drops_both():
    board = three_pages().step(100)
    board.machine.post(WriteMemory(0x4000, board.machine.memory.read(0x4000, 0x1008)))
    board.step(100)
    again = {address >> 12 for address, count in decoded(board).items() if count > 1}
    assert again == {4, 5}


@pytest.mark.parametrize("how", ["debugger", "flash"])
def test_a_write_to_data_drops_nothing_not_even_in_a_page_of_code(how: str):
    board = three_pages().step(100)
    for data in (PAGES[0] + 0x10, PAGES[1] + 0x801):
        if how == "debugger":
            board.machine.post(WriteMemory(data, b"abc"))
        else:
            board.machine.flash([(data, b"abc")])
    board.step(100)
    assert set(decoded(board).values()) == {1}


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
    board.machine.post(WriteMemory(PAGES[0] + 3, b"\0"))
    assert not board.machine.memory.guard[page] & Guard.CODE
    board.step(20)
    assert board.machine.memory.guard[page] & Guard.CODE


def test_code_seen_at_two_virtual_addresses_is_decoded_once():
    board = Board("add r0, r1", "mov pc, r8").translated().set(r1=1)
    board.map(5, START >> 12)
    board.set(r8=0x5000).step(2)
    board.set(r8=START).step(20)
    assert board["r0"] == 11
    assert decoded(board) == {START: 1, START + 8: 1}


def test_decoding_survives_breakpoints():
    board = Board(*LOOP).set(r1=1)
    for number in range(4):
        board.run(100 * (number + 1), breakpoints=frozenset({0x9000 + 8 * number}))
    assert set(decoded(board).values()) == {1}
