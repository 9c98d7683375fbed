"""Measures what coverage costs: warm runs with and without it, on the engines that make code.

What was seen once is not looked for again, so warm runs tell what a test suite pays; first runs
tell what is paid once. Warm are several, since engines still make code in one or another of them.
"""

import statistics
from dataclasses import asdict, dataclass

import common
import tables
from guest_runs import Guest
from kernels import KERNELS, Kernel
from speeds import Length, engines_here, fit_engine

from machine.coverage import Coverage
from machine.observers import Observers
from machine.reference import Reference

SECONDS = 0.1
WARM = 6
"""Runs whose time together is a warm sample."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A kernel on an engine: how many times as long it takes with coverage."""

    kernel: str
    engine: str
    first: float
    warm: float


def measure(kernels: list[Kernel], rounds: int) -> list[Cost]:
    """Run every kernel with and without, `rounds` times over."""
    engines = [name for name in engines_here() if name != Reference.name]
    costs = []
    for kernel in kernels:
        length = Length(kernel)
        for engine in engines:
            repeats = fit_engine(kernel, engine, length, SECONDS)
            samples = [_sample(kernel, engine, repeats) for _ in range(rounds)]
            first, warm = map(statistics.median, zip(*samples, strict=True))
            costs.append(Cost(kernel.name, engine, round(first, 2), round(warm, 2)))
    return costs


def _sample(kernel: Kernel, engine: str, repeats: int) -> tuple[float, float]:
    """Give how many times as long the first run takes with coverage, and warm ones.

    Those with and those without take turns: a host that is slow for a while is so for both.
    """
    pair = [(Guest(kernel, engine), None), (Guest(kernel, engine), Observers(Coverage()))]
    seconds = [
        [guest.run(repeats, observers=observers).seconds for guest, observers in pair]
        for _ in range(2 + WARM)
    ]
    without, with_it = (sum(column) for column in zip(*seconds[2:], strict=True))
    return seconds[0][1] / seconds[0][0], with_it / without


def main(words: list[str]) -> None:
    """Measure what coverage costs, and write the figures as JSON where asked."""
    parser = common.options("scripts/bench coverage", main.__doc__)
    parser.add_argument("--kernel", action="append", choices=list(KERNELS), help="only this one")
    options = parser.parse_args(words)

    host = common.host()
    print(f"{host}; medians of {options.rounds} rounds; times as long with coverage\n")
    costs = measure([KERNELS[name] for name in options.kernel or KERNELS], options.rounds)
    rows = [
        (f"`{cost.kernel}`", cost.engine, f"{cost.first:.2f}", f"{cost.warm:.2f}") for cost in costs
    ]
    print("\n".join(tables.markdown(("kernel", "engine", "first", "warm"), rows, words=2)))
    common.write_json(options.json, {"host": host, "costs": [asdict(cost) for cost in costs]})
