"""What `scripts/bench` shows of the speeds of engines and others.

Knows figures; must not know how they came about.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from peers import TITLES
from speeds import EngineSpeed, PeerSpeed
from tables import NONE, markdown, mips, number

NOTABLE: Final = 1.0
"""The share in % left to Python from which on a kernel is named."""


def engines_table(speeds: Sequence[EngineSpeed]) -> list[str]:
    """Give a row for each kernel on each engine."""
    rows = [
        (
            f"`{speed.kernel}`",
            speed.engine,
            f"{speed.instructions:,}",
            mips(speed.first),
            mips(speed.warm),
            mips(speed.translated),
            NONE if speed.by_python is None else f"{speed.by_python:.2f} %",
        )
        for speed in speeds
    ]
    head = ("kernel", "engine", "instructions", "MIPS: first", "warm", "translated", "by Python")
    return markdown(head, rows, words=2)


def left_to_python(speeds: Sequence[EngineSpeed]) -> list[str]:
    """Say in a line each where an engine leaves much to Python."""
    return [
        f"{speed.kernel}: {speed.engine} leaves {speed.by_python:.1f} % to Python"
        for speed in speeds
        if speed.by_python is not None and speed.by_python >= NOTABLE
    ]


def peers_table(engines: Sequence[EngineSpeed], peers: Sequence[PeerSpeed]) -> list[str]:
    """Give a row for each kernel: engines, warm, and the others that were here."""
    warm = {(speed.kernel, speed.engine): speed.warm for speed in engines}
    theirs = {(speed.kernel, speed.peer): speed.mips for speed in peers}
    both = warm | theirs
    here = dict.fromkeys(name for _, name in both)
    columns = [*(name for name in here if name not in TITLES), *filter(here.__contains__, TITLES)]
    kernels = [kernel for kernel, _ in groupby(speed.kernel for speed in engines)]
    rows = [
        [f"`{kernel}`", *(mips(both.get((kernel, column))) for column in columns)]
        for kernel in kernels
    ]
    return markdown(["MIPS", *(TITLES.get(column, column) for column in columns)], rows)


def py65_line(speed: float) -> str:
    """Say how fast py65 is, whose instructions are others."""
    return (
        f"py65, a 6502, on a loop of its own, as MIPS of its own instructions: {number(speed, 2)}"
    )
