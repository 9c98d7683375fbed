"""What stops a machine that the real gdb has: each end is a stop with a sentence first."""

import guests
import pytest
from running import build


def test_power_off_is_a_stop_with_a_sentence_and_continue_is_the_exit(debug):
    run, gdb = debug(guests.powers_off(7))
    said = gdb.ask("continue")
    assert "power-off: the firmware switched the machine off, exit status 7" in said
    assert "Program received signal SIGTRAP" in said
    assert gdb.number("$r0") == 7
    assert run.process.poll() is None
    assert "exited with code 07" in gdb.ask("continue")
    assert run.wait().status == 7


def test_power_off_with_0_exits_normally(debug):
    run, gdb = debug(guests.powers_off(0))
    gdb.ask("continue")
    assert "exited normally" in gdb.ask("continue")
    assert run.wait().status == 0


def test_kill_ends_the_run_as_interrupted(debug, tmp_path):
    state = tmp_path / "state.json"
    run, gdb = debug(guests.SPINS, "--state", state)
    gdb.ask("kill")
    assert run.wait().status == 130
    assert '"ended": "interrupted"' in state.read_text()


@pytest.mark.parametrize(
    ("trap", "signal", "sentence"),
    [
        ("div r0, r0", "SIGFPE", "division by zero"),
        (".word 0xff, 0", "SIGILL", "illegal instruction"),
        ("mov r1, 0x2002\nmov r0, [r1]", "SIGBUS", "misaligned address, loading from 0x2002"),
        ("mov r1, 0x7ffffffc\nmov [r1], r0", "SIGBUS", "storing to 0x7ffffffc"),
        ("mov ptbr, 0x2001\nmov status, 3", "SIGSEGV", "page not present, fetching from 0x1010"),
        ("trap 5", "SIGSYS", "`trap 0x5`"),
        (
            "mov imask, 1 << 18\nmov status, 5\nnop",
            "SIGABRT",
            "there is space on TX, before pc 0x1010",
        ),
        ("mov pc, 0x10", "SIGBUS", "fetching from 0x10 (the I/O page holds no instructions)"),
    ],
)
def test_a_check_stop_is_a_stop_with_a_sentence_and_a_signal(debug, trap, signal, sentence):
    run, gdb = debug(trap)
    said = gdb.ask("continue")
    assert f"received signal {signal}" in said
    assert "check-stop: " in said
    assert sentence in said
    # It stays as it is for a look, and for a reset.
    assert "check-stop: " in gdb.ask("continue")
    gdb.ask("monitor reset")
    gdb.ask("maintenance flush register-cache")
    assert gdb.number("$pc") == 0x1000
    assert run.process.poll() is None


def test_brk_stops_after_itself(debug):
    _, gdb = debug("mov r0, 1\nbrk\nmov r0, 2\nhere: mov pc, here\n")
    said = gdb.ask("continue")
    assert "brk: the program stopped itself at pc 0x1008, main.s:2\n" in said
    assert "SIGTRAP" in said
    assert gdb.number("$pc") == 0x1010
    gdb.ask("stepi")
    assert gdb.number("$r0") == 2


USER = """
        .func start
        mov epc, user
        mov estatus, 0
        iret
        .endfunc
        .func user
        mov r0, 1
        brk
        mov r0, status
        .endfunc
"""


def test_brk_in_user_mode_stops_too_and_a_privileged_register_is_illegal_there(debug):
    _, gdb = debug(USER)
    said = gdb.ask("continue")
    assert "brk: the program stopped itself at pc 0x1020 <user+8>, main.s:9, in user mode\n" in said
    assert "SIGTRAP" in said
    said = gdb.ask("continue")
    assert "check-stop: privileged register or instruction in user mode" in said
    assert "at pc 0x1028 <user+16>, main.s:10, in user mode; vector 2's word at 0x8 is not" in said
    assert "SIGILL" in said


HANDLER = """
        .func start
        mov ivec, table
        div r0, r0
        .endfunc
        .func handler
        brk
        trap 3
        .endfunc
        .data
table:  .word 0, 0, 0, 0, 0, 0, 0, handler, 0x10
"""


def test_brk_in_a_handler_stops_and_a_trap_in_it_without_a_handler_check_stops(debug):
    _, gdb = debug(HANDLER)
    said = gdb.ask("continue")
    assert "brk: the program stopped itself at pc 0x1010 <handler>, main.s:7\n" in said
    said = gdb.ask("continue")
    assert (
        "check-stop: the instruction `trap 0x3`, at pc 0x1018 <handler+8>, main.s:8; "
        "vector 8's word at 0x1040 says that its handler is at 0x10, in the I/O page"
    ) in said
    assert "SIGSYS" in said
    told = gdb.ask("monitor trap").splitlines()
    assert told[0] == "tick 1: vector 7, division by zero, at pc 0x1008 <start+8>, main.s:4"
    assert told[1].startswith("tick 3: vector 8, the instruction `trap 0x3`, at pc 0x1018")
    assert told[2].startswith("check-stop: vector 8's word at 0x1040")


def test_a_step_into_an_interrupt_that_has_no_handler_check_stops(debug):
    _, gdb = debug("mov ivec, 0x2000\nmov imask, 1 << 18\nmov status, 5\nnop\n")
    gdb.ask("monitor step-interrupts into")
    gdb.ask("stepi 3")
    said = gdb.ask("stepi")
    assert "check-stop: serial line: there is space on TX, before pc 0x1018, main.s:4" in said
    assert "SIGABRT" in said


def test_after_another_program_was_loaded_no_old_name_is_told(debug, tmp_path):
    _, gdb = debug(HANDLER)
    other = build(tmp_path / "other.elf", "nop\nnop\nbrk\njmp .\n")
    gdb.ask(f"file {other}")
    gdb.ask("load")
    said = gdb.ask("continue")
    assert "brk: the program stopped itself at pc 0x1010\n" in said


def test_sleep_that_nothing_ends_is_a_stop_with_a_sentence(debug):
    _, gdb = debug(guests.SLEEPS_FOR_EVER)
    said = gdb.ask("continue")
    assert "asleep: nothing can wake the wait at pc 0x1008, main.s:3: imask is 0x0" in said


def test_the_limit_ends_the_run_under_gdb_too(debug):
    run, gdb = debug(guests.SPINS, "--limit", "1k")
    said = gdb.ask("continue")
    assert "the run's limit, tick 1000, was reached" in said
    assert "exited with code 0174" in said
    assert run.wait().status == 124
