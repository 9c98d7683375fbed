"""Coverage of the firmware of a whole pytest run, gathered from all its tests and workers."""

from pathlib import Path
from typing import Any, Final

import pytest

from soclet.coverage import formats
from soclet.coverage.lines import Report, from_plain, merge, report, to_plain
from soclet.files import write_whole
from soclet.testing.machine_under_test import MachineUnderTest

_OUTPUT: Final = "soclet_coverage"


class CoverageOfTests:
    """Adds up what the machines of tests have executed; registered where that is asked for."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path.absolute()
        self._report: Final[Report] = {}

    def add(self, machine: MachineUnderTest) -> None:
        """Add what a machine has executed."""
        for image, coverage in machine.covered:
            merge(self._report, report(image, coverage))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Add what a worker of pytest-xdist has gathered."""
        merge(self._report, from_plain(getattr(node, "workeroutput", {}).get(_OUTPUT, [])))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the file; a worker gives what it has to who started it."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = to_plain(self._report)
        else:
            write_whole(self._path, formats.lcov(self._report).encode())

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the table."""
        terminalreporter.section("coverage of firmware")
        folder = terminalreporter.config.invocation_params.dir
        for line in formats.table(self._report, Path(folder)):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"written to {self._path}")
