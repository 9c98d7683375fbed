"""Going backwards under the real gdb: over ends, over interrupts, and what others see meanwhile."""

import guests
import pytest
from running import soclet

FLUSH = "maintenance flush register-cache"

INTERRUPTED = f"""{guests.PORTS}
.func start
        mov sp, 0x8000
        mov ivec, vectors
        mov imask, 1 << 16
        mov r8, DEADLINE
        mov r0, 40
        mov [r8], r0
        mov r0, 0
        mov [r8], r0
        mov r1, 1
        mov status, 5
loop:   add r2, r1
        add r3, r1
        add r4, r1
        condbr r4 != 200, loop
        brk
here:   mov pc, here
.endfunc
.func tick
        add r9, r1                      ; and comes again at once: the deadline stays
        iret
.endfunc
.data
        .align 4
vectors: .space 64
        .word tick
"""


def test_what_ended_the_machine_is_undone(debug):
    run, gdb = debug(guests.powers_off(7))
    gdb.ask("continue")
    gdb.ask("reverse-stepi")
    assert gdb.number("$pc") == 0x1010
    assert "power-off" in gdb.ask("continue")
    gdb.ask("reverse-stepi")
    gdb.ask("set $r0 = 9")
    assert "in its past" in gdb.ask("stepi")
    assert "exited with code 011" in gdb.ask("continue")
    assert run.wait().status == 9


def test_a_check_stop_is_undone(debug):
    _, gdb = debug(guests.CHECK_STOPS)
    assert "check-stop" in gdb.ask("continue")
    gdb.ask("reverse-stepi")
    assert gdb.number("$pc") == 0x1010
    gdb.ask("set $r1 = 1")
    gdb.ask("stepi")
    assert gdb.number("$pc") == 0x1018


def test_a_reset_is_undone(debug):
    _, gdb = debug(guests.LOOPS)
    gdb.ask("stepi 20")
    before = gdb.ask("info registers")
    gdb.ask("monitor reset")
    gdb.ask(FLUSH)
    gdb.ask("stepi 2")
    gdb.ask("reverse-stepi")
    gdb.ask("reverse-stepi")
    assert gdb.number("$pc") == 0x1000
    gdb.ask("reverse-stepi")
    gdb.ask("stepi")
    assert gdb.ask("info registers").splitlines()[:4] != before.splitlines()[:4]
    assert gdb.number("$pc") == 0x1000


@pytest.mark.parametrize("engine", ["reference", "compiled", "native", "auto"])
def test_a_watched_word_leads_back_to_who_wrote_it(debug, engine):
    text = f"""{guests.PORTS}
.func start
        mov r1, 0x8000
        mov r2, 7
        mov r3, 1
loop:   add r4, r3
        condbr r4 != 1000, skip
        mov [r1], r2
skip:   condbr r4 != 100000, loop
        brk
.endfunc
"""
    _, gdb = debug(text, "--engine", engine)
    gdb.ask("continue")
    assert gdb.number("$r4") == 100_000
    gdb.ask("watch *(int *) 0x8000")
    assert "Old value = 7\nNew value = 0" in gdb.ask("reverse-continue")
    assert (gdb.number("$r4"), gdb.number("$pc")) == (1000, 0x1028)
    assert "Old value = 0\nNew value = 7" in gdb.ask("continue")
    gdb.ask("delete")
    assert "No more reverse-execution history" in gdb.ask("reverse-continue")
    assert gdb.number("$pc") == 0x1000


def test_stepping_back_over_a_line_does_not_dive_into_handlers(debug):
    run, gdb = debug(INTERRUPTED)
    gdb.ask("break loop")
    gdb.ask("continue")
    gdb.ask("delete")
    seen = []
    for _ in range(60):
        seen.append((gdb.number("$pc"), gdb.number("$r9")))
        gdb.ask("stepi")
    assert len({ticks for _, ticks in seen}) > 1, "no interrupt came"
    for before in reversed(seen):
        gdb.ask("reverse-stepi")
        assert (gdb.number("$pc"), gdb.number("$r9")) == before
    assert run.process.poll() is None


def test_what_the_serial_line_sent_is_not_sent_again(debug, tmp_path):
    text = f"""{guests.PORTS}
        mov r1, TX
        mov r0, 'a'
        mov r2, 1
loop:   mov [r1], r0
        add r0, r2
        condbr r0 != 'f', loop
        brk
        mov [r1], r0
        brk
"""
    line = tmp_path / "line"
    _, gdb = debug(text, serial=f"file:{line}")
    gdb.ask("continue")
    assert line.read_bytes() == b"abcde"
    gdb.ask("reverse-continue")
    gdb.ask("stepi 10")
    gdb.ask("continue")
    assert line.read_bytes() == b"abcde"
    gdb.ask("continue")
    assert line.read_bytes() == b"abcdef"
    gdb.ask("reverse-stepi")
    gdb.ask("reverse-stepi")
    gdb.ask("set $r0 = 'x'")
    gdb.ask("continue")
    assert line.read_bytes() == b"abcdefx"


def test_the_nvram_file_is_what_memory_was_furthest_on(debug, tmp_path):
    nvram = tmp_path / "nvram"
    text = f"""{guests.PORTS}
        mov r1, 0x8000
        mov r0, 1
        mov [r1], r0
        brk
        mov r0, 2
        mov [r1], r0
        brk
here:   mov pc, here
"""
    run, gdb = debug(text, "--nvram", nvram)

    def word():
        return nvram.read_bytes()[0x8000]

    gdb.ask("continue")
    assert word() == 1
    gdb.ask("continue")
    assert word() == 2
    gdb.ask("reverse-continue")
    assert gdb.number("*(int *) 0x8000") == 1
    assert word() == 2
    gdb.ask("set *(int *) 0x8004 = 5")
    gdb.ask("monitor nvram")
    assert word() == 1
    run.process.kill()
    assert (nvram.read_bytes()[0x8000], nvram.read_bytes()[0x8004]) == (1, 5)


def test_a_long_way_back_is_interrupted_where_nothing_was_missed(debug):
    _, gdb = debug(guests.SPINS, "--engine", "reference")
    gdb.start("continue")
    gdb.terminal.expect_exact("Continuing.")
    gdb.ctrl_c()
    assert "SIGINT" in gdb.answer()
    gdb.ask("break here")
    gdb.ask("condition 1 $r0 == 1")
    gdb.start("reverse-continue")
    gdb.terminal.expect_exact("Continuing.")
    gdb.ctrl_c()
    told = gdb.answer()
    assert "SIGINT" in told or "No more reverse-execution history" in told
    gdb.ask("delete")
    gdb.ask("reverse-continue")
    assert gdb.number("$pc") == 0x1000
    gdb.ask("stepi")
    assert gdb.number("$pc") == 0x1000


def test_a_recording_is_of_the_future_that_came_about(debug, tmp_path):
    path = tmp_path / "recording"
    run, gdb = debug(guests.powers_off(7), "--record", path, "--state", tmp_path / "was.json")
    gdb.ask("continue")
    gdb.ask("reverse-stepi")
    gdb.ask("reverse-stepi")
    gdb.ask("set $r0 = 9")
    gdb.ask("continue")
    gdb.ask("continue")
    assert run.wait().status == 9
    replayed = soclet("replay", path, "--state", tmp_path / "is.json")
    assert replayed.status == 0
    assert (tmp_path / "is.json").read_bytes() == (tmp_path / "was.json").read_bytes()
