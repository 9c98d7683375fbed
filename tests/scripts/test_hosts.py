"""scripts/hosts: which Pythons it finds, what it runs on each, and what it says of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FAKE = """#!/bin/sh
case "$*" in
    -I*) echo {version}; exit {old} ;;
    "-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pytest"*) echo "$@"; echo "== {told} in 1.2s (0:00:01) =="; exit {status} ;;
esac
"""


@pytest.fixture
def here(tmp_path):
    """A checkout with nothing in it but the script, and no Pythons yet."""
    script = tmp_path / "scripts/lib/hosts.py"
    script.parent.mkdir(parents=True)
    commands = tmp_path / "commands"
    commands.mkdir()
    for command in ("sh", "mkdir", "cp"):
        (commands / command).symlink_to(shutil.which(command))
    shutil.copy(ROOT / "scripts/lib/hosts.py", script)
    return tmp_path


def add(here, version, *, old=0, told="3 passed", status=0):
    """Have pyenv know a Python that only says what it is asked to do."""
    python = here / "versions" / version / "bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE.format(version=version, old=old, told=told, status=status))
    python.chmod(0o755)
    return python


def run(here, *words):
    return subprocess.run(
        [sys.executable, here / "scripts/lib/hosts.py", *words],
        env={"PATH": str(here / "commands"), "PYENV_ROOT": str(here)},
        capture_output=True,
        text=True,
        check=False,
    )


def told(done):
    return [line for line in done.stdout.splitlines() if line.startswith("Python 3.1")]


def test_the_last_python_of_each_number_runs_the_tests_and_is_named(here):
    add(here, "3.12.9")
    add(here, "3.12.10")
    add(here, "3.13.0")
    done = run(here, "-k", "timer")
    assert told(done) == ["Python 3.12.10: passed: 3 passed", "Python 3.13.0: passed: 3 passed"]
    assert done.stdout.count(f"-m pytest -n {os.cpu_count()} -k timer\n") == 2
    assert done.returncode == 0


def test_one_that_fails_is_told_and_the_others_run_all_the_same(here):
    add(here, "3.12.1", told="1 failed, 2 passed", status=1)
    add(here, "3.13.0")
    done = run(here, *chosen(here, "3.12.1", "3.13.0"))
    assert told(done) == [
        "Python 3.12.1: FAILED: 1 failed, 2 passed",
        "Python 3.13.0: passed: 3 passed",
    ]
    assert done.returncode == 1


def test_a_python_that_ran_no_test_has_not_passed(here):
    add(here, "3.13.0", told="no tests ran", status=5)
    done = run(here, *chosen(here, "3.13.0"))
    assert told(done) == ["Python 3.13.0: FAILED: it ran no test"]
    assert done.returncode == 1


def test_one_whose_environment_cannot_be_made_is_told(here):
    python = add(here, "3.13.0")
    python.write_text(python.read_text().replace("mkdir -p", "false"))
    assert told(run(here)) == ["Python 3.13.0: FAILED: its environment could not be made"]


def test_one_that_is_too_old_is_refused_in_a_line(here):
    add(here, "3.10.2", old=1)
    done = run(here, *chosen(here, "3.10.2"))
    assert done.returncode == 1
    assert done.stderr == "scripts/hosts: --python: give the path of a Python 3.11 or later\n"


def chosen(here, *versions):
    return [f"--python={here / 'versions' / version / 'bin/python'}" for version in versions]
