"""`soclet new`: make a firmware project to start from."""

import re
from importlib.resources import files
from pathlib import Path

import click

from soclet.commands.parameters import FILE
from soclet.errors import UserError

_NAMES = {
    "firmware.s.in": "NAME.s",
    "test_firmware.py.in": "test_NAME.py",
    "README.md.in": "README.md",
}


@click.command()
@click.argument("directory", type=FILE, metavar="DIR")
def command(directory: Path) -> None:
    """Make a firmware project in DIR: a program that runs, and its test.

    DIR must not be there yet, or be empty.
    """
    name = directory.resolve().name
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise UserError(
            f"{name!r} cannot be a firmware's name: use letters, digits and _, a letter first"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise UserError(f"{directory}: not empty: name a new folder")
        for template, target in _NAMES.items():
            text = (files("soclet.template") / template).read_text(encoding="utf-8")
            path = directory / target.replace("NAME", name)
            path.write_text(text.replace("NAME", name), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}") from error
    click.echo(f"made {directory}; try: soclet run {directory / name}.s")
