"""The pytest plugin, on tests of its own: fixtures, the marker, what a failure shows."""

import pytest
from running import soclet_here
from tested_guests import ECHO

HELLO = """
start:  mov r1, 0x14
        mov r0, 72
        mov [r1], r0
        mov r0, 105
        mov [r1], r0
        mov r1, 0x20
        mov r0, 0
        mov [r1], r0
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with firmware, for tests beside it."""
    (pytester.path / "hello.s").write_text(HELLO)
    (pytester.path / "echo.s").write_text(ECHO)
    return pytester


def run(project: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    project.makepyfile(test)
    return project.runpytest_inprocess("-p", "no:cacheprovider", *options)


def test_a_test_gets_the_machine_that_its_marker_describes(project):
    result = run(
        project,
        """
        import pytest

        @pytest.mark.soclet("hello.s", memory="64k")
        def test_hello(machine):
            machine.serial.expect_exact("Hi")
            assert machine.run_to_power_off() == 0
            assert machine.machine.memory.size == 0x10000
        """,
    )
    result.assert_outcomes(passed=1)


def test_the_marker_of_a_module_holds_where_a_test_says_nothing_else(project):
    result = run(
        project,
        """
        import pytest

        pytestmark = pytest.mark.soclet(image="echo.s", byte_ticks=1)

        def test_of_the_module(machine):
            machine.serial.send("x")
            machine.serial.expect("x")
            assert machine.configuration.byte_ticks == 1

        @pytest.mark.soclet(image="hello.s")
        def test_its_own(machine):
            machine.serial.expect("Hi")
            assert machine.configuration.byte_ticks == 1
        """,
    )
    result.assert_outcomes(passed=2)


def test_a_test_makes_as_many_machines_as_it_needs_and_joins_them(project):
    result = run(
        project,
        """
        from soclet.testing import Joined

        def test_two(make_machine):
            hello, echo = make_machine("hello.s"), make_machine("echo.s", byte_ticks=5)
            Joined(hello, echo, quantum=10)
            hello.run_to_power_off()
            echo.serial.expect_exact("Hi")

        def test_of_source(make_machine):
            machine = make_machine(source="start: mov r0, 5\\n jmp .")
            machine.run(1)
            assert machine.registers["r0"] == 5

        def test_a_demo(make_machine):
            make_machine("demo:hello").serial.expect("Hello")
        """,
    )
    result.assert_outcomes(passed=3)


def test_a_failure_shows_where_the_machine_is_and_what_it_has_said(project):
    result = run(
        project,
        """
        import pytest

        @pytest.mark.soclet("echo.s")
        def test_echo(machine):
            machine.serial.send("abc")
            machine.serial.expect("xyz", ticks=500)
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "E * soclet.testing.failure.Failure: 'xyz' did not come within 500 ticks: *",
            "*- soclet machine 1 -*",
            "*echo.s: the machine is at pc 0x* <poll*>, echo.s:*, at tick 500",
            "serial output:",
            "  abc",
            "registers:",
            "* r0 0x00000002 *",
            "source, echo.s:",
            "  > *",
            "backtrace:",
            "  #0 0x* <poll*>, echo.s:*",
            "last traps and interrupts:",
            "  none",
        ]
    )
    result.stdout.no_fnmatch_line("*console.py*")


def test_the_run_of_a_failing_test_is_kept_to_be_had_again(project, capfd):
    result = run(
        project,
        """
        import pytest

        @pytest.mark.soclet("echo.s", seed=5)
        def test_echo(machine):
            machine.serial.send("abc")
            machine.serial.expect_exact("a")
            saved = machine.snapshot()
            machine.run(700)
            machine.restore(saved)
            machine.serial.send("d", at=machine.time + 50)
            machine.serial.expect("xyz", ticks=500)
        """,
        "--soclet-capsules=kept",
        "--junitxml=results.xml",
    )
    (path,) = (project.path / "kept").iterdir()
    result.stdout.fnmatch_lines([f"to have this run again in gdb: soclet replay {path} --gdb *"])
    assert f'<property name="capsule" value="{path}"' in (project.path / "results.xml").read_text()
    replayed = soclet_here(capfd, "replay", path)
    assert replayed.status == 0, replayed.errors
    assert replayed.output == b"bcd"
    assert "'xyz' did not come within 500 ticks" in replayed.errors


def test_a_capsule_is_in_the_cache_of_pytest_where_nothing_else_is_said(project):
    project.makepyfile(
        """
        def test_it(make_machine):
            make_machine("echo.s")
            raise AssertionError("no")
        """
    )
    project.runpytest_inprocess().assert_outcomes(failed=1)
    assert len(list((project.path / ".pytest_cache" / "d" / "soclet").iterdir())) == 1


def test_a_plain_assertion_that_fails_shows_the_machine_too(project):
    result = run(
        project,
        """
        import pytest

        @pytest.mark.soclet("hello.s")
        def test_hello(machine):
            machine.run_to_power_off()
            assert machine.serial.output == "Ho"
        """,
    )
    result.stdout.fnmatch_lines(["*hello.s: power-off: the firmware switched the machine off*"])


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ('image="nothing.s"', "*nothing.s: cannot be read: No such file*"),
        ('imgae="hello.s"', "*a machine has no 'imgae'; it has image, source*"),
        ('source="mvo r0, r1"', "*source.s:1:1: *mvo*"),
        ('image="hello.s", engine="warp"', "*no engine 'warp'; there are auto*"),
    ],
)
def test_a_machine_that_cannot_be_made_says_why_and_no_more(project, marker: str, says: str):
    result = run(
        project,
        f"""
        import pytest

        @pytest.mark.soclet({marker})
        def test_it(machine):
            pass
        """,
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([says])
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_the_engine_can_be_chosen_for_all_tests(project):
    result = run(
        project,
        """
        import pytest

        @pytest.mark.soclet("hello.s")
        def test_hello(machine):
            assert machine.machine.engine.name == "reference"
        """,
        "--soclet-engine=reference",
    )
    result.assert_outcomes(passed=1)


def test_firmware_is_assembled_anew_when_a_file_of_it_has_changed(project):
    (project.path / "part.s").write_text("mov r0, 1\n")
    (project.path / "whole.s").write_text('start: .include "part.s"\n jmp .\n')
    result = run(
        project,
        """
        import pathlib

        def test_twice(make_machine):
            assert make_machine("whole.s").image is make_machine("whole.s").image
            pathlib.Path("part.s").write_text("mov r0, 2\\n")
            machine = make_machine("whole.s")
            machine.run(1)
            assert machine.registers["r0"] == 2
        """,
    )
    result.assert_outcomes(passed=1)


def test_the_marker_is_known_and_explained(project):
    result = run(project, "", "--markers", "--strict-markers")
    result.stdout.fnmatch_lines(["@pytest.mark.soclet(image=None, source=None, memory=None*"])


def test_nothing_of_the_machine_is_loaded_before_a_test_asks_for_one(project):
    project.makepyfile(
        """
        import sys

        def test_it():
            assert not [name for name in sys.modules if name.startswith(("machine", "isa_spec"))]
        """
    )
    project.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_tests_split_over_workers_have_machines_of_their_own(project):
    result = run(
        project,
        """
        import pytest

        @pytest.mark.soclet("echo.s")
        @pytest.mark.parametrize("number", range(12))
        def test_echo(machine, number):
            machine.serial.send(f"number {number};")
            machine.serial.expect("number ([0-9]+);")
            assert machine.serial.match.group(1) == str(number).encode()
        """,
        "-n2",
    )
    result.assert_outcomes(passed=12)
