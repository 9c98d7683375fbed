"""Coverage of firmware by lines, branches and functions, and what others make of it."""

import re
import shutil
import subprocess

import pytest

from soclet.coverage import formats
from soclet.coverage.lines import (
    FileCoverage,
    branch_count,
    from_plain,
    line_count,
    merge,
    missing,
    report,
    to_plain,
)
from soclet.testing import Configuration, MachineUnderTest
from toolchain.assembler import assemble
from toolchain.writers import write_image

PROGRAM = """\
        .func start
        mov r0, 3
        mov r1, 1
loop:   call used
        sub r0, r1
        condbr r0 > 0, loop
        condbr r0 == 7, never
        mov r4, 0x20
        mov [r4], r0
never:  mov r5, 1
        mov r5, 2
        .endfunc

        .func used
        condbr r0 == 99, out
        mov r2, 5
out:    ret
        .endfunc

        .func unused
        condbr r0 == 1, out2
out2:   ret
        .endfunc
"""
EXECUTED = {2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17}
NOT_EXECUTED = {10, 11, 21, 22}


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "program.s"
    path.write_text(PROGRAM)
    return path


def covered(image) -> dict[str, FileCoverage]:
    machine = MachineUnderTest(Configuration(image=image), covers=True)
    machine.run_to_power_off()
    ((program, coverage),) = machine.covered
    return report(program, coverage)


def test_lines_branches_and_functions_are_told(source):
    ((name, file),) = covered(source).items()
    assert name == str(source)
    assert {line for line, executed in file.lines.items() if executed} == EXECUTED
    assert {line for line, executed in file.lines.items() if not executed} == NOT_EXECUTED
    assert file.branches == {
        (6, 0, 0): True,
        (6, 0, 1): True,
        (7, 0, 0): False,
        (7, 0, 1): True,
        (15, 0, 0): False,
        (15, 0, 1): True,
        (21, 0, 0): None,
        (21, 0, 1): None,
    }
    assert file.functions == {"start": (2, True), "used": (15, True), "unused": (21, False)}


def test_an_elf_image_tells_the_same_as_its_source(source):
    elf = source.with_suffix(".elf")
    write_image(assemble(source), elf)
    assert covered(elf) == covered(source)


def test_counts_and_missing_lines_are_told(source):
    ((_, file),) = covered(source).items()
    assert str(line_count(file)) == "73.3 %"
    assert str(branch_count(file)) == "50.0 %"
    assert list(missing(file)) == ["10–11", "21–22"]


def test_reports_add_up_whatever_their_order(source):
    one, other = covered(source), covered(source)
    ((_, file),) = other.items()
    file.lines = {line: line == 10 for line in file.lines}
    file.branches = {branch: branch == (7, 0, 0) or None for branch in file.branches}
    there, back = {}, {}
    for into, parts in ((there, (one, other)), (back, (other, one))):
        for part in parts:
            merge(into, from_plain(to_plain(part)))
    assert there == back
    ((_, both),) = there.items()
    assert {line for line, executed in both.lines.items() if executed} == EXECUTED | {10}
    assert both.branches[7, 0, 0]
    assert both.branches[21, 0, 0] is None


def test_genhtml_accepts_the_tracefile_and_counts_the_same(source, tmp_path):
    assert shutil.which("genhtml"), "genhtml is in the package lcov"
    trace = tmp_path / "coverage.info"
    trace.write_text(formats.lcov(covered(source)))
    words = ["genhtml", trace, "-o", tmp_path / "html", "--branch-coverage"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"lines\.*: 73\.3% \(11 of 15 lines\)", done.stdout)
    assert re.search(r"functions\.*: 66\.7% \(2 of 3 functions\)", done.stdout)
    assert re.search(r"branches\.*: 50\.0% \(4 of 8 branches\)", done.stdout)
    assert (tmp_path / "html" / "index.html").exists()


def test_the_table_names_files_from_a_folder_and_what_is_missing(source, tmp_path):
    assert list(formats.table(covered(source), tmp_path)) == [
        "file         lines  branches  not executed",
        "program.s   73.3 %    50.0 %  10–11, 21–22",
        "all         73.3 %    50.0 %",
    ]


TEST = """
import pytest

@pytest.mark.soclet("program.s")
@pytest.mark.parametrize("first", [3, 7])
def test_it(machine, first):
    machine.run_until(symbol="loop")
    machine.registers["r0"] = first
    machine.run(300)
"""


@pytest.mark.parametrize("options", [[], ["-n2"]], ids=["alone", "on two workers"])
def test_pytest_adds_up_what_all_tests_have_executed(pytester, options):
    (pytester.path / "program.s").write_text(PROGRAM)
    pytester.makepyfile(TEST)
    result = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--soclet-coverage=out.info", *options
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*coverage of firmware*", "program.s   73.3 %    50.0 %  10–11, 21–22"]
    )
    trace = (pytester.path / "out.info").read_text()
    assert f"SF:{pytester.path / 'program.s'}" in trace
    assert "DA:9,1\nDA:10,0\n" in trace


def test_an_image_that_is_flashed_is_told_apart_from_the_one_before(source, tmp_path):
    other = tmp_path / "other.s"
    other.write_text("start: mov r0, 0x20\n mov [r0], r0\n")
    machine = MachineUnderTest(Configuration(image=source), covers=True)
    machine.run(3)
    machine.flash(other)
    machine.power_cycle()
    machine.run_to_power_off()
    first, second = (report(image, coverage) for image, coverage in machine.covered)
    assert sum(first[str(source)].lines.values()) == 3
    assert second[str(other)].lines == {1: True, 2: True}
