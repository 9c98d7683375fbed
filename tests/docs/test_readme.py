"""The README's first session, with a real nc and a real gdb, and its ways to attach a terminal."""

import os
import re
import shlex

import pexpect
import pytest
from documents import DEADLINE, DOCUMENTS, ROOT, Gdb, matches

import soclet.__main__ as front_door
from soclet.commands.run import command as run_command
from soclet.runner import EXIT_STATUS

(README,) = [document for document in DOCUMENTS if document.is_readme]
STARTED, TYPED_HELLO = [block for block in README.blocks if block.language == "text"]
ATTACHED, WOKEN, OFF = [block for block in README.blocks if block.language == "gdb"]
(RAW,) = re.findall(r"^stty raw .*$", README.text, re.MULTILINE)
(CBREAK,) = re.findall(r"^\(trap .*\)$", README.text, re.MULTILINE)
(PIPED,) = re.findall(r"^printf .* \| nc .*$", README.text, re.MULTILINE)


@pytest.fixture
def echo(shell, new_machine):
    """The machine that scripts/run starts."""
    assert shell("soclet asm firmware/echo-irq/echo-irq.s -o .cache.elf") == []
    return new_machine(["run", ".cache.elf", "--gdb", "0", "--serial", "tcp:0", "--clock", "paced"])


@pytest.fixture
def terminal():
    """Type a command line into a terminal of its own."""
    children = []

    def type_(command):
        environment = {**os.environ, "TERM": "dumb"}
        child = pexpect.spawn(
            "bash",
            ["--norc", "-c", command],
            env=environment,
            encoding="utf-8",
            timeout=DEADLINE,
        )
        child.delaybeforesend = None
        children.append(child)
        return child

    yield type_
    for child in children:
        child.close(force=True)


def at(port, command):
    assert "127.0.0.1 4321" in command
    return command.replace("4321", port)


def lines_of(text):
    return [line for line in text.splitlines() if line]


class Debugging:
    """The README's gdb: its three blocks are one session."""

    def __init__(self, new_gdb, port):
        ((command, banner), *self._turns) = ATTACHED.turns
        words = shlex.split(command.replace(".cache/echo-irq.elf", ".cache.elf"))[1:]
        self._port = port
        self._gdb: Gdb = new_gdb([word.replace("1234", port) for word in words])
        shown = [line.replace(".cache/echo-irq.elf", ".cache.elf") for line in banner]
        real = [line.replace(port, "1234") for line in self._gdb.answer()]
        assert matches(shown, real), real

    def type(self, turns=None):
        """Type what a block says; the last command goes on when netcat has been typed into."""
        for command, shown in turns or self._turns:
            if (command, shown) == ("continue", ["Continuing."]):
                self._gdb.type(command)
                self._gdb.says("Continuing.")
            else:
                real = self._gdb.ask(command) if command else self._gdb.answer()
                assert matches(shown, real), (command, real)


def test_the_first_session_is_what_one_sees(echo, terminal, new_gdb):
    gdb_port, serial_port = echo.listening("gdb"), echo.listening("serial")
    ((command, shown),) = TYPED_HELLO.turns
    nc = terminal(at(serial_port, command))
    nc.expect_exact(shown[0])
    nc.sendline("hello")
    nc.expect_exact("hello\r\nhello\r\n")
    assert shown[1:] == ["hello", "hello"]

    gdb = Debugging(new_gdb, gdb_port)
    gdb.type()
    nc.sendline("gdb")
    gdb.type(WOKEN.turns)
    nc.expect_exact("gdb\r\ngdb\r\n")
    nc.sendline("quit")
    gdb.type(OFF.turns)
    assert echo.end()[0] == 0


def test_scripts_run_says_what_is_shown():
    script = (ROOT / "scripts" / "run").read_text(encoding="utf-8")
    ((command, shown),) = STARTED.turns
    assert command == "scripts/run"
    for line in shown:
        words = re.split(r"gdb-multiarch|nc |\d|…", line)[0].strip()
        assert words in script or words.split(":")[0] in ("gdb", "serial"), line


def test_a_raw_terminal_sends_each_key_and_is_put_right_at_the_end(echo, terminal):
    nc = terminal(at(echo.listening("serial"), RAW) + "; stty -a")
    nc.expect_exact("quit ends.")
    nc.send("a")
    nc.expect_exact("a")
    nc.send("\x03\r")
    nc.expect_exact("\x03\r\n")
    nc.send("quit\r")
    nc.expect_exact("quit\r\n")
    assert echo.end()[0] == 0
    while nc.expect_exact(["icanon", pexpect.TIMEOUT], timeout=0.1):
        nc.send("x")  # nc leaves with the next key, once it has seen the end
    assert not nc.before.endswith("-")
    nc.expect(r"[^-]echo\b")


def test_ctrl_c_leaves_where_it_was_kept_and_the_terminal_is_put_right(echo, terminal):
    nc = terminal(at(echo.listening("serial"), CBREAK) + "; stty -a")
    nc.expect_exact("quit ends.")
    nc.send("a")
    nc.expect_exact("a")
    nc.sendintr()
    nc.expect(r"[^-]icanon\b")
    nc.expect(r"[^-]echo\b")


def test_a_script_gets_the_answer(echo, shell):
    assert shell(at(echo.listening("serial"), PIPED)) == [
        "echo-irq: type, it comes back; quit ends.",
        "hello",
        "quit",
    ]
    assert echo.end()[0] == 0


def cells(heading):
    """The first cells of the table under a heading cell, code only."""
    table = README.text.split(f"| {heading} | |\n", 1)[1].split("\n\n", 1)[0]
    return [re.findall(r"`([^`]+)`", line.split(" | ")[0]) for line in table.splitlines()[1:]]


def test_the_options_are_all_there():
    told = {code.split()[0] for row in cells("option of `soclet run`") for code in row}
    real = {name for parameter in run_command.params for name in parameter.opts}
    assert told == real - {"--help", "image"} | {"paced"}


def test_the_commands_are_all_there():
    told = [row[0].split()[1] for row in cells("command")]
    assert sorted(told) == sorted(front_door.COMMANDS)


def test_the_exit_statuses_are_all_there():
    table = README.text.split("| exit status of `soclet run` | |\n", 1)[1].split("\n\n")[0]
    told = {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert told == {*EXIT_STATUS.values(), front_door.COULD_NOT_START}
