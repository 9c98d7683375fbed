"""scripts/bench: it measures what it says, of whatever servers there are. No figure is judged."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tools import tool

from machine.engines import ENGINES

ROOT = Path(__file__).resolve().parents[2]
QEMU = "qemu-system-riscv32"
SOCLETS = [f"soclet, {engine}" for engine in ENGINES]


@pytest.fixture
def bench(tmp_path):
    """Run the benchmarks with words; give what they printed, and their figures."""

    def run(*words, **options):
        file = tmp_path / "figures.json"
        done = subprocess.run(
            [sys.executable, ROOT / "scripts/lib/bench", *words, "--rounds", "1", "--json", file],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout, json.loads(file.read_text())

    return run


def cells(line):
    return [cell.strip() for cell in line.strip("|\n").split("|")]


def table(printed):
    """The head of a printed table, and its rows by their first cells."""
    head, _, *rows = (cells(line) for line in printed.splitlines() if line.startswith("|"))
    return head[1:], {row[0]: row[1:] for row in rows}


def test_every_kernel_that_is_asked_for_is_measured_on_every_engine(bench):
    printed, figures = bench("--kernel", "fib")
    assert [speed["engine"] for speed in figures["speeds"]] == list(ENGINES)
    for speed in figures["speeds"]:
        assert (speed["kernel"], speed["instructions"]) == ("fib", 295_524)
        assert min(speed["first"], speed["warm"], speed["translated"]) > 0
        assert f"fib        {speed['engine']:<10} {295_524:>12}" in printed
    assert figures["start_ms"] > 0
    assert figures["arith_by_hand"] > 0


def test_every_recorder_is_measured_beside_none(bench):
    printed, figures = bench("recording", "--kernel", "fib")
    recorders = [cost["recorder"] for cost in figures["costs"]]
    assert recorders == ["nothing", "profile", "trace", "vcd"]
    assert all(cost["nanoseconds"] > 0 for cost in figures["costs"])
    assert all(recorder in printed for recorder in recorders)


def test_the_debuggers_path_is_measured_beside_qemus_where_that_is_installed(bench):
    printed, figures = bench("gdb", "--scale", "0.002")
    head, rows = table(printed)
    soclets, others = head[: len(SOCLETS)], head[len(SOCLETS) :]
    assert soclets == SOCLETS
    if shutil.which(QEMU):
        assert others[0].startswith("QEMU ")
        assert others[1:] == [f"{name} / QEMU" for name in SOCLETS]
        (registers,) = (row for title, row in rows.items() if "`p`" in title)
        assert "–" not in registers
    else:
        assert others == []
    assert rows.keys() == figures["figures"].keys()
    assert all(row[name] > 0 for row in figures["figures"].values() for name in SOCLETS)


def test_without_qemu_it_says_so_in_a_line_and_measures_soclet_alone(bench, tmp_path):
    (tmp_path / "gdb-multiarch").symlink_to(tool("gdb-multiarch"))
    printed, figures = bench("gdb", "--scale", "0.002", env={"PATH": str(tmp_path)})
    assert printed.splitlines()[1] == f"{QEMU} is not installed: soclet alone"
    head, rows = table(printed)
    assert head == SOCLETS
    assert not any("–" in row for row in rows.values())
    assert all(set(row) == set(head) for row in figures["figures"].values())


def test_without_gdb_the_error_is_one_line(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/lib/bench", "gdb", "--scale", "0.002"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "bench: gdb-multiarch is not installed: see scripts/packages.txt\n"
