"""`soclet gdb` with the real gdb on a terminal."""

import json
import os

import guests
import pexpect
import pytest
from running import DEADLINE, SOCLET, soclet

PROMPT = "(gdb) "


def debug(*words):
    """Run `soclet gdb` to its end, without anybody's settings."""
    return soclet("gdb", *words[: words.index("--")], "--", "-nx", *words[words.index("--") + 1 :])


def test_a_demo_is_debugged_in_one_command():
    ended = debug("demo:timer", "--", "-batch", "-ex", "break send_decimal", "-ex", "continue",
                  "-ex", "x/2i $pc", "-ex", "bt")  # fmt: skip
    said = ended.output.decode()
    assert ended.status == 0, ended.errors
    assert "Breakpoint 1, send_decimal () at" in said
    assert "mov r12, 4" in said
    assert "#1  " in said
    assert "in start () at" in said


def test_the_status_is_gdbs_and_the_firmwares_end_is_in_the_state(tmp_path):
    state = tmp_path / "state.json"
    source = tmp_path / "main.s"
    source.write_text(guests.powers_off(7))
    ended = debug(source, "--state", state, "--", "-batch", "-ex", "c", "-ex", "c")
    assert "exited with code 07" in ended.output.decode()
    assert json.loads(state.read_text())["ended"] == "power-off"
    assert debug(source, "--", "-ex", "quit 3").status == 3


@pytest.fixture
def terminal():
    """`soclet gdb` typed into a terminal."""
    children = []

    def start(*words):
        child = pexpect.spawn(
            SOCLET[0],
            [*SOCLET[1:], "gdb", *map(str, words)],
            encoding="utf-8",
            env={**os.environ, "TERM": "dumb"},
            echo=False,
            timeout=DEADLINE,
            dimensions=(200, 200),
        )
        children.append(child)
        child.expect_exact(PROMPT)
        return child

    yield start
    for child in children:
        child.close(force=True)


def test_ctrl_c_reaches_gdb_alone(terminal, tmp_path):
    source = tmp_path / "main.s"
    source.write_text(guests.SPINS)
    gdb = terminal(source, "--", "-nx")
    for _ in range(2):
        gdb.sendline("continue")
        gdb.expect_exact("Continuing.")
        gdb.sendintr()
        gdb.expect_exact("SIGINT")
        gdb.expect_exact(PROMPT)
    gdb.sendintr()
    gdb.expect_exact("Quit")
    gdb.expect_exact(PROMPT)
    gdb.sendline("monitor time")
    gdb.expect(r"tick \d+")
    gdb.sendline("kill")
    gdb.sendline("y")
    gdb.sendline("quit")
    gdb.expect_exact(pexpect.EOF)
    gdb.wait()
    assert gdb.exitstatus == 0


def test_a_program_can_be_run_again(terminal):
    gdb = terminal("demo:hello", "--serial", "none", "--", "-nx", "-ex", "set confirm off")
    gdb.sendline("break power_off")
    gdb.expect_exact(PROMPT)
    for command in ("continue", "run", "run"):
        gdb.sendline(command)
        gdb.expect_exact("Breakpoint 1, power_off")
        gdb.expect_exact(PROMPT)
    gdb.sendline("quit")
    gdb.expect_exact(pexpect.EOF)
