"""Measures what coverage costs: warm runs with and without it, on the engines that make code.

Medians of interleaved runs. What was seen once is not looked for again, so warm runs tell what a
test suite pays; first runs tell what is paid once. Warm are several, since engines still make code
in one or another of them.
"""

import statistics
from dataclasses import asdict, dataclass, field

import common
import tables
from guest_runs import Guest
from kernels import KERNELS, Kernel
from speeds import Length, engines_here, fit_engine

from machine.coverage import Coverage
from machine.observers import Observers
from machine.reference import Reference

SECONDS = 0.1
WARM = 3
"""Runs whose time together is a warm sample."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A kernel on an engine: how many times as long it takes with coverage."""

    kernel: str
    engine: str
    first: float
    warm: float


@dataclass(slots=True)
class _Samples:
    """Seconds of runs without coverage, and of those with it."""

    first: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    warm: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))


def measure(kernels: list[Kernel], rounds: int) -> list[Cost]:
    """Run every kernel with and without, `rounds` times over."""
    engines = [name for name in engines_here() if name != Reference.name]
    costs = []
    for kernel in kernels:
        length = Length(kernel)
        for engine in engines:
            repeats = fit_engine(kernel, engine, length, SECONDS)
            samples = _Samples()
            for _ in range(rounds):
                _sample(kernel, engine, repeats, samples)
            first, warm = (
                statistics.median(with_it) / statistics.median(without)
                for without, with_it in (samples.first, samples.warm)
            )
            costs.append(Cost(kernel.name, engine, round(first, 2), round(warm, 2)))
    return costs


def _sample(kernel: Kernel, engine: str, repeats: int, samples: _Samples) -> None:
    pair = [(Guest(kernel, engine), None), (Guest(kernel, engine), Observers(Coverage()))]
    for which, (guest, observers) in enumerate(pair):
        samples.first[which].append(guest.run(repeats, observers=observers).seconds)
    for which, (guest, observers) in enumerate(pair):
        guest.run(repeats, observers=observers)
        warm = [guest.run(repeats, observers=observers).seconds for _ in range(WARM)]
        samples.warm[which].append(sum(warm))


def main(words: list[str]) -> None:
    """Measure what coverage costs, and write the figures as JSON where asked."""
    parser = common.options("scripts/bench coverage", main.__doc__)
    parser.add_argument("--kernel", action="append", choices=list(KERNELS), help="only this one")
    options = parser.parse_args(words)

    host = common.host()
    print(f"{host}; medians of {options.rounds} interleaved runs; times as long with coverage\n")
    costs = measure([KERNELS[name] for name in options.kernel or KERNELS], options.rounds)
    rows = [
        (f"`{cost.kernel}`", cost.engine, f"{cost.first:.2f}", f"{cost.warm:.2f}") for cost in costs
    ]
    print("\n".join(tables.markdown(("kernel", "engine", "first", "warm"), rows, words=2)))
    common.write_json(options.json, {"host": host, "costs": [asdict(cost) for cost in costs]})
