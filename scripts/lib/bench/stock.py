"""What is measured with the real gdb: `load`, and a breakpoint's condition.

gdb itself takes the times, around the commands that a person types.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from guests import Guest
from work import Samples, Work

GDB: Final = "gdb-multiarch"
_TIME: Final = re.compile(r"^(\S+) took (\S+)$", re.MULTILINE)
_COUNTER: Final = re.compile(r"^counter is (\d+)$", re.MULTILINE)


def measure(port: int, guest: Guest, image: Path, work: Work, *, decides: bool) -> Samples:
    """Take all measurements of the server at a port; `decides`: it evaluates conditions itself."""
    sides = {"host": work.host_decided} | ({"target": work.decided} if decides else {})
    said = _gdb(
        [
            "set confirm off",
            f"file {image}",
            f"target remote 127.0.0.1:{port}",
            *_timed("load", "load"),
            *(
                command
                for side, times in sides.items()
                for command in _counting(guest, side, times)
            ),
        ]
    )
    seconds = {name: float(number) for name, number in _TIME.findall(said)}
    counted = [int(number) for number in _COUNTER.findall(said)]
    if counted != list(sides.values()) or seconds.keys() != {"load", *sides}:
        raise SystemExit(f"bench: {GDB} did not get to the end; it said:\n{said}")
    samples = {side: [seconds[side] / times * 1e6] for side, times in sides.items()}
    samples["load"] = [work.payload / seconds["load"] / 1e6]
    if decides:
        samples["host/target"] = [samples["host"][0] / samples["target"][0]]
    return samples


def _counting(guest: Guest, side: str, times: int) -> Iterable[str]:
    """Have the loop run to a breakpoint whose condition is evaluated so often."""
    return (
        f"set breakpoint condition-evaluation {side}",
        f"set $pc = {guest.start:#x}",
        f"break *{guest.loop:#x} if ${guest.counter_name} == {times}",
        *_timed(side, "continue"),
        f'printf "counter is %d\\n", ${guest.counter_name}',
        "delete",
    )


def _timed(name: str, command: str) -> Iterable[str]:
    return (
        "python import time; started = time.perf_counter()",
        command,
        f'python print("{name} took", time.perf_counter() - started)',
    )


def _gdb(commands: Iterable[str]) -> str:
    """Have gdb carry out commands; give all that it said."""
    words = [word for command in commands for word in ("-ex", command)]
    done = subprocess.run(
        [find_gdb(), "-nx", "-q", "--batch", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def find_gdb() -> str:
    """Give gdb's path."""
    path = shutil.which(GDB)
    if path is None:
        raise SystemExit(f"bench: {GDB} is not installed: see scripts/packages.txt")
    return path
