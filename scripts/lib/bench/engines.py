"""Measures the engines on guest kernels, and the time from process start to the guest.

Medians of interleaved runs: every round runs each kernel on each engine once, so that a busy host
slows all of them alike. Figures of one table can be compared; those of two hosts cannot.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import common

from machine.cpu import Reason
from machine.engines import ENGINES, NATIVE, native_refusal
from machine.machine import Machine
from toolchain.assembler import assemble
from toolchain.program import Program
from toolchain.writers import write_image

KERNELS = Path(__file__).resolve().parents[2] / "kernels"


@dataclass(frozen=True, slots=True)
class Speed:
    """A kernel on an engine: instructions of one run, millions of them a second."""

    kernel: str
    engine: str
    instructions: int
    mips: float
    again: float
    """The same on the same machine once more, its code being made; the best of several runs."""
    report: str
    """What the engine has counted."""


AGAIN = 20
"""Further runs of a kernel on a fast engine, for which the first is mostly making code."""


def _run(program: Program, engine: str) -> tuple[Machine, float, float]:
    machine = Machine(engine=ENGINES[engine])
    machine.flash((segment.address, segment.data) for segment in program.image().segments)
    first = _power_on(machine, program.name)
    best = first
    for _ in range(AGAIN if engine == NATIVE else 0):
        machine.reset()
        best = min(best, _power_on(machine, program.name))
    return machine, first, best


def _power_on(machine: Machine, name: str) -> float:
    """Run to the end; give the seconds that took."""
    started = time.perf_counter()
    reason = machine.run()
    seconds = time.perf_counter() - started
    if reason is not Reason.POWER_OFF:
        raise SystemExit(f"bench: {name} ended by {reason.value}, not by power-off")
    return seconds


def measure_engines(kernels: list[str], rounds: int) -> list[Speed]:
    """Run every kernel on every engine, `rounds` times over."""
    programs = {name: assemble(KERNELS / f"{name}.s") for name in kernels}
    engines = [name for name in ENGINES if name != NATIVE or native_refusal() is None]
    pairs = [(name, engine) for name in programs for engine in engines]
    seconds: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    best = dict.fromkeys(pairs, float("inf"))
    machines: dict[tuple[str, str], Machine] = {}
    for _ in range(rounds):
        for name, engine in pairs:
            machines[name, engine], spent, again = _run(programs[name], engine)
            seconds[name, engine].append(spent)
            best[name, engine] = min(best[name, engine], again)
    return [
        _speed(*pair, machines[pair], statistics.median(seconds[pair]), best[pair])
        for pair in pairs
    ]


def _speed(name: str, engine: str, machine: Machine, first: float, best: float) -> Speed:
    runs = 1 + (AGAIN if engine == NATIVE else 0)
    executed = machine.cpu.executed // runs
    return Speed(
        name,
        engine,
        executed,
        round(executed / first / 1e6, 2),
        round(executed / best / 1e6, 2),
        machine.engine.report,
    )


def measure_start(rounds: int) -> float:
    """Give the milliseconds from starting `soclet run` with an ELF image to its end.

    The image powers off with its third instruction, so this is an upper bound of the time to the
    first one.
    """
    source = "mov r0, 0x20\nmov r1, 0\nmov [r0], r1\n"
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "off.elf"
        write_image(assemble("off.s", source), image)
        command = [sys.executable, "-m", "soclet", "run", str(image), "--serial", "none"]
        spent = []
        for _ in range(rounds):
            started = time.perf_counter()
            subprocess.run(command, check=True)
            spent.append(time.perf_counter() - started)
    return round(statistics.median(spent) * 1000, 1)


def main(words: list[str]) -> None:
    """Measure the engines, print a table, and write the figures as JSON where that is asked for.

    `scripts/bench gdb` measures the debugger's path instead.
    """
    kernels = sorted(path.stem for path in KERNELS.glob("*.s"))
    parser = common.options("scripts/bench", main.__doc__)
    parser.add_argument("--kernel", action="append", choices=kernels, help="only this one")
    options = parser.parse_args(words)

    host = common.host()
    print(f"{host}; medians of {options.rounds} interleaved runs\n")
    speeds = measure_engines(options.kernel or kernels, options.rounds)
    print(f"{'kernel':<10} {'engine':<10} {'instructions':>12} {'MIPS':>8} {'again':>8}  engine")
    for speed in speeds:
        print(
            f"{speed.kernel:<10} {speed.engine:<10} {speed.instructions:>12} "
            f"{speed.mips:>8.2f} {speed.again:>8.2f}  {speed.report}"
        )
    start = measure_start(4 * options.rounds)
    print(f"\nfrom process start to the end of a three-instruction ELF image: {start} ms")
    figures = {"host": host, "speeds": [asdict(s) for s in speeds], "start_ms": start}
    common.write_json(options.json, figures)
