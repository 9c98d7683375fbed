"""What the toolchain's tests share."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from toolchain.assembler import assemble
from toolchain.problems import AssemblyErrors
from toolchain.program import Program, Section

Assemble = Callable[..., Program]
Tool = Callable[..., str]


@pytest.fixture
def asm() -> Assemble:
    """Assemble a text."""
    return lambda text, **options: assemble("test.s", text, **options)


@pytest.fixture
def code(asm: Assemble) -> Callable[..., bytes]:
    """Assemble a text and give the bytes of its code."""

    def give(text: str, **options) -> bytes:
        segments = asm(text, **options).segments
        return b"".join(part.data for part in segments if part.section is Section.TEXT)

    return give


@pytest.fixture
def data(asm: Assemble) -> Callable[..., bytes]:
    """Assemble a text and give all its bytes."""

    def give(text: str, **options) -> bytes:
        return b"".join(part.data for part in asm(text, **options).segments)

    return give


@pytest.fixture
def errors() -> Callable[..., list[str]]:
    """Assemble a text that is wrong and give what is said of it."""

    def give(text: str, name: str = "test.s") -> list[str]:
        with pytest.raises(AssemblyErrors) as caught:
            assemble(name, text)
        return str(caught.value).splitlines()

    return give


def run_tool(name: str, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
    """Run a program that must be there; give what it prints."""
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed: see scripts/packages.txt"
    done = subprocess.run(
        [path, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=env,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def readelf() -> Tool:
    return lambda *arguments: run_tool("readelf", *arguments)


@pytest.fixture
def gdb() -> Callable[..., str]:
    """Let gdb answer commands about a file, without a target."""

    def ask(path: Path, *commands: str) -> str:
        options = [part for command in commands for part in ("-ex", command)]
        return run_tool("gdb-multiarch", "-nx", "-batch", "-ex", "set width 0", *options, path)

    return ask
