"""Measures how soon a machine that computes without a pause does what comes from outside.

Each measurement is taken of all engines in turn, in small portions, so that a busy host slows all
of them alike; one machine runs at a time, as a process of its own.
"""

import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import groupby, product
from pathlib import Path
from random import Random
from typing import Final

import common
from client import DEADLINE, Client, Refused
from launch import command, running
from packets import LONGEST_RUN, interrupts
from speeds import engines_here
from tables import markdown, number

from toolchain.assembler import assemble
from toolchain.writers import write_image

SAMPLES: Final = 200
"""Of all rounds together: the 99th percentile is to mean something."""
WARM_SECONDS: Final = 0.3
"""After which a guest is as fast as it gets."""

SPINS: Final = "mov r1, 1\nloop: add r0, r1\njmp loop\n"
"""Computes for ever."""
POLLS: Final = """
        mov r1, 0x15
        mov r2, 0x10
        mov r3, 0x14
loop:   mov r0, [r1]
        condbr r0 == 2, loop
        condbr r0 == 0, loop
        mov r0, [r2]
        mov [r3], r0
        jmp loop
"""
"""Looks at STATUS for ever, and sends each byte back."""
INTERRUPTED: Final = """
        mov ivec, vectors
        mov imask, 1 << 17
        mov status, 5
        mov r1, 1
loop:   add r0, r1
        jmp loop
receive:
        mov ks0, 0x10
        mov ks1, [ks0]
        mov ks0, 0x14
        mov [ks0], ks1
        iret
        .data
vectors: .space 17 * 4
        .word receive
        .space 14 * 4
"""
"""Computes for ever, and sends each byte back when interrupted by it."""

Sampler = Callable[[int, int, Random], list[float]]
"""Takes so many samples, in milliseconds, by a port; raises Refused."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What is measured: with which guest, how, and the goal of the 99th percentile in ms."""

    what: str
    guest: str
    sample: Sampler
    goal: float
    gdb: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """Milliseconds of one engine."""

    what: str
    engine: str
    median: float
    percentile_99: float
    goal: float


def _ctrl_c(port: int, times: int, chance: Random) -> list[float]:
    """Take the milliseconds from sending Ctrl-C to having the stop."""
    with Client(port) as client:
        spent = interrupts(client, times, chance)
        client.expect(b"D", b"OK")
    return spent


def _attach(port: int, times: int, chance: Random) -> list[float]:
    """Take those from connecting to having been told why the machine stands still."""
    spent = []
    for _ in range(times):
        time.sleep(chance.uniform(0, LONGEST_RUN))
        started = time.perf_counter()
        with Client(port) as client:
            client.ask(b"?")
            spent.append((time.perf_counter() - started) * 1e3)
            client.expect(b"D", b"OK")
    return spent


def _echo(port: int, times: int, chance: Random) -> list[float]:
    """Take those from sending a byte on the serial line to having it back."""
    spent = []
    with socket.create_connection(("127.0.0.1", port), DEADLINE) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number_ in range(times):
            time.sleep(chance.uniform(0, LONGEST_RUN))
            byte = bytes([number_ % 0xFF + 1])
            started = time.perf_counter()
            line.sendall(byte)
            came = line.recv(1)
            spent.append((time.perf_counter() - started) * 1e3)
            if came != byte:
                raise Refused(f"the guest sent {came!r} for {byte!r}")
    return spent


MEASUREMENTS: Final = (
    Measurement("Ctrl-C to stop", SPINS, _ctrl_c, 5, gdb=True),
    Measurement("debugger attaches", SPINS, _attach, 20, gdb=True),
    Measurement("byte and its echo, guest polls", POLLS, _echo, 20),
    Measurement("byte and its echo, guest is interrupted", INTERRUPTED, _echo, 20),
)


def measure(engines: list[str], rounds: int, samples: int) -> list[Figure]:
    """Measure; there are about so many samples of each figure. Raises Refused."""
    spent: dict[tuple[str, str], list[float]] = {}
    portion = max(1, round(samples / rounds))
    for measurement in MEASUREMENTS:
        common.tell(measurement.what)
        with tempfile.TemporaryDirectory() as folder:
            image = Path(folder) / "guest.elf"
            write_image(assemble("guest.s", measurement.guest), image)
            for number_, engine in product(range(rounds), engines):
                with _serving(image, engine, gdb=measurement.gdb) as port:
                    taken = measurement.sample(port, portion, Random(number_))
                spent.setdefault((measurement.what, engine), []).extend(taken)
    goals = {measurement.what: measurement.goal for measurement in MEASUREMENTS}
    return [
        Figure(what, engine, statistics.median(taken), common.percentile_99(taken), goals[what])
        for (what, engine), taken in spent.items()
    ]


@contextmanager
def _serving(image: Path, engine: str, *, gdb: bool) -> Iterator[int]:
    """Run a guest with a debugger's port or a serial line; give the port."""
    serial, *more = ("none", "--gdb", "0") if gdb else ("tcp:0",)
    with running([*command(image, engine, serial), *more]) as process:
        port = process.port("gdb" if gdb else "serial")
        time.sleep(WARM_SECONDS)
        yield port


def _table(figures: Sequence[Figure]) -> list[str]:
    """Give two rows for each measurement, a column for each engine."""
    columns = list(dict.fromkeys(figure.engine for figure in figures))
    rows = []
    for what, group in groupby(figures, key=lambda figure: figure.what):
        found = list(group)
        medians = (number(figure.median, 2) for figure in found)
        percentiles = (number(figure.percentile_99, 2) for figure in found)
        rows.append([f"{what}, ms, median", *medians, ""])
        goal = number(found[0].goal)
        rows.append([f"{what}, ms, 99th percentile", *percentiles, goal])
    return markdown(["", *columns, "goal: below"], rows)


def main(words: list[str]) -> None:
    """Measure how soon a machine that computes does what comes from outside."""
    here = engines_here()
    parser = common.options("scripts/bench latency", main.__doc__)
    parser.add_argument("--engine", action="append", choices=here, help="only this one")
    parser.add_argument(
        "--samples", type=common.count, default=SAMPLES, help=f"of each figure ({SAMPLES})"
    )
    options = parser.parse_args(words)
    print(f"{common.host()}; {options.samples} samples of each, in {options.rounds} rounds")
    try:
        engines = list(dict.fromkeys(options.engine or here))
        figures = measure(engines, options.rounds, options.samples)
    except (OSError, Refused) as error:
        raise SystemExit(f"bench: a machine did not do its part: {error}") from error
    common.tell("")
    print("", *_table(figures), sep="\n")
    rows = [asdict(figure) for figure in figures]
    common.write_json(options.json, {"host": common.host(), "figures": rows})
