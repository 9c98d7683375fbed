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
PEERS = ["by-hand", "gcc", "qemu", "qemu-icount", "unicorn", "tinyrv", "py65"]
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


def test_a_kernel_is_measured_on_every_engine_and_on_everybody_who_is_here(bench):
    printed, figures = bench("--kernel", "fib", "--seconds", "0.001")
    assert [speed["engine"] for speed in figures["engines"]] == [*ENGINES, "auto"]
    for speed in figures["engines"]:
        assert (speed["kernel"], speed["instructions"]) == ("fib", 886_580)
        assert min(speed["first"], speed["warm"], speed["translated"]) > 0
        assert f"| `fib`  | {speed['engine']:<9} |      886,580 |" in printed
    native = next(speed for speed in figures["engines"] if speed["engine"] == "native")
    assert 0 <= native["by_python"] < 1
    measured = {speed["peer"] for speed in figures["peers"]}
    assert "by-hand" in measured
    assert measured | figures["missing"].keys() | {"py65"} == set(PEERS)
    assert all(speed["mips"] > 0 for speed in figures["peers"])


def test_only_what_is_asked_for_is_measured(bench):
    printed, figures = bench(
        *("--kernel", "pages", "--engine", "reference", "--peer", "none", "--seconds", "0.001")
    )
    (speed,) = figures["engines"]
    assert (speed["kernel"], speed["engine"]) == ("pages", "reference")
    # It uses translation itself.
    assert speed["translated"] is None
    assert figures["peers"] == []
    assert figures["py65"] is None
    assert len([line for line in printed.splitlines() if line.startswith("|")]) == 3


def test_those_that_are_missing_are_named_in_a_line_each(bench, tmp_path):
    printed, figures = bench(
        *("--kernel", "fib", "--engine", "native", "--seconds", "0.001"),
        *("--peer", "gcc", "--peer", "qemu"),
        env={"PATH": str(tmp_path)},
    )
    assert printed.splitlines()[1:3] == [
        "without gcc: gcc is not installed; --with-peers installs it",
        f"without qemu: {QEMU} is not installed; --with-peers installs it",
    ]
    assert figures["missing"].keys() == {"gcc", "qemu"}


def test_the_process_is_measured_from_its_start_to_its_memory(bench):
    printed, figures = bench("process", "--seconds", "0.1", "--engine", "native")
    kinds = {(figure["what"], figure["who"]) for figure in figures["figures"]}
    assert ("start to end, 3 instructions", "native") in kinds
    assert ("start to end, 100 million instructions", "native") in kinds
    assert ("resident at the first byte, --memory 1G", "native") in kinds
    assert ("processor time, asleep, paced clock", "native") in kinds
    assert (("start to end, 100 million instructions", "qemu") in kinds) != (
        "without QEMU" in printed
    )
    head, rows = table(printed)
    assert (head[0], head[-1]) == ("native", "goal: below")
    assert rows["resident at the first byte, --memory 1M, MiB"][-1] == "60"


def test_latencies_are_measured_while_the_guest_computes(bench):
    printed, figures = bench("latency", "--samples", "3", "--engine", "compiled")
    assert [figure["what"] for figure in figures["figures"]] == [
        "Ctrl-C to stop",
        "debugger attaches",
        "byte and its echo, guest polls",
        "byte and its echo, guest is interrupted",
    ]
    for figure in figures["figures"]:
        assert figure["engine"] == "compiled"
        assert 0 < figure["median"] <= figure["percentile_99"]
    head, rows = table(printed)
    assert head == ["compiled", "goal: below"]
    assert rows["Ctrl-C to stop, ms, 99th percentile"][1] == "5"


def test_every_recorder_is_measured_beside_none(bench):
    printed, figures = bench("recording", "--kernel", "fib")
    recorders = [cost["recorder"] for cost in figures["costs"]]
    assert recorders == ["nothing", "profile", "trace", "vcd"]
    assert all(cost["nanoseconds"] > 0 for cost in figures["costs"])
    assert all(recorder in printed for recorder in recorders)


def test_coverage_is_measured_beside_runs_without_it(bench):
    printed, figures = bench("coverage", "--kernel", "fib")
    assert {cost["engine"] for cost in figures["costs"]} >= {"compiled", "auto"}
    assert all(cost["first"] > 0 and cost["warm"] > 0 for cost in figures["costs"])
    head, rows = table(printed)
    assert head == ["engine", "first", "warm"]
    assert list(rows) == ["`fib`"]


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
