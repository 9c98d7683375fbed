"""Programs that tests need beside Python: a missing one fails its test."""

import shutil


def tool(name):
    """The path of a program that must be there."""
    path = shutil.which(name)
    assert path is not None, f"{name} is not installed: see scripts/packages.txt"
    return path
