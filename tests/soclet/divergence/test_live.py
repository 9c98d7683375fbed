"""Where a run that is being debugged departs from a recorded one, and what is said of it."""

from dataclasses import replace

from board import DATA, Board

from machine.events import Debugger, SerialInput, WriteMemory, WriteRegister
from machine.reference import Reference
from soclet.capsule import Capsule, capsule_of
from soclet.divergence.course import at_once
from soclet.divergence.live import compare

LOOP = ("loop:", "add r0, r1", "mov [r2], r0", "mov r4, [r5]", "add r6, r4", "mov pc, loop")


def run(*todo, **registers: int) -> Capsule:
    """A run of a loop that adds up what comes in: instructions, and events between them."""
    board = Board(*LOOP).set(**{"r1": 1, "r2": DATA, "r5": 0x10, **registers})
    base = board.machine.snapshot()
    for each in todo:
        if isinstance(each, int):
            board.machine.run(budget=each)
        else:
            board.machine.post(each)
    return capsule_of(board.machine, base, ended="live")


def compared(live: Capsule, recorded: Capsule) -> list[str]:
    return at_once(compare(live, recorded, Reference))


def test_runs_that_agree_are_said_to_up_to_where_the_shorter_ends():
    long, short = run(50, SerialInput(b"x"), 20_000), run(50, SerialInput(b"x"), 9000)
    assert compared(long, short) == [
        "the same up to tick 9050, step 9050, which is as far as the recorded one goes"
    ]
    assert compared(short, long) == [
        "the same up to tick 9050, step 9050, which is as far as this run has come"
    ]
    assert compared(short, short)[0].startswith("the same up to tick 9050")


def test_other_input_is_found_at_the_instruction_that_it_came_after():
    live, recorded = run(7000, SerialInput(b"x"), 100), run(7000, SerialInput(b"y"), 100)
    assert compared(live, recorded) == [
        "they part at instruction 6999 (tick 6999), pc 0x1020",
        "  serial: (b'x', b'', b'', 0, 0) in this run, (b'y', b'', b'', 0, 0) recorded",
        "what came from outside differs",
        "  at tick 7000, step 7000: SerialInput(data=b'x') in this run",
        "  at tick 7000, step 7000: SerialInput(data=b'y') recorded",
    ]


def test_input_that_only_one_of_them_had_is_found():
    live, recorded = run(30, WriteRegister(9, 5), 100), run(130)
    said = compared(live, recorded)
    assert said[1:] == [
        "  r9: 0x5 in this run, 0x0 recorded",
        "what came from outside differs",
        "  at tick 30, step 30: WriteRegister(number=9, value=5) in this run",
        "  nothing more recorded",
    ]
    assert compared(recorded, live)[1] == "  r9: 0x0 in this run, 0x5 recorded"


def test_input_at_the_very_end_of_the_shorter_is_past_it():
    short, long = run(30, SerialInput(b"x")), run(30, SerialInput(b"x"), WriteRegister(9, 5), 100)
    assert compared(short, long)[0].startswith("the same up to tick 30, step 30")
    assert compared(long, short)[0].startswith("the same up to tick 30, step 30")


def test_words_of_memory_are_told():
    live, recorded = run(30, WriteMemory(DATA + 64, b"abcd"), 10), run(40)
    assert f"  the word at {DATA + 64:#x}: 0x64636261 in this run, 0x0 recorded" in (
        compared(live, recorded)
    )


def test_many_differences_are_told_by_the_first_of_them():
    live, recorded = run(30, WriteMemory(DATA + 64, b"abcd" * 100), 10), run(40)
    lines = compared(live, recorded)
    assert "  and 88 more" in lines


def test_a_debugger_that_is_attached_makes_no_difference_by_itself():
    live = run(10, Debugger(attached=True), 100)
    assert compared(live, run(110))[0].startswith("the same up to tick 110")


def test_runs_that_begin_in_different_states_are_told_so():
    assert compared(run(100, r9=1), run(100)) == [
        "they begin in different states",
        "  r9: 0x1 in this run, 0x0 recorded",
    ]


def test_runs_of_different_machines_are_told_so():
    live = run(10)
    (said,) = compared(live, replace(live, byte_ticks=7))
    assert said.startswith("they are runs of different machines: 0x10000 bytes, 0 ticks a byte, ")
    assert said.endswith("0x10000 bytes, 7 ticks a byte, timer, serial, system recorded")
