"""Keeps the run of a machine under test in a file, to be had again under a debugger."""

import re
from pathlib import Path
from typing import Final

from soclet.capsule import Capsule, KeptImage, capsule_of
from soclet.testing.machine_under_test import MachineUnderTest

FAILED: Final = "failed"
_LONGEST: Final = 120
"""Characters of a file's name that come from the test's."""


def capsule(machine: MachineUnderTest, why: str) -> Capsule:
    """Make a capsule of what a machine has done up to now, with why its test failed."""
    return capsule_of(
        machine.machine,
        machine.base,
        _kept(machine),
        ended=FAILED,
        reason=why,
        seed=machine.configuration.seed,
    )


def keep(machine: MachineUnderTest, why: str, folder: Path, name: str) -> Path:
    """Write a capsule into a folder, which is made, by a test's name; give the file.

    Raises UserError where it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stem = re.sub(r"[^\w.\[\]-]+", "-", name).strip("-")[-_LONGEST:]
    path = folder / f"{stem}.capsule"
    capsule(machine, why).save(path)
    return path


def how_to_replay(path: Path) -> str:
    """Give the command that has a run again, in gdb."""
    return f"to have this run again in gdb: soclet replay {path} --gdb 1234"


def _kept(machine: MachineUnderTest) -> KeptImage | None:
    if machine.image is None:
        return None
    source = machine.configuration.source
    return KeptImage.of(machine.image, source)
