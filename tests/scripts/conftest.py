"""A checkout of its own for the scripts, where set-up finds everything done."""

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# The benchmarks' modules find each other as a script's do; last, so that they hide nobody's.
sys.path.append(str(ROOT / "scripts/lib/bench"))


@pytest.fixture(scope="session")
def prepare():
    """scripts/lib/prepare.py as a module; it is no package's."""
    spec = importlib.util.spec_from_file_location(
        "scripts_lib_prepare", ROOT / "scripts/lib/prepare.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@dataclass
class Checkout:
    """A copy of the scripts with a complete environment, in which commands can be replaced."""

    root: Path

    def command(self, name, body):
        """Put a shell command into the environment, before all others of its name."""
        path = self.root / ".venv/bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def environment(self, **changes):
        return {name: value for name, value in os.environ.items() if name != "PYTHON"} | changes

    def start(self, script, *arguments, **options):
        """Start a script from another folder, with both outputs piped."""
        options = {"cwd": "/", "env": self.environment(), "stdin": subprocess.DEVNULL} | options
        return subprocess.Popen(
            [self.root / script, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, script, *arguments, **options):
        """Run a script to its end."""
        process = self.start(script, *arguments, **options)
        out, err = process.communicate()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.fixture
def checkout(tmp_path, prepare):
    root = tmp_path / "a check out"
    shutil.copytree(
        ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(ROOT / ".ci", root / ".ci")
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "scripts/packages.txt").write_text("dash | sh -c true | these tests\n")

    home = root / ".venv"
    venv.create(home, with_pip=False, symlinks=True)
    prepare.write_stamp(
        home,
        prepare.Stamp(
            checkout=str(root),
            python=prepare.identity(home / "bin/python"),
            project=prepare.project_hash(root),
        ),
    )
    return Checkout(root)
