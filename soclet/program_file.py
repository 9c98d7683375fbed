"""The file that a debugger is shown of the program being run, and no other.

An ELF image is shown as it is; an assembly source as the ELF file that it would be assembled to,
made when it is first asked for. Other images have no names and lines to show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gdbstub.target import TargetError
from soclet.runner import Runner
from soclet.source_map import SourceMap
from soclet.thread_target import ThreadTarget
from toolchain.images import ASSEMBLY, ELF, Image
from toolchain.input_files import read_bytes

if TYPE_CHECKING:
    from soclet.capsule import KeptImage


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A program by the name it is shown under, which is absolute, and what gives its ELF file.

    `contents` raises TargetError where the file cannot be had any more.
    """

    name: str
    contents: Callable[[], bytes]


def _read(source: Path) -> bytes:
    try:
        return read_bytes(source)
    except OSError as error:
        raise _gone(source, error) from error


def _assemble(source: Path) -> bytes:
    from toolchain.assembler import assemble
    from toolchain.problems import AssemblyErrors

    try:
        return assemble(source).elf()
    except OSError as error:
        raise _gone(source, error) from error
    except AssemblyErrors as errors:
        first, *_ = str(errors).splitlines()
        raise TargetError(f"the source does not assemble any more: {first}") from errors


def _gone(source: Path, error: OSError) -> TargetError:
    return TargetError(f"{source} cannot be read any more: {error.strerror}")


def program_file(image: Image | None) -> ProgramFile | None:
    """Give what a debugger is shown of an image; None where it has nothing to show."""
    if image is None:
        return None
    source = Path(image.name).resolve()
    if image.format == ELF.name:
        return ProgramFile(str(source), partial(_read, source))
    if image.format == ASSEMBLY.name:
        return ProgramFile(str(source.with_suffix(".elf")), partial(_assemble, source))
    return None


def kept_program(kept: "KeptImage | None") -> ProgramFile | None:
    """Give what a debugger is shown of a program that is kept in a file."""
    if kept is None or not kept.is_program:
        return None
    return ProgramFile(str(Path(kept.name).resolve()), lambda: kept.data)


class ProgramTarget(ThreadTarget):
    """A target whose program has a file to show."""

    def __init__(self, runner: Runner, program: ProgramFile) -> None:
        super().__init__(runner)
        self._program = program
        self._contents: bytes | None = None

    @property
    def exec_file(self) -> str:
        """The file's name."""
        return self._program.name

    def file(self, name: str) -> bytes | None:
        """The file's contents; None for any other name."""
        if name != self._program.name:
            return None
        if self._contents is None:
            self._contents = self._program.contents()
        return self._contents


def target_with(program: ProgramFile | None, runner: Runner, places: SourceMap) -> ThreadTarget:
    """Make the target that shows a program, if there is one."""
    target = ThreadTarget(runner) if program is None else ProgramTarget(runner, program)
    target.places = places
    return target
