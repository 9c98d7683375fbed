"""Runs tests, each on a machine of its own, in one process or in several.

What a test gives depends on nothing but its file. Knows cases. Must not know how results are shown.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from soclet.coverage.lines import Report, merge, to_plain
from soclet.coverage.lines import report as coverage_of
from soclet.errors import UserError
from soclet.suite.cases import Case
from soclet.testing.failure import Failure
from soclet.testing.keeping import how_to_replay, keep
from soclet.testing.machine_under_test import MachineUnderTest
from soclet.testing.report import report


@dataclass(frozen=True, slots=True)
class Result:
    """How a test went.

    `failure`: why it failed, in a line; None where it passed. `report`: what the machine showed
    then. `ticks`: machine time that it took. `seconds`: the host's. `capsule`: the file that keeps
    a run that failed, where that is wanted. `coverage`: what was executed of its firmware, as plain
    values, where that is looked for.
    """

    case: Case
    failure: str | None
    report: str
    output: str
    ticks: int
    seconds: float
    capsule: Path | None = None
    coverage: list[Any] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether all its steps went as they should."""
        return self.failure is None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted beside the results.

    `capsules`: the folder that keeps the runs of tests that fail. `covers`: what was executed.
    """

    capsules: Path | None = None
    covers: bool = False


def run_case(case: Case, wanted: Wanted) -> Result:
    """Run a test."""
    started = time.perf_counter()
    try:
        machine = MachineUnderTest(case.configuration, covers=wanted.covers)
    except UserError as error:
        return Result(case, str(error), "", "", 0, time.perf_counter() - started)
    failure, left = None, case.limit
    for number, step in enumerate(case.steps, 1):
        before = machine.time
        try:
            step.do(machine, left)
        except Failure as error:
            failure = f"step {number} ({step.key}): {error}"
        left -= max(0, machine.time - before)
        if failure is not None:
            break
    shown, capsule = "", None
    if failure is not None:
        shown = report(machine)
        if wanted.capsules is not None:
            name = f"{Path(case.file).stem}-{case.name}"
            capsule = keep(machine, failure, wanted.capsules, name)
            shown += f"\n{how_to_replay(capsule)}"
    output, ticks = machine.serial.output, case.limit - left
    machine.close()
    seconds = time.perf_counter() - started
    return Result(case, failure, shown, output, ticks, seconds, capsule, _coverage(machine))


def _coverage(machine: MachineUnderTest) -> list[Any]:
    """Give what was executed of a machine's firmware, as other processes can have it."""
    executed: Report = {}
    for image, coverage in machine.covered:
        merge(executed, coverage_of(image, coverage))
    return to_plain(executed)


def run_cases(cases: Sequence[Case], jobs: int, wanted: Wanted) -> Iterator[Result]:
    """Run tests on so many processes; give the results in the order of the tests."""
    run = partial(run_case, wanted=wanted)
    if jobs == 1 or len(cases) < 2:
        yield from map(run, cases)
        return
    # Not forked: what this process has open is not theirs.
    with ProcessPoolExecutor(min(jobs, len(cases)), get_context("spawn")) as pool:
        yield from pool.map(run, cases)
