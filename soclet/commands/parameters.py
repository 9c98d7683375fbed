"""Kinds of command-line parameters that several sub-commands share."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from isa_spec.memory_map import check_memory_size
from soclet import demos, quantities
from soclet.errors import ToldError, UserError, one_line, tell

_NO_NAME: Final = (errno.ENAMETOOLONG, errno.ELOOP)


class FileName(click.Path):
    """The name of a file, which need not be there, as a Path."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse what no file can be called."""
        text = os.fspath(value)
        if not text:
            self.fail("'' names no file.", param, ctx)
        if "\0" in text:
            self.fail(f"{text!r} can be no file's name.", param, ctx)
        try:
            Path(text).stat()
        except OSError as error:
            if error.errno in _NO_NAME:
                self.fail(f"{text}: {error.strerror}.", param, ctx)
        return super().convert(value, param, ctx)


class ImageName(FileName):
    """The name of an image: a file, a demo or `-`, as text."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Leave what is no file's name alone."""
        text = os.fspath(value)
        return text if demos.is_demo(text) else super().convert(text, param, ctx)


class NvramName(FileName):
    """The name of an NVRAM file, as a Path: nothing or a regular file."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Refuse what memory cannot be kept in."""
        path = super().convert(value, param, ctx)
        if path.exists() and not path.is_file():
            self.fail(f"{path}: is a folder, a device or a pipe: name a file.", param, ctx)
        return path


FILE: Final = FileName(path_type=Path)
IMAGE: Final = ImageName()
NVRAM: Final = NvramName(path_type=Path)


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
JOBS: Final = _option(quantities.jobs)


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
        for problem in errors.problems:
            tell(one_line(str(problem)))
        raise ToldError(str(errors)) from errors
