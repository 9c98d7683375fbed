"""Watchpoints, conditions and dprintf under the real gdb, decided in the machine."""

import pytest

COUNTS = """
.func start
        mov sp, 0x8000
        mov r4, 0
        mov r5, 1
        mov r6, counter
loop:   mov r1, [r6]
        add r1, r5
        mov [r6], r1
        add r4, r5
        condbr r4 != 3000, loop
        mov r1, 0x20
        mov [r1], r4
.endfunc
.data
counter: .word 7
"""


def test_watch_stops_at_each_change_and_shows_both_values(debug):
    _, gdb = debug(COUNTS)
    assert "Hardware watchpoint 1: counter" in gdb.ask("watch counter")
    for old in (7, 8, 9):
        told = gdb.ask("continue")
        assert f"Old value = {old}\nNew value = {old + 1}\n" in told
        assert gdb.number("$pc") == 0x1038


@pytest.mark.parametrize("command", ["rwatch", "awatch"])
def test_rwatch_and_awatch_stop_at_loads(debug, command):
    _, gdb = debug(COUNTS)
    gdb.ask(f"{command} counter")
    assert "alue = 7\n" in gdb.ask("continue")
    assert gdb.number("$pc") == 0x1028


def test_a_condition_is_decided_in_the_machine(debug):
    _, gdb = debug(COUNTS)
    gdb.ask("set breakpoint condition-evaluation target")
    gdb.ask("break loop if $r4 == 2500 && counter == 2507")
    assert "Breakpoint 1, start ()" in gdb.ask("continue")
    assert gdb.number("$r4") == 2500


def test_a_condition_that_cannot_be_decided_stops_and_says_why(debug):
    _, gdb = debug(COUNTS)
    gdb.ask("set breakpoint condition-evaluation target")
    gdb.ask("break loop if *(int *)0x90000000 == 1")
    told = gdb.ask("continue")
    assert "stops because its condition or command cannot be carried out" in told
    assert "nothing to be read at 0x90000000" in told


def test_a_dprintf_prints_from_the_machine_and_goes_on(debug):
    _, gdb = debug(COUNTS)
    gdb.ask("set dprintf-style agent")
    gdb.ask('dprintf loop,"r4 is %d, counter %d\\n", $r4, counter')
    gdb.ask("condition 1 $r4 % 1000 == 0")
    told = gdb.ask("continue")
    assert [line for line in told.split("\n") if line.startswith("r4 is")] == [
        "r4 is 0, counter 7",
        "r4 is 1000, counter 1007",
        "r4 is 2000, counter 2007",
    ]
    assert "power-off" in told


def test_stepping_meets_watchpoints_too(debug):
    _, gdb = debug(COUNTS)
    gdb.ask("watch counter")
    gdb.ask("tbreak loop")
    gdb.ask("continue")
    assert "New value = 8" in gdb.ask("stepi 4")


def test_a_dprintf_that_prints_faster_than_gdb_reads_loses_nothing(debug):
    _, gdb = debug(COUNTS.replace("3000", "9000"))
    gdb.ask("set dprintf-style agent")
    gdb.ask(f'dprintf loop,"r4 is %d {"and more " * 50}\\n", $r4')
    told = gdb.ask("continue")
    lines = [line.split()[2] for line in told.split("\n") if line.startswith("r4 is")]
    assert lines == list(map(str, range(9000)))
    assert "power-off" in told
