"""What speeds are to be, and whether they are: for each goal, the kernel that is farthest from it.

Knows figures; must not know how they came about.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from speeds import EngineSpeed, PeerSpeed
from tables import markdown, number

from machine.engines import ENGINES

FOUR: Final = ("arith", "sieve", "fib", "copysum")
"""The kernels that were measured before there was an engine: goals of speed are about these."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal, and the figure that is farthest from it, at `where`; a figure is to be `least`."""

    title: str
    least: float
    figure: float
    where: str

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.figure >= self.least


Figures = Mapping[str, float]
"""By kernel."""


def goals(engines: Sequence[EngineSpeed], peers: Iterable[PeerSpeed]) -> list[Goal]:
    """Give those of which there are figures."""
    warm = _sorted((speed.engine, speed.kernel, speed.warm) for speed in engines)
    theirs = _sorted((speed.peer, speed.kernel, speed.mips) for speed in peers)
    translated = _sorted(
        (speed.engine, speed.kernel, speed.translated / speed.warm)
        for speed in engines
        if speed.translated is not None
    )
    covered = _sorted(
        (speed.engine, speed.kernel, 100 - speed.by_python)
        for speed in engines
        if speed.by_python is not None
    )
    wanted = [
        ("reference, MIPS", 5, _of(FOUR, warm["reference"])),
        ("compiled, MIPS", 40, _of(FOUR, warm["compiled"])),
        ("compiled / by hand", 1, _ratio(FOUR[:1], warm["compiled"], theirs["by-hand"])),
        ("native / QEMU", 0.85, _ratio(FOUR[:1], warm["native"], theirs["qemu"])),
        ("native / QEMU", 1, _ratio(FOUR[1:], warm["native"], theirs["qemu"])),
        ("native / QEMU -icount", 3, _ratio(FOUR, warm["native"], theirs["qemu-icount"])),
        *((f"{engine}, translated / not", 2 / 3, translated[engine]) for engine in ENGINES),
        ("native, % in machine code", 99, covered["native"]),
    ]
    return [
        Goal(title, least, *min((figure, kernel) for kernel, figure in figures.items()))
        for title, least, figures in wanted
        if figures
    ]


def _sorted(figures: Iterable[tuple[str, str, float]]) -> Mapping[str, Figures]:
    """Give figures by whose they are."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for name, kernel, figure in figures:
        found[name][kernel] = figure
    return found


def _of(kernels: Iterable[str], figures: Figures) -> Figures:
    """Give those of some kernels."""
    return {kernel: figures[kernel] for kernel in kernels if kernel in figures}


def _ratio(kernels: Iterable[str], ours: Figures, theirs: Figures) -> Figures:
    """Give how many times as fast ours are, of some kernels."""
    return {
        kernel: figure / theirs[kernel]
        for kernel, figure in _of(kernels, ours).items()
        if kernel in theirs
    }


def goals_table(reached: Iterable[Goal]) -> list[str]:
    """Give a row for each goal."""
    rows = [
        (
            goal.title,
            "yes" if goal.reached else "no",
            goal.where,
            number(goal.figure, 2),
            number(goal.least, 2),
        )
        for goal in reached
    ]
    return markdown(
        ("goal", "reached", "where it is farthest", "figure", "at least"), rows, words=3
    )
