"""Measures what recorders cost: the same instructions without any, and with each of them.

Medians of interleaved runs, on the reference engine, which executes whatever is recorded.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path

import common

from machine.machine import Machine
from machine.observers import Observers
from soclet.recording.profile import Profiler
from soclet.recording.trace import Tracer
from soclet.recording.waves import Waves
from soclet.source_map import SourceMap
from toolchain.images import Image, load_image

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
INSTRUCTIONS = 200_000

Record = Callable[[Machine, SourceMap], Observers | None]

RECORDERS: dict[str, Record] = {
    "nothing": lambda _machine, _places: None,
    "profile": lambda machine, places: Profiler(machine, places).observers,
    "trace": lambda machine, places: Tracer(machine, places, StringIO().write).observe(Observers()),
    "vcd": lambda machine, _places: Waves(machine, StringIO()).observe(Observers()),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """A kernel with a recorder: the nanoseconds that an instruction takes."""

    kernel: str
    recorder: str
    nanoseconds: float


def _seconds(image: Image, record: Record) -> float:
    machine = Machine()
    machine.flash((segment.address, segment.data) for segment in image.segments)
    observers = record(machine, SourceMap(machine, image))
    started = time.perf_counter()
    machine.run(budget=INSTRUCTIONS, observers=observers)
    return time.perf_counter() - started


def measure(kernels: list[str], rounds: int) -> list[Cost]:
    """Run every kernel with every recorder, `rounds` times over."""
    images = {name: load_image(KERNELS / f"{name}.s") for name in kernels}
    spent: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for name, image in images.items():
            for recorder, record in RECORDERS.items():
                spent.setdefault((name, recorder), []).append(_seconds(image, record))
    return [
        Cost(name, recorder, round(statistics.median(taken) / INSTRUCTIONS * 1e9))
        for (name, recorder), taken in spent.items()
    ]


def main(words: list[str]) -> None:
    """Measure what profile, trace and waves cost, and write the figures as JSON where asked."""
    kernels = sorted(path.stem for path in KERNELS.glob("*.s"))
    parser = common.options("scripts/bench recording", main.__doc__)
    parser.add_argument("--kernel", action="append", choices=kernels, help="only this one")
    options = parser.parse_args(words)

    host = common.host()
    print(f"{host}; medians of {options.rounds} interleaved runs; ns an instruction\n")
    costs = measure(options.kernel or kernels, options.rounds)
    print(f"{'kernel':<10}" + "".join(f" {recorder:>9}" for recorder in RECORDERS))
    for kernel in dict.fromkeys(cost.kernel for cost in costs):
        taken = [cost.nanoseconds for cost in costs if cost.kernel == kernel]
        print(f"{kernel:<10}" + "".join(f" {nanoseconds:>9.0f}" for nanoseconds in taken))
    common.write_json(options.json, {"host": host, "costs": [asdict(cost) for cost in costs]})
