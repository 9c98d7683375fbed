"""Kinds of command-line parameters that several sub-commands share."""

from collections.abc import Callable
from typing import Any, Final

import click

from isa_spec.memory_map import check_memory_size
from soclet import quantities
from soclet.errors import ToldError, UserError, tell


def _memory(text: str) -> int:
    size = quantities.size(text)
    try:
        check_memory_size(size)
    except ValueError as error:
        raise UserError(str(error)) from error
    return size


def _option(read: Callable[[str], int]) -> Callable[[str | int], int]:
    """Make an option's type of a reader; defaults are numbers already."""

    def convert(value: str | int) -> int:
        try:
            return value if isinstance(value, int) else read(value)
        except UserError as error:
            raise click.BadParameter(f"{error}.") from error

    return convert


MEMORY: Final = _option(_memory)
SIZE: Final = _option(quantities.size)
TICKS: Final = _option(quantities.ticks)
ADDRESS: Final = _option(quantities.address)


def reporting(
    read: Callable[[], Any],
) -> Any:
    """Call `read`, turning what the toolchain says of a bad image or source into UserError."""
    from toolchain.images import ImageError
    from toolchain.problems import AssemblyErrors

    try:
        return read()
    except ImageError as error:
        raise UserError(str(error)) from error
    except AssemblyErrors as errors:
        # Each line begins with the place, as editors want it.
        tell(str(errors))
        raise ToldError(str(errors)) from errors
