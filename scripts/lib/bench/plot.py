"""Draws speeds: kernels from left to right, a logarithmic scale, a mark for each who ran them.

Knows figures; must not know how they came about. The drawing library is an extra of the project
(`bench`), installed when it is first needed.
"""

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from peers import TITLES
from speeds import EngineSpeed, PeerSpeed

from machine.engines import AUTO

ROOT: Final = Path(__file__).resolve().parents[3]
LIBRARY: Final = "matplotlib"
OURS: Final = ("#9ecae1", "#4292c6", "#08306b")
THEIRS: Final = ("#1b7837", "#d6604d", "#f4a582", "#b2182b", "#762a83", "#af8dc3", "#878787")
MARKS: Final = "s^vD<>P"


def ensure_library() -> None:
    """Have the drawing library; raises SystemExit where it cannot be installed."""
    if find_spec(LIBRARY) is not None:
        return
    print(f"installing {LIBRARY}", file=sys.stderr)
    pip = [sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check", "install"]
    done = subprocess.run([*pip, "-q", "-e", f"{ROOT}[bench]"], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: pip could not install {LIBRARY}; leave out --plot")


Series = dict[str, dict[str, float]]
"""What is drawn: the speeds of whoever has a name in the legend, by kernel."""


def series_of_engines(speeds: Sequence[EngineSpeed]) -> Series:
    """Give the warm speeds of engines; not of `auto`, which is one of the others."""
    series: Series = {}
    for speed in speeds:
        if speed.engine != AUTO:
            series.setdefault(f"soclet, {speed.engine}", {})[speed.kernel] = speed.warm
    return series


def series_of_peers(speeds: Sequence[PeerSpeed]) -> Series:
    """Give the speeds of others."""
    series: Series = {title: {} for title in TITLES.values()}
    for speed in speeds:
        series[TITLES[speed.peer]][speed.kernel] = speed.mips
    return {title: found for title, found in series.items() if found}


def draw(engines: Sequence[EngineSpeed], peers: Sequence[PeerSpeed], path: Path) -> None:
    """Write a PNG; raises SystemExit where there is nothing to draw."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    kernels = list(dict.fromkeys(speed.kernel for speed in engines))
    mine = series_of_engines(engines)
    ours = len(mine)
    series = mine | series_of_peers(peers)
    if not series:
        raise SystemExit(f"bench: {path} is not drawn: there are no speeds but those of {AUTO}")

    figure, axes = pyplot.subplots(
        figsize=(max(9, 1.3 * len(kernels) + 4), 6.5), layout="constrained"
    )
    width = 0.8 / len(series)
    for number, (name, speeds) in enumerate(series.items()):
        is_ours = number < ours
        axes.plot(
            [
                kernels.index(kernel) + (number + 0.5) * width - 0.4
                for kernel in kernels
                if kernel in speeds
            ],
            [speeds[kernel] for kernel in kernels if kernel in speeds],
            linestyle="none",
            marker="o" if is_ours else MARKS[(number - ours) % len(MARKS)],
            markersize=10 if is_ours else 8,
            color=OURS[number - ours] if is_ours else THEIRS[(number - ours) % len(THEIRS)],
            markeredgecolor="black" if is_ours else "none",
            label=name,
        )
    for edge in range(1, len(kernels)):
        axes.axvline(edge - 0.5, color="#dddddd", linewidth=0.8, zorder=0)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    axes.set_xlim(-0.5, len(kernels) - 0.5)
    axes.set_xticks(range(len(kernels)), kernels)
    axes.set_ylabel("million instructions of soclet's a second")
    axes.set_title(
        "The same work on soclet's engines (warm) and on others; higher is faster", loc="left"
    )
    axes.grid(axis="y", which="major", color="#cccccc", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    figure.savefig(path, dpi=110, format="png")
    pyplot.close(figure)
