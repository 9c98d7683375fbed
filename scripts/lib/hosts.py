"""Runs the tests on several Pythons: those that this host has, from 3.11 on.

Each has a virtual environment of its own under .cache/hosts, which is kept; set-up of what is no
Python's has been done. Says at the end which Pythons ran and how it went.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
OLDEST: Final = 11
NEWEST: Final = 29
"""Of the second numbers that are looked for."""
TOLD: Final = re.compile(r"^=* ?(\d+ (?:passed|failed|error).*?)(?: in [\d.]+s.*)?=*$")


@dataclass(frozen=True, slots=True)
class Host:
    """A Python, by its whole version, and how to call it."""

    version: str
    python: Path

    @property
    def environment(self) -> Path:
        """Where its virtual environment is."""
        return ROOT / ".cache/hosts" / self.version


def found() -> Iterator[Host]:
    """Find a Python of each second number: the last of pyenv's, else what is on PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(OLDEST, NEWEST + 1):
        candidates = sorted(pyenv.glob(f"3.{minor}.*/bin/python"), key=_patch, reverse=True)
        if on_path := shutil.which(f"python3.{minor}"):
            candidates.append(Path(on_path))
        host = next((host for host in map(asked, candidates) if host is not None), None)
        if host is not None:
            yield host


def _patch(python: Path) -> int:
    """Give the third number of one of pyenv's."""
    number = python.parts[-3].rpartition(".")[2]
    return int(number) if number.isdecimal() else -1


def asked(python: Path) -> Host | None:
    """Ask a Python which one it is; None where it does not run, or is too old."""
    old = f"sys.version_info < (3, {OLDEST})"
    say = f"import platform, sys; print(platform.python_version()); sys.exit({old})"
    done = subprocess.run([python, "-I", "-c", say], capture_output=True, text=True, check=False)
    return Host(done.stdout.strip(), python) if done.returncode == 0 else None


def prepare(host: Host) -> Path:
    """Make its environment, with the project in it; give that environment's Python."""
    python = host.environment / "bin/python"
    quiet = ("-q", "--no-input", "--disable-pip-version-check")
    if not python.exists():
        subprocess.run([host.python, "-m", "venv", host.environment], check=True)
    subprocess.run([python, "-m", "pip", "install", *quiet, "-e", ".[dev]"], cwd=ROOT, check=True)
    return python


def run(host: Host, arguments: list[str]) -> tuple[int, str]:
    """Run the tests; give pytest's status and its last line."""
    path = f"{host.environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    try:
        python = prepare(host)
    except subprocess.CalledProcessError:
        return 1, "its environment could not be made"
    command = [str(python), "-m", "pytest", "-n", str(os.cpu_count() or 1), *arguments]
    pytest = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, stdout=subprocess.PIPE, text=True
    )
    assert pytest.stdout is not None
    last = "it ran no test"
    for line in pytest.stdout:
        print(line, end="", flush=True)
        if said := TOLD.match(line.strip()):
            last = said[1].strip()
    return pytest.wait(), last


def main() -> None:
    """Run the tests on every Python."""
    parser = argparse.ArgumentParser(prog="scripts/hosts", description=main.__doc__)
    parser.add_argument(
        "--python", action="append", type=Path, metavar="PATH", help="only this one (repeatable)"
    )
    options, arguments = parser.parse_known_args()
    hosts = [host for path in options.python or () if (host := asked(path)) is not None]
    if len(hosts) < len(options.python or ()):
        sys.exit("scripts/hosts: --python: give the path of a Python 3.11 or later")
    results = [(host, *run(host, arguments)) for host in hosts or found()]
    for host, status, last in results:
        print(f"Python {host.version}: {'passed' if status == 0 else 'FAILED'}: {last}")
    sys.exit(any(status for _, status, _ in results))


if __name__ == "__main__":
    main()
