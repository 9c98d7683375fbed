"""Measures `soclet run` as a process: its start, a whole run beside QEMU's, its memory, its idling.

Medians of interleaved runs. Figures of one table can be compared; those of two hosts cannot.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import common
import qemu
import riscv
from kernels import KERNELS
from launch import command, running, seconds_of
from peers import TITLES, not_installed
from speeds import Length, engines_here
from tables import NONE, markdown, number

from soclet.testing import Configuration, MachineUnderTest
from soclet.testing.images import Images
from toolchain.assembler import assemble
from toolchain.writers import write_image

BOOTS: Final = 50
INSTRUCTIONS: Final = 100_000_000
"""Of a whole run."""
MEMORIES: Final = ("1M", "1G")
TOO_SLOW: Final = "reference"
"""The engine that is left out of whole runs, which would take it a quarter of a minute."""
MIB: Final = 1 << 20

START: Final = "start to end, 3 instructions"
WHOLE: Final = "start to end, 100 million instructions"
SLEEP: Final = "start to end, asleep for weeks, virtual clock"

OFF: Final = "mov r0, 0x20\nmov r1, 0\nmov [r0], r1\n"
"""Ends with its third instruction."""
SPEAKS: Final = "mov r0, 0x14\nmov r1, 'x'\nmov [r0], r1\njmp .\n"
"""Sends a byte, then spins."""
SLEEPS: Final = f"""
        mov r0, 0x5
        mov r1, 0
        mov [r0], r1
        mov r1, 1000                    ; of 2**32 ticks: seven weeks by the paced clock
        mov [r0], r1
        mov imask, 1 << 16
        wait
        {OFF}
"""
"""Sleeps until the timer is due, then ends."""
POLLS: Final = "mov r0, 0x15\nloop: mov r1, [r0]\njmp loop\n"
"""Reads STATUS for ever."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement: what, of whom, in which unit, and the goal where there is one."""

    what: str
    who: str
    value: float
    unit: str
    goal: str = ""


def measure(engines: Sequence[str], rounds: int, idle_seconds: float) -> list[Figure]:
    """Measure all of it; each idling is looked at for so many seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return [
            *_measure_times(folder, engines, rounds),
            *_measure_boots(engines),
            *_measure_memory(_build(folder, "speaks", SPEAKS), engines),
            *_measure_idling(folder, engines, idle_seconds),
        ]


def _build(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.elf"
    write_image(assemble(f"{name}.s", text), path)
    return path


def _measure_times(folder: Path, engines: Sequence[str], rounds: int) -> list[Figure]:
    """Time starts and whole runs, everybody in turn."""
    commands = dict(_commands(folder, engines))
    spent: dict[tuple[str, str], list[float]] = {key: [] for key in commands}
    for number_ in range(rounds):
        for key, words in commands.items():
            common.tell(f"round {number_ + 1} of {rounds}: {', '.join(key)}")
            spent[key].append(seconds_of(*words))
    medians = {key: 1000 * statistics.median(taken) for key, taken in spent.items()}
    goals = {START: "150"}
    if (WHOLE, "qemu") in medians:
        goals[WHOLE] = number(medians[WHOLE, "qemu"] + 150)
    return [
        Figure(what, who, value, "ms", "" if who in qemu.QEMUS else goals.get(what, ""))
        for (what, who), value in medians.items()
    ]


def _commands(folder: Path, engines: Sequence[str]) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """Give what is timed: what and of whom, and the words that start it."""
    off, sleeps = _build(folder, "off", OFF), _build(folder, "sleeps", SLEEPS)
    kernel = KERNELS["arith"]
    repeats = Length(kernel).repeats(INSTRUCTIONS)
    text = kernel.source.read_text(encoding="utf-8").replace(".word 1", f".word {repeats}")
    whole = folder / "whole.elf"
    write_image(assemble(kernel.source, text), whole)

    for engine in engines:
        yield (START, engine), command(off, engine)
    for engine in engines:
        if engine != TOO_SLOW:
            yield (WHOLE, engine), command(whole, engine)
    if not_installed(qemu.QEMU, *riscv.TOOLS) is None:
        image, _ = riscv.Images(folder).write(kernel, repeats)
        for name, options in qemu.QEMUS.items():
            yield (WHOLE, name), qemu.command(image, riscv.START, "null", options)
    for engine in engines:
        yield (SLEEP, engine), [*command(sleeps, engine), "--clock", "virtual"]


def _measure_boots(engines: Sequence[str]) -> Iterator[Figure]:
    """Make machines as tests do, in this process, and run them to their first byte."""
    images = Images()
    for engine in engines:
        configuration = Configuration(source=SPEAKS, engine=engine)
        spent = []
        for _ in range(BOOTS):
            started = time.perf_counter()
            machine = MachineUnderTest(configuration, images)
            machine.serial.expect_exact("x")
            spent.append(time.perf_counter() - started)
            machine.close()
        value = 1000 * statistics.median(spent)
        yield Figure("a machine in a test, to its first byte", engine, value, "ms", "10")


def _measure_memory(image: Path, engines: Sequence[str]) -> Iterator[Figure]:
    """Look at what a machine has touched when its first byte comes."""
    for size in MEMORIES:
        for engine in engines:
            words = (*command(image, engine, serial="stdio"), "--memory", size)
            with running(words) as process:
                process.first_byte()
                value = process.resident() / MIB
            goal = "60" if size == "1M" else ""
            yield Figure(f"resident at the first byte, --memory {size}", engine, value, "MiB", goal)


def _measure_idling(folder: Path, engines: Sequence[str], seconds: float) -> Iterator[Figure]:
    """Look at the processor time of a guest that sleeps, and of one that polls."""
    for what, text in {"asleep": SLEEPS, "polling STATUS": POLLS}.items():
        image = _build(folder, "idles", text)
        for engine in engines:
            words = (*command(image, engine, serial="tcp:0"), "--clock", "paced")
            with running(words) as process:
                process.port("serial")
                time.sleep(1)  # Until it has started, and has found out how fast it is.
                before = process.cpu_seconds()
                time.sleep(seconds)
                share = 100 * (process.cpu_seconds() - before) / seconds
            goal = "1" if what == "asleep" else ""
            yield Figure(f"processor time, {what}, paced clock", engine, share, "%", goal)


def _table(figures: Sequence[Figure]) -> list[str]:
    """Give a row for each measurement, a column for everybody."""
    columns = list(dict.fromkeys(figure.who for figure in figures))
    rows = []
    for what, group in groupby(figures, key=lambda figure: f"{figure.what}, {figure.unit}"):
        found = {figure.who: figure for figure in group}
        goal = next(figure.goal for figure in found.values())
        rows.append([what, *map(_cell, map(found.get, columns)), goal])
    titles = [TITLES.get(column, column) for column in columns]
    return markdown(["", *titles, "goal: below"], rows)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return NONE
    return number(figure.value, 0 if figure.unit == "ms" else 1)


def main(words: list[str]) -> None:
    """Measure `soclet run` as a process: start, a whole run beside QEMU's, memory, idling."""
    parser = common.options("scripts/bench process", main.__doc__)
    here = engines_here()
    parser.add_argument("--engine", action="append", choices=here, help="only this one")
    parser.add_argument(
        "--seconds", type=common.positive, default=2, metavar="S", help="of each idling (2)"
    )
    options = parser.parse_args(words)
    print(f"{common.host()}; times are medians of {options.rounds} interleaved runs")
    if missing := not_installed(qemu.QEMU, *riscv.TOOLS):
        print(f"without QEMU: {missing}; scripts/bench --with-peers installs it")
    engines = list(dict.fromkeys(options.engine or here))
    figures = measure(engines, options.rounds, options.seconds)
    common.tell("")
    print("", *_table(figures), sep="\n")
    rows = [asdict(figure) for figure in figures]
    common.write_json(options.json, {"host": common.host(), "figures": rows})
