"""Measures the engines on guest kernels, and the time from process start to the guest.

Medians of interleaved runs: every round runs each kernel on each engine once, so that a busy host
slows all of them alike. Figures of one table can be compared; those of two hosts cannot.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import common

from isa_spec.paging import PAGE_SHIFT, Entry
from isa_spec.registers import PTBR, STATUS, Status
from isa_spec.words import WORD
from machine.cpu import Reason
from machine.engines import ENGINES, NATIVE, native_refusal
from machine.events import WriteRegister
from machine.machine import Machine
from machine.reference import Reference
from toolchain.assembler import assemble
from toolchain.program import Program
from toolchain.writers import write_image

KERNELS = Path(__file__).resolve().parents[2] / "kernels"


TABLE = 0xE_0000
"""Where the kernels' memory, which is mapped to itself, has its page table."""


@dataclass(frozen=True, slots=True)
class Speed:
    """A kernel on an engine: instructions of one run, and millions of them a second.

    first: from a fresh machine, with whatever the engine makes of code. warm: once more on the
    same machine. translated: the same with translation on.
    """

    kernel: str
    engine: str
    instructions: int
    first: float
    warm: float
    translated: float
    decoded_at_most: int | None
    """How often the instruction decoded most often was; None where the engine does not count."""
    report: str
    """What the engine has counted."""


@dataclass(slots=True)
class Samples:
    """The seconds of a kernel's runs on an engine, and the machine of the last."""

    first: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    translated: list[float] = field(default_factory=list)
    machine: Machine | None = None


def _run(program: Program, machine: Machine, *, translated: bool = False) -> float:
    """Run a kernel from reset to its end; give the seconds."""
    machine.reset()
    if translated:
        machine.post(WriteRegister(PTBR, TABLE | 1))
        machine.post(WriteRegister(STATUS, int(Status.KERNEL | Status.VIRTUAL)))
    started = time.perf_counter()
    reason = machine.run()
    seconds = time.perf_counter() - started
    if reason is not Reason.POWER_OFF:
        raise SystemExit(f"bench: {program.name} ended by {reason.value}, not by power-off")
    return seconds


def _sample(program: Program, engine: str, samples: Samples) -> None:
    machine = samples.machine = Machine(engine=ENGINES[engine])
    machine.flash((segment.address, segment.data) for segment in program.image().segments)
    rights = int(Entry.PRESENT | Entry.READABLE | Entry.WRITABLE | Entry.EXECUTABLE)
    entries = (page << PAGE_SHIFT | rights for page in range(machine.memory.size >> PAGE_SHIFT))
    machine.flash([(TABLE, b"".join(entry.to_bytes(4, "little") for entry in entries))])
    samples.first.append(_run(program, machine))
    samples.warm.append(_run(program, machine))
    _run(program, machine, translated=True)
    samples.translated.append(_run(program, machine, translated=True))


def measure_engines(kernels: list[str], rounds: int) -> list[Speed]:
    """Run every kernel on every engine, `rounds` times over."""
    programs = {name: assemble(KERNELS / f"{name}.s") for name in kernels}
    engines = [name for name in ENGINES if name != NATIVE or native_refusal() is None]
    samples = {(name, engine): Samples() for name in programs for engine in engines}
    for _ in range(rounds):
        for (name, engine), taken in samples.items():
            _sample(programs[name], engine, taken)
    return [_speed(name, engine, taken) for (name, engine), taken in samples.items()]


def _speed(name: str, engine: str, samples: Samples) -> Speed:
    machine = samples.machine
    assert machine is not None
    executed = machine.cpu.executed // 4
    decoded = machine.engine.decoded if isinstance(machine.engine, Reference) else None

    def mips(seconds: list[float]) -> float:
        return round(executed / statistics.median(seconds) / 1e6, 2)

    return Speed(
        name,
        engine,
        executed,
        mips(samples.first),
        mips(samples.warm),
        mips(samples.translated),
        max(decoded.values()) if decoded else None,
        machine.engine.report,
    )


def measure_by_hand(rounds: int) -> float:
    """Give `arith`, by hand in Python, as millions of the kernel's instructions a second."""
    turns, instructions = 1_000_000, 7
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        a = total = 0
        for turn in range(turns):
            a = ((a + 1) * 3 - turn) & WORD
            total = (total + a) & WORD
        spent.append(time.perf_counter() - started)
    return round(turns * instructions / statistics.median(spent) / 1e6, 2)


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
    print(
        f"{'kernel':<10} {'engine':<10} {'instructions':>12} {'MIPS: first':>12} {'warm':>8} "
        f"{'translated':>11}  of its own"
    )
    for speed in speeds:
        times = speed.report if speed.decoded_at_most is None else f"{speed.decoded_at_most} times"
        print(
            f"{speed.kernel:<10} {speed.engine:<10} {speed.instructions:>12} "
            f"{speed.first:>12.2f} {speed.warm:>8.2f} {speed.translated:>11.2f}  {times}"
        )
    by_hand = measure_by_hand(options.rounds)
    print(f"\narith written by hand in Python, as MIPS of the kernel: {by_hand}")
    start = measure_start(4 * options.rounds)
    print(f"from process start to the end of a three-instruction ELF image: {start} ms")
    figures: dict[str, Any] = {"host": host, "speeds": [asdict(s) for s in speeds]}
    figures |= {"arith_by_hand": by_hand, "start_ms": start}
    common.write_json(options.json, figures)
