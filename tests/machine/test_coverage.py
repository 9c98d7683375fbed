"""Coverage: a run sees which instructions it executes and which ways branches go."""

import pytest
from board import DATA, START, Board, handler

from isa_spec.traps import DIVISION
from machine.coverage import Coverage, Covered
from machine.observers import Observers

EXECUTED = Covered.EXECUTED
TAKEN, NOT_TAKEN = EXECUTED | Covered.TAKEN, EXECUTED | Covered.NOT_TAKEN
BOTH = TAKEN | NOT_TAKEN

BRANCHY = (
    "mov r0, 0",
    "loop:",
    "add r0, r1",
    "condbr r0 < 3, loop",
    "condbr r0 == 9, never",
    "mov pc, end",
    "never:",
    "mov r5, 1",
    "end:",
    "mov pc, end",
)


def seen(board: Board, limit: int = 60, **options) -> dict[int, Covered]:
    coverage = Coverage()
    board.run(limit, observers=Observers(coverage), **options)
    return dict(coverage)


def test_instructions_that_were_executed_are_seen_and_no_others():
    assert seen(Board(*BRANCHY).set(r1=1)) == {
        START: EXECUTED,
        START + 8: EXECUTED,
        START + 16: BOTH,
        START + 24: NOT_TAKEN,
        START + 32: EXECUTED,
        START + 48: EXECUTED,
    }


def test_a_run_that_ends_within_a_straight_line_has_seen_that_far():
    assert list(seen(Board(*["add r0, r1"] * 9), limit=4)) == [START + 8 * n for n in range(4)]


def test_an_instruction_that_traps_is_seen_and_so_is_its_handler():
    board = Board("mov r1, 5", "div r1, r0", "mov r2, 1")
    at = handler(DIVISION.number)
    assert list(seen(board, limit=3)) == [START, START + 8, at]


def test_code_is_known_by_its_physical_address_whatever_maps_it():
    board = Board("mov pc, 0x5000").translated()
    board.load_program(DATA, "mov pc, 0x5000")
    board.map(5, DATA >> 12)
    assert list(seen(board)) == [START, DATA]


def test_a_coverage_adds_up_over_runs_and_over_others():
    board, coverage = Board(*BRANCHY).set(r1=1), Coverage()
    observers = Observers(coverage)
    board.run(2, observers=observers)
    assert len(dict(coverage)) == 2
    board.run(3, observers=observers)
    assert coverage.of(START + 16) == TAKEN
    other = Coverage()
    other.mark(START + 16, Covered.NOT_TAKEN)
    other.add(coverage)
    assert other.of(START + 16) == BOTH
    assert other.of(START) == EXECUTED
    assert other.of(START + 800) == Covered(0)


def test_seeing_changes_nothing():
    plain, watched = Board(*BRANCHY).set(r1=1), Board(*BRANCHY).set(r1=1)
    plain.run(200)
    seen(watched, limit=200)
    assert plain.machine.hash() == watched.machine.hash()


@pytest.mark.parametrize("translated", [False, True])
def test_what_was_seen_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch, translated: bool):
    looked: list[int] = []
    mark = Coverage.mark

    def look(coverage: Coverage, address: int, covered: int) -> None:
        looked.append(address)
        mark(coverage, address, covered)

    monkeypatch.setattr(Coverage, "mark", look)
    board = Board("loop:", "add r0, r1", "mov r2, [r3]", "condbr r0 < 90, loop").set(r1=1, r3=DATA)
    if translated:
        board.translated().map(4, DATA >> 12)
    assert seen(board, limit=265) == {START: EXECUTED, START + 8: EXECUTED, START + 16: TAKEN}
    assert len(looked) == 4
