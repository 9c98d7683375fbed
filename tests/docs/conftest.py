"""A folder to try a document's commands in, and machines and gdbs that are gone afterwards."""

import os
import shutil
import subprocess
import sys

import pytest
from documents import DEADLINE, ROOT, Gdb, Machine


@pytest.fixture
def folder(tmp_path):
    """An empty folder but for what commands name as from the top of a checkout."""
    (tmp_path / "firmware").symlink_to(ROOT / "firmware")
    (tmp_path / "docs").mkdir()
    shutil.copytree(ROOT / "docs" / "grading", tmp_path / "docs" / "grading")
    return tmp_path


@pytest.fixture
def shell(folder, tmp_path_factory):
    """Run a command line there; give the lines that it prints, on standard error too."""
    commands = tmp_path_factory.mktemp("bin")
    for name in ("soclet", "pytest"):
        command = commands / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m {name} "$@"\n')
        command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"}
    for name in ("CI", "BUILD_NUMBER"):  # pytest would show more than it shows a person
        environment.pop(name, None)

    def run(command):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=DEADLINE,
            check=False,
        )
        return done.stdout.decode().splitlines()

    return run


@pytest.fixture
def started(folder):
    """Start machines and gdbs that are gone when the test is."""
    running = []

    def start(kind, *words):
        one = kind(*words, cwd=folder)
        running.append(one)
        return one

    yield start
    for one in reversed(running):
        one.close()


@pytest.fixture
def new_machine(started):
    return lambda words: started(Machine, *words)


@pytest.fixture
def new_gdb(started):
    return lambda words: started(Gdb, *words)
