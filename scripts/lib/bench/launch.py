"""`soclet run` as a process of its own: started, listened to, looked at, and always ended.

Knows the command's words and what the host tells of a process; must not know what is measured.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_LISTENING: Final = ": listening on 127.0.0.1:"
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Process:
    """A running `soclet run`."""

    popen: subprocess.Popen[bytes]

    def port(self, kind: str) -> int:
        """Wait for the line of a listener, `gdb` or `serial`; give its port."""
        assert self.popen.stderr is not None
        said = self.popen.stderr.readline().decode()
        if not said.startswith(kind + _LISTENING):
            raise SystemExit(f"bench: soclet run: {said.strip()}")
        return int(said.rpartition(":")[2])

    def first_byte(self) -> bytes:
        """Wait for the first byte on standard output."""
        assert self.popen.stdout is not None
        return self.popen.stdout.read(1)

    def resident(self) -> int:
        """Give the bytes of memory that it has touched at most so far."""
        status = Path(f"/proc/{self.popen.pid}/status").read_text(encoding="utf-8")
        fields = dict(line.split(":", 1) for line in status.splitlines())
        return int(fields["VmHWM"].split()[0]) * _KIB

    def cpu_seconds(self) -> float:
        """Give the processor time that it has used so far."""
        stat = Path(f"/proc/{self.popen.pid}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def command(image: Path, engine: str, serial: str = "none") -> list[str]:
    """Give the words that start it."""
    options = ("--engine", engine, "--serial", serial)
    return [sys.executable, "-m", "soclet", "run", str(image), *options]


@contextmanager
def running(words: Sequence[str]) -> Iterator[Process]:
    """Run a command beside us; kill it at the end."""
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as popen:
        try:
            yield Process(popen)
        finally:
            popen.kill()


def seconds_of(*words: str) -> float:
    """Run a command to its end; give the seconds. Raises SystemExit where it fails."""
    started = time.perf_counter()
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise SystemExit(f"bench: {words[0]} ended with {done.returncode}: {said}")
    return seconds
