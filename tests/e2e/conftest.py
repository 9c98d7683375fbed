"""The real machine behind a port, and the real tools in front of it."""

import os

import guests
import pexpect
import pytest
from running import DEADLINE, Running, build
from tools import tool
from wire import Wire

PROMPT = "(gdb) "


class Gdb:
    """A person at gdb-multiarch. `ask` gives what a command printed, its prompt awaited."""

    def __init__(self, *words):
        self.terminal = pexpect.spawn(
            tool("gdb-multiarch"),
            ["-nx", "-q", *map(str, words)],
            encoding="utf-8",
            env={**os.environ, "TERM": "dumb"},
            echo=False,
            timeout=DEADLINE,
            dimensions=(200, 200),
        )
        self.terminal.delaybeforesend = None  # gdb's own prompt says when it listens
        self.terminal.expect_exact(PROMPT)
        for setting in ("pagination off", "confirm off", "style enabled off", "width 0"):
            self.ask(f"set {setting}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.close(force=True)

    def ask(self, command):
        self.start(command)
        return self.answer()

    def start(self, command):
        """Begin what takes until something stops it."""
        self.terminal.sendline(command)

    def answer(self):
        self.terminal.expect_exact(PROMPT)
        return self.terminal.before.replace("\r\n", "\n")

    def ctrl_c(self):
        self.terminal.sendintr()

    def number(self, expression):
        text = self.ask(f"output/u {expression}")
        return int(text.split("\n")[-1])

    def attach(self, port):
        return self.ask(f"target remote 127.0.0.1:{port}")


@pytest.fixture
def boot(tmp_path):
    """Run firmware of a text, halted before its first instruction and with a gdb port."""
    started = []

    def boot(text, *words, serial="none", halted=True):
        image = build(tmp_path / "main.elf", text)
        halt = ["-S"] if halted else []
        run = Running("run", image, "--gdb", "0", "--serial", serial, *halt, *words)
        started.append(run)
        run.image = image
        return run

    yield boot
    for run in started:
        run.__exit__()


@pytest.fixture
def gdb():
    """Start gdb on a file."""
    started = []

    def start(*words):
        started.append(Gdb(*words))
        return started[-1]

    yield start
    for each in started:
        each.__exit__()


@pytest.fixture
def debug(boot, gdb):
    """Run firmware and attach gdb to it; give both."""

    def debug(text, *words, **options):
        run = boot(text, *words, **options)
        debugger = gdb(run.image)
        debugger.attach(run.port("gdb"))
        return run, debugger

    return debug


@pytest.fixture
def wire(boot):
    """A raw client of a machine that is about to run LOOPS."""
    with Wire(boot(guests.LOOPS).port("gdb")) as wire:
        assert b"PacketSize=4000" in wire.ask(b"qSupported:swbreak+;hwbreak+;error-message+")
        yield wire
