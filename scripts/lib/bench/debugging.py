"""Measures the debugger's path, from the socket to the machine and back, beside QEMU's.

Medians of interleaved rounds: in every round each server runs as a process of its own and is asked
the same, by one client and by the real gdb, one after the other in small portions, so that a busy
host slows all of them alike. Figures of one table can be compared; those of two hosts cannot.
"""

import statistics
import tempfile
from collections import ChainMap
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import common
import packets
import stock
from client import Refused
from qemu import QEMU
from stubs import Qemu, Soclet, Stub, find_qemu
from tables import markdown, number
from work import Samples, Work, work

from machine.engines import ENGINES


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: what it tells of the samples of that name."""

    title: str
    samples: str
    digits: int
    statistic: Callable[[Sequence[float]], float] = statistics.median


ROWS: Final = (
    Row("register: `p` round trips/s", "p", 0),
    Row("all registers: `g` round trips/s", "g", 0),
    Row("step: `s` round trips/s", "s", 0),
    Row("memory read, hexadecimal (`m`), MB/s", "m", 1),
    Row("memory read, binary (`x`), MB/s", "x", 1),
    Row("memory written, hexadecimal (`M`), MB/s", "M", 1),
    Row("memory written, binary (`X`), MB/s", "X", 1),
    Row("gdb's `load`, MB/s", "load", 1),
    Row("Ctrl-C to stop, ms, median", "interrupt", 2),
    Row("Ctrl-C to stop, ms, 99th percentile", "interrupt", 2, common.percentile_99),
    Row("the same beside a condition, ms, median", "interrupt-deciding", 2),
    Row(
        "the same beside a condition, ms, 99th percentile",
        "interrupt-deciding",
        2,
        common.percentile_99,
    ),
    Row("condition evaluated by gdb, µs", "host", 1),
    Row("condition evaluated by the server, µs", "target", 2),
    Row("how much faster that is, times", "host/target", 0),
)

Table = dict[str, dict[str, float]]
"""Figures by the row's title, then by the server's name."""


def measure(stubs: Sequence[Stub], rounds: int, amount: Work) -> Table:
    """Measure every server in every round."""
    samples: dict[str, Samples] = {stub.name: {} for stub in stubs}
    with tempfile.TemporaryDirectory() as folder:
        images = [Path(folder) / f"{number}.elf" for number in range(len(stubs))]
        for stub, image in zip(stubs, images, strict=True):
            stub.guest.build(image, amount.payload)
        for number in range(rounds):
            found = _round(stubs, images, amount, number)
            for every, new in zip(samples.values(), found, strict=True):
                for name, values in new.items():
                    every.setdefault(name, []).extend(values)
    return {
        row.title: {
            name: row.statistic(found[row.samples])
            for name, found in samples.items()
            if row.samples in found
        }
        for row in ROWS
    }


def _round(
    stubs: Sequence[Stub], images: Sequence[Path], amount: Work, number: int
) -> list[Samples]:
    """Take every measurement once; of each, all servers have their turn before the next."""
    with ExitStack() as stack:
        measurements = [
            packets.measure(
                stack.enter_context(stub.serve(image)), stub.guest, amount, Random(number)
            )
            for stub, image in zip(stubs, images, strict=True)
        ]
        steps = list(zip(*measurements, strict=True))
    found = [dict(ChainMap(*each)) for each in zip(*steps, strict=True)]
    for samples, stub, image in zip(found, stubs, images, strict=True):
        decides = "interrupt-deciding" in samples
        with stub.serve(image) as port:
            samples |= stock.measure(port, stub.guest, image, amount, decides=decides)
    return found


def _lines(table: Table, soclets: Sequence[Soclet], qemu: Qemu | None) -> list[str]:
    """The table in Markdown, each soclet with its ratio to QEMU where that is there."""
    rows = [[row.title, *_figures(table[row.title], row, soclets, qemu)] for row in ROWS]
    return markdown(["", *_headings(soclets, qemu)], rows)


def _headings(soclets: Sequence[Soclet], qemu: Qemu | None) -> list[str]:
    names = [soclet.name for soclet in soclets]
    return names if qemu is None else [*names, qemu.name, *(f"{name} / QEMU" for name in names)]


def _figures(
    figures: dict[str, float], row: Row, soclets: Sequence[Soclet], qemu: Qemu | None
) -> list[str]:
    names = [soclet.name for soclet in soclets]
    stubs = names if qemu is None else [*names, qemu.name]
    cells = [number(figures.get(name), row.digits) for name in stubs]
    if qemu is not None:
        theirs = figures.get(qemu.name)
        cells += [number(figures[name] / theirs if theirs else None, 2) for name in names]
    return cells


def main(words: list[str]) -> None:
    """Measure the debugger's path, beside QEMU's where that is installed."""
    parser = common.options("scripts/bench gdb", main.__doc__)
    parser.add_argument(
        "--engine", action="append", choices=list(ENGINES), help="only with this one"
    )
    parser.add_argument(
        "--scale", type=common.positive, default=1, metavar="F", help="so much of the work (1)"
    )
    options = parser.parse_args(words)

    stock.find_gdb()
    soclets = [Soclet(engine) for engine in dict.fromkeys(options.engine or ENGINES)]
    qemu = find_qemu()
    host = common.host()
    print(f"{host}; medians of {options.rounds} interleaved rounds")
    if qemu is None:
        print(f"{QEMU} is not installed: soclet alone")
    stubs: list[Stub] = [*soclets] if qemu is None else [*soclets, qemu]
    try:
        table = measure(stubs, options.rounds, work(options.rounds, options.scale))
    except (OSError, Refused) as error:
        raise SystemExit(f"bench: a server did not do its part: {error}") from error
    print("", *_lines(table, soclets, qemu), sep="\n")
    common.write_json(options.json, {"host": host, "figures": table})
