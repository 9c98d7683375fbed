"""What a run begins with: an image, a saved machine, or what is in NVRAM.

Knows files, and which of what was asked for contradicts which; must not know how a machine runs.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isa_spec.memory_map import DEFAULT_MEMORY
from machine.machine import EngineMaker, Machine
from machine.nvram import Nvram
from soclet import demos
from soclet.errors import UserError, tell
from soclet.files import memory_size_of

if TYPE_CHECKING:
    from soclet.capsule import KeptImage
    from soclet.capsule.saved import SavedMachine
    from soclet.program_file import ProgramFile
    from toolchain.images import Image

NO_IMAGE: Final = "-"
"""No image: what is in NVRAM."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """What was asked for: `soclet run`'s options of these names; None where nothing was said."""

    image: str | None
    restore: Path | None
    nvram: Path | None
    nvram_sync: bool
    memory: int | None
    byte_ticks: int | None
    load_address: int


@dataclass(frozen=True, slots=True)
class Start:
    """What was found. `image` has the names and lines; it is put into memory unless `saved` is."""

    wanted: Beginning
    image: "Image | None" = None
    saved: "SavedMachine | None" = None

    def keep_image(self) -> "KeptImage | None":
        """Give the image, to be kept, before its file may become another."""
        from soclet.capsule import KeptImage

        if self.wanted.image is None and self.saved is not None:
            return self.saved.image
        return None if self.image is None else KeptImage.of(self.image)

    def program(self) -> "ProgramFile | None":
        """Give what a debugger is shown of it."""
        from soclet.program_file import kept_program, program_file

        if self.wanted.image is None and self.saved is not None:
            return kept_program(self.saved.image)
        return program_file(self.image)

    def machine(self, engine: EngineMaker, stack: ExitStack) -> Machine:
        """Make the machine, before its image; `stack` closes what it holds.

        Raises UserError, or NvramError.
        """
        nvram = None if self.wanted.nvram is None else self._nvram(self.wanted.nvram)
        if nvram is not None:
            stack.callback(nvram.close)
        try:
            if self.saved is not None:
                return self.saved.machine(engine=engine, nvram=nvram)
            return Machine(
                nvram.size if nvram is not None else self.wanted.memory or DEFAULT_MEMORY,
                byte_ticks=self.wanted.byte_ticks or 0,
                engine=engine,
                nvram=nvram,
            )
        except (ValueError, OSError) as error:
            raise UserError(str(error)) from error

    def _nvram(self, path: Path) -> Nvram:
        size = self.wanted.memory if self.saved is None else self.saved.state.memory_size
        durable = self.wanted.nvram_sync
        nvram = Nvram(path, size, default_size=DEFAULT_MEMORY, durable=durable)
        if nvram.recovered:
            tell(f"soclet: {nvram.recovered}")
        return nvram

    def load(self, machine: Machine) -> None:
        """Put the image into memory, where that is not there already."""
        if self.image is not None and self.saved is None:
            machine.flash((segment.address, segment.data) for segment in self.image.segments)


def find(wanted: Beginning) -> Start:
    """Read what is to be run. Raises UserError where that is nothing, or contradicts itself."""
    if wanted.restore is not None:
        return _restored(wanted, wanted.restore)
    if wanted.image is not None and wanted.image != NO_IMAGE:
        size = wanted.memory or memory_size_of(wanted.nvram) or DEFAULT_MEMORY
        return Start(wanted, _image(wanted.image, size, wanted.load_address))
    if wanted.nvram is None:
        raise UserError("'-' runs what is in NVRAM: give --nvram FILE too")
    return Start(wanted)


def _image(name: str, memory_size: int, load_address: int) -> "Image":
    from toolchain.images import load_image

    return load_image(demos.resolve(name), memory_size=memory_size, load_address=load_address)


def _restored(wanted: Beginning, path: Path) -> Start:
    from soclet.capsule.saved import SavedMachine

    if wanted.image == NO_IMAGE:
        raise UserError("'-' runs what is in NVRAM, and --restore what is saved: give one of them")
    saved = SavedMachine.load(path)
    _check(wanted, path, saved)
    if wanted.image is not None:
        named = _image(wanted.image, saved.state.memory_size, wanted.load_address)
        return Start(wanted, named, saved)
    return Start(wanted, None if saved.image is None else saved.image.image(), saved)


def _check(wanted: Beginning, path: Path, saved: "SavedMachine") -> None:
    """Refuse what a saved machine cannot have otherwise than it has."""
    size = saved.state.memory_size
    if wanted.memory not in (None, size):
        raise UserError(
            f"{path}: the saved machine has {size} bytes of memory, and --memory says "
            f"{wanted.memory}: leave it out"
        )
    if wanted.byte_ticks not in (None, saved.byte_ticks):
        raise UserError(
            f"{path}: a byte takes the saved machine {saved.byte_ticks} ticks, and --byte-ticks "
            f"says {wanted.byte_ticks}: leave it out"
        )
    if wanted.nvram is not None and wanted.nvram.exists():
        found = wanted.nvram.stat().st_size
        if found != size:
            raise UserError(
                f"{wanted.nvram}: the file has {found} bytes, and the saved machine {size}: "
                "name another file"
            )
