"""`soclet test`: run tests of firmware that are written as TOML."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from soclet.commands.parameters import FILE, JOBS, FileName
from soclet.files import check_apart, check_folder, check_writable, write_whole

if TYPE_CHECKING:
    from soclet.suite.running import Result

FOLDER = FileName(path_type=Path, file_okay=False)
SOME_FAILED = 1


@click.command()
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE.toml...")
@click.option("-j", "--jobs", type=JOBS, metavar="N", default=1, help="Run N tests at a time (1).")
@click.option("--junit", type=FILE, metavar="FILE", help="Write the results as JUnit's XML.")
@click.option("--tap", type=FILE, metavar="FILE", help="Write the results as TAP.")
@click.option(
    "--capsules",
    type=FOLDER,
    metavar="DIR",
    help="Keep the runs of tests that fail in DIR, for `soclet replay`.",
)
@click.option(
    "--coverage", type=FILE, metavar="FILE", help="Write what was executed as an LCOV tracefile."
)
def command(
    files: tuple[Path, ...],
    jobs: int,
    junit: Path | None,
    tap: Path | None,
    capsules: Path | None,
    coverage: Path | None,
) -> int:
    """Run the tests in files, each on a machine of its own.

    The status is 0 where all passed, 1 where some failed, 2 where a file is wrong.
    """
    from soclet.errors import UserError
    from soclet.suite import formats
    from soclet.suite.cases import read_cases
    from soclet.suite.running import Wanted, run_cases

    written = {"--junit": junit, "--tap": tap, "--coverage": coverage}
    try:
        check_apart(written, {f"FILE {file}": file for file in files})
        cases = [case for file in files for case in read_cases(file)]
        for target in written.values():
            if target is not None:
                check_writable(target)
        if capsules is not None:
            check_folder(capsules)
    except UserError as error:
        raise click.UsageError(f"{error}.") from error
    results = list(
        _shown(run_cases(cases, jobs, Wanted(capsules, coverage is not None)), len(cases))
    )
    if junit is not None:
        write_whole(junit, formats.junit(results))
    if tap is not None:
        write_whole(tap, formats.tap(results).encode(errors="replace"))
    if coverage is not None:
        _cover(results, coverage)
    failed = sum(not result.passed for result in results)
    click.echo(f"{len(results) - failed} passed, {failed} failed")
    return SOME_FAILED if failed else 0


def _cover(results: "list[Result]", path: Path) -> None:
    """Write and show what was executed of all tests' firmware."""
    from soclet.coverage import formats
    from soclet.coverage.lines import Report, from_plain, merge

    executed: Report = {}
    for result in results:
        merge(executed, from_plain(result.coverage))
    write_whole(path, formats.lcov(executed).encode())
    for line in formats.table(executed, Path.cwd()):
        click.echo(line)


def _shown(results: "Iterator[Result]", count: int) -> "Iterator[Result]":
    """Show results as they come: a bar on a terminal, else a line each, and every failure."""
    if not sys.stderr.isatty():
        for result in results:
            click.echo(f"{'passed' if result.passed else 'FAILED'}  {_name(result)}")
            _tell_failure(result)
            yield result
        return
    with click.progressbar(length=count, label="tests", file=sys.stderr) as bar:
        for result in results:
            if not result.passed:
                click.echo(f"\r\x1b[KFAILED  {_name(result)}", err=True)
                _tell_failure(result, err=True)
            bar.update(1)
            yield result


def _name(result: "Result") -> str:
    file = os.path.relpath(result.case.file)
    return f"{file}: {result.case.name} ({result.ticks:,} ticks)"


def _tell_failure(result: "Result", *, err: bool = False) -> None:
    if result.failure is not None:
        for line in (result.failure, *result.report.splitlines()):
            click.echo(f"    {line}", err=err)
