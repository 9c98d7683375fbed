"""The wheel: what it holds, and that it works in an environment of its own outside the checkout."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
PACKAGES = {"isa_spec", "machine", "gdbstub", "toolchain", "soclet"}
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]


def run(*command: str | Path, cwd: Path) -> bytes:
    """Run a command that must succeed; give what it printed."""
    done = subprocess.run(
        command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(*PIP, "wheel", "--no-deps", "--wheel-dir", folder, PROJECT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_exactly_our_packages_typed_and_the_demos(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    sources = {path.relative_to(PROJECT / "firmware") for path in PROJECT.glob("firmware/*/*.s")}
    assert {f"soclet/demos/{source}" for source in sources} <= names
    assert {f"{package}/__init__.py" for package in PACKAGES} <= names
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_it_works_in_a_fresh_environment_outside_the_checkout(wheel, tmp_path):
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin/python"
    run(*PIP, "--python", python, "install", wheel, cwd=tmp_path)
    soclet = environment / "bin/soclet"
    assert run(soclet, "run", "demo:hello", cwd=tmp_path) == b"Hello from soclet!\n"
    run(soclet, "new", "project", cwd=tmp_path)
    run(soclet, "asm", "project/project.s", "-o", "project.elf", cwd=tmp_path)
    run(soclet, "flash", "project.elf", "--nvram", "memory", cwd=tmp_path)
    assert run(soclet, "run", "-", "--nvram", "memory", cwd=tmp_path) == b"Hello from project!\n"
    assert run(soclet, "isa", cwd=tmp_path).startswith(b"The soclet ISA")
