"""scripts/test, scripts/check and .ci/run: what they call, what they say, how they end."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def choose_python(path, *, root=ROOT, **environment):
    """What prepare.sh chooses where only these folders are on PATH."""
    return subprocess.run(
        ["bash", "-c", '. "$0" && PATH=$1 && choose_python', root / "scripts/lib/prepare.sh", path],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def pythons(tmp_path):
    """Makes a folder with commands of these names: good ones, and ones that are too old."""

    def make(good=(), old=()):
        folder = tmp_path / "bin"
        folder.mkdir()
        for name in good:
            (folder / name).symlink_to(sys.executable)
        for name in old:
            (folder / name).write_text("#!/bin/sh\nexit 1\n")
            (folder / name).chmod(0o755)
        return str(folder)

    return make


@pytest.mark.parametrize(
    "script",
    [
        *(f"scripts/{name}" for name in ("run", "test", "check", "bench", "hosts", "nightly")),
        ".ci/run",
    ],
)
def test_what_a_person_types_is_executable(script):
    assert os.access(ROOT / script, os.X_OK)


def test_python3_is_taken_where_it_is_new_enough(pythons):
    assert choose_python(pythons(good=["python3", "python3.13"])).stdout == "python3\n"


def test_else_the_newest_python_of_a_number_is_taken(pythons):
    found = choose_python(pythons(good=["python3.11", "python3.12"], old=["python3", "python3.14"]))
    assert found.stdout == "python3.12\n"


def test_without_any_python_the_error_is_one_line(pythons, checkout):
    (checkout.root / ".venv/bin/python").unlink()
    found = choose_python(pythons(old=["python3"]), root=checkout.root)
    assert found.returncode != 0
    assert found.stdout == ""
    assert found.stderr.startswith("soclet: no Python 3.11 or later found")
    assert found.stderr.count("\n") == 1


def test_the_variable_python_goes_before_what_is_on_the_path(pythons):
    assert choose_python(pythons(good=["python3"]), PYTHON=sys.executable).stdout == (
        f"{sys.executable}\n"
    )


def test_a_variable_python_that_is_no_good_is_an_error_of_one_line(pythons):
    found = choose_python(pythons(good=["python3"]), PYTHON="/nowhere/python")
    assert found.returncode != 0
    assert found.stderr.startswith("soclet: PYTHON is '/nowhere/python'")
    assert found.stderr.count("\n") == 1


def test_scripts_test_runs_pytest_on_two_workers_at_least_and_passes_its_status(checkout):
    checkout.command("pytest", 'echo "$PWD" "$@"; exit 5')
    done = checkout.run("scripts/test", "-k", "a timer")
    words = done.stdout.removeprefix(f"{checkout.root} ").split(maxsplit=4)
    assert done.returncode == 5
    assert words[0] == "-n"
    assert int(words[1]) >= 2
    assert words[4] == "-k a timer\n"


def test_scripts_work_through_a_link_and_without_home_and_standard_input(checkout, tmp_path):
    checkout.command("pytest", "readlink /proc/self/fd/0")
    link = tmp_path / "link to the tests"
    link.symlink_to(checkout.root / "scripts/test")
    environment = checkout.environment()
    environment.pop("HOME", None)
    done = subprocess.run(
        ["bash", "-c", '"$0" <&-', link],
        cwd="/",
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "/dev/null\n"


def test_the_tests_have_a_home_also_where_the_caller_has_none(checkout):
    checkout.command("pytest", 'echo "$HOME"')
    environment = checkout.environment()
    environment.pop("HOME", None)
    home = pwd.getpwuid(os.getuid()).pw_dir
    assert checkout.run("scripts/test", env=environment).stdout == f"{home}\n"


def test_other_peoples_python_paths_do_not_reach_the_tests(checkout):
    checkout.command("pytest", 'echo "${PYTHONPATH-unset}"')
    done = checkout.run("scripts/test", env=checkout.environment(PYTHONPATH="/elsewhere"))
    assert done.stdout == "unset\n"


def test_scripts_check_runs_everything_and_names_what_failed(checkout):
    checkout.command("ruff", '[ "$1" = format ]')
    checkout.command("mypy", "exit 2")
    checkout.command("pytest", "true")
    done = checkout.run("scripts/check")
    assert done.returncode == 1
    ran = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("== ")]
    assert ran == ["ruff", "ruff", "mypy", "mypy", "pytest"]
    failed = [line.split()[2:4] for line in done.stderr.splitlines()]
    assert failed == [["ruff", "check"], ["mypy"], ["mypy", "scripts/lib"]]


def test_scripts_check_succeeds_where_all_is_well(checkout):
    for command in ("ruff", "mypy", "pytest"):
        checkout.command(command, "true")
    done = checkout.run("scripts/check")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.endswith("scripts/check: all is well\n")


@pytest.mark.parametrize(
    ("ruff", "pytest_", "status"), [(0, 0, 0), (1, 0, 1), (0, 3, 3), (1, 3, 3)]
)
def test_ci_runs_the_check_and_then_the_tests_and_fails_with_either(
    checkout, ruff, pytest_, status
):
    checkout.command("ruff", f"exit {ruff}")
    checkout.command("mypy", "true")
    checkout.command("pytest", f'[ "$1" = -q ] || {{ echo "1 passed"; exit {pytest_}; }}')
    done = checkout.run(".ci/run")
    assert done.returncode == status
    assert done.stdout.splitlines()[-1] == "1 passed"


@pytest.fixture
def steps(checkout):
    """Makes the scripts that the nightly run calls say what they are asked, and end so."""

    def make(**statuses):
        for name in ("fuzz-engines", "kill-nvram", "test", "hosts"):
            status = statuses.get(name.replace("-", "_"), 0)
            (checkout.root / "scripts" / name).write_text(f"echo {name} $*; exit {status}\n")
        return checkout.run("scripts/nightly", "5000")

    return make


def test_the_nightly_run_takes_programs_that_nobody_has_seen(steps):
    done = steps()
    assert "fuzz-engines --first 5000 --count 20000\n" in done.stdout
    assert "test tests/e2e/test_soak.py --soak 600\n" in done.stdout
    assert done.returncode == 0


def test_the_nightly_run_goes_on_after_a_failure_and_names_it_at_the_end(steps):
    done = steps(fuzz_engines=1)
    assert "\nhosts tests/" in done.stdout
    assert done.stdout.endswith(
        "scripts/nightly: failed: scripts/fuzz-engines --first 5000 --count 20000\n"
        "scripts/nightly: failed: scripts/fuzz-engines --images --first 5000 --count 5000\n"
    )
    assert done.returncode == 1
