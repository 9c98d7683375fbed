"""What a capsule tells of a run beside its states and events: the image, who recorded it, its end.

Knows images; must not know how any of it is written.
"""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

from machine.events import Position
from soclet.errors import UserError
from toolchain.images import ASSEMBLY, ELF, Image, load_image


@dataclass(frozen=True, slots=True)
class KeptImage:
    """The image that a run was started with: its name, its format's and its file's bytes.

    An assembly source is kept as the ELF file that it is assembled to, under the source's name
    with the ending `.elf`, so that its names and lines are there wherever the capsule is.
    """

    name: str
    format: str
    data: bytes

    @classmethod
    def of(cls, image: Image, source: str | None = None) -> Self:
        """Keep an image that was read from a file, which is still what it was.

        `source`: assembly that was taken instead of what is in the file.
        """
        path = Path(image.name)
        if source is None and not path.is_file():
            raise UserError(f"{path}: cannot be read twice, to be kept: put it into a file")
        if image.format != ASSEMBLY.name:
            return cls(image.name, image.format, path.read_bytes())
        from toolchain.assembler import assemble

        return cls(str(path.with_suffix(".elf")), ELF.name, assemble(path, source).elf())

    @property
    def is_program(self) -> bool:
        """Whether it has names and lines: whether it is an ELF file."""
        return self.format == ELF.name

    def image(self) -> Image | None:
        """Give the image, if it has names and lines."""
        return load_image(self.data, name=self.name) if self.is_program else None


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a run ended, and why.

    `state_hash`: `Machine.hash` at that point. `ended`: a word, such as `power-off` or `failed`.
    `reason`: what a person is to be told, of any length; may be empty.
    """

    position: Position
    state_hash: str
    ended: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What recorded a run: the versions of soclet and Python, and the seed where there was one."""

    soclet: str
    python: str
    seed: int | None = None

    @classmethod
    def here(cls, seed: int | None = None) -> Self:
        """Give what is running now."""
        return cls(version("soclet"), platform.python_version(), seed)

    def __str__(self) -> str:
        return f"soclet {self.soclet} on Python {self.python}"
