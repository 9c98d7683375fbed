"""A machine that is debugged for long: what the process has of the host stays level.

`--soak SECONDS` says how long; a minute unless said otherwise, an hour before a release.
"""

import subprocess
import time
from pathlib import Path
from random import Random

from running import DEADLINE, DEMOS, Running
from tools import tool
from wire import Wire

KIB = 1 << 10
MIB = 1 << 20
CYCLES_TO_WARM_UP = 20
STOCK = 10
"""One visit in so many is the real gdb's beside."""

GROWTH = 4 * MIB
"""What an allocator may add in an hour without anything being kept."""


class Host:
    """What a process has of its host now."""

    def __init__(self, pid):
        self._proc = Path(f"/proc/{pid}")

    @property
    def memory(self):
        """Bytes of memory."""
        fields = dict(
            line.split(":", 1) for line in (self._proc / "status").read_text().splitlines()
        )
        return int(fields["VmRSS"].removesuffix("kB")) * KIB

    @property
    def descriptors(self):
        return sorted(each.name for each in (self._proc / "fd").iterdir())

    @property
    def threads(self):
        return len(list((self._proc / "task").iterdir()))


def session(rng, port):
    """One debugger's visit: as one does, it looks, stops, steps, goes back, and leaves somehow."""
    pressed = False
    with Wire(port) as wire:
        assert wire.ask(b"?")[:1] == b"T"
        wire.ask(b"g")
        for _ in range(rng.randrange(5)):
            match rng.randrange(6):
                case 0:
                    # A step of `wait` is not over before something comes, or Ctrl-C does.
                    wire.send(b"s")
                    wire.interrupt()
                    assert wire.reply()[:1] == b"T"
                    pressed = True
                case 1:
                    assert wire.ask(b"bs")[:1] == b"T"
                case 2:
                    assert len(wire.ask(b"m1000,400")) == 0x800
                case 3:
                    wire.command("time")
                case 4:
                    wire.command("goto present")
                case 5:
                    wire.send(b"c")
                    wire.interrupt()
                    assert wire.reply()[:1] == b"T"
                    pressed = True
        if pressed or rng.random() < 0.5:
            assert wire.ask(b"D") == b"OK"
        else:
            wire.send(b"c")  # and is gone


def stock_session(port):
    """A visit of the real gdb."""
    words = (f"target remote 127.0.0.1:{port}", "info registers", "x/8i $pc", "monitor time")
    commands = [word for command in (*words, "detach") for word in ("-ex", command)]
    done = subprocess.run(
        [tool("gdb-multiarch"), "-nx", "-batch", *commands],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    assert " kept in " in done.stdout + done.stderr
    assert "detached" in done.stdout


def test_memory_descriptors_and_threads_stay_level_while_debuggers_come_and_go(soak_seconds):
    rng = Random(7)
    words = ("--serial", "tcp:0", "--gdb", "0", "--history", "4M")
    with Running("run", DEMOS / "echo-irq" / "echo-irq.s", *words) as run:
        gdb, serial = run.port("gdb"), run.port("serial")
        host, before, cycles = Host(run.process.pid), None, 0
        end = time.monotonic() + soak_seconds
        with Wire(serial) as terminal:
            line = terminal.socket.makefile("rwb", buffering=0)
            while before is None or time.monotonic() < end:
                if cycles % STOCK == 0:
                    stock_session(gdb)
                session(rng, gdb)
                typed = bytes(rng.choices(b"abcdefgh", k=rng.randrange(1, 50))) + b"\n"
                line.write(typed)
                while typed not in (came := line.readline()):
                    assert came
                cycles += 1
                if cycles == CYCLES_TO_WARM_UP:
                    before = host.memory, host.descriptors, host.threads
            memory, descriptors, threads = host.memory, host.descriptors, host.threads
        assert descriptors == before[1]
        assert threads == before[2]
        assert memory - before[0] < GROWTH, f"{memory - before[0]} bytes more after {cycles} visits"
