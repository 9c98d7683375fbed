"""What stops a machine that the real gdb has: each end is a stop with a sentence first."""

import guests
import pytest


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
        ("trap 5", "SIGABRT", "`trap 0x5`"),
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
