"""Images for tests: read or assembled once, and again when a file that went into them changes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from isa_spec.memory_map import DEFAULT_MEMORY
from soclet import demos
from soclet.errors import UserError
from soclet.files import memory_size_of
from soclet.testing.configuration import Configuration
from toolchain.images import Image, ImageError, load_image
from toolchain.problems import AssemblyErrors

SOURCE_NAME: Final = "source.s"
"""What assembly that is given as text is called in errors."""


@dataclass(frozen=True, slots=True)
class _Kept:
    image: Image
    digests: dict[Path, bytes]


class Images:
    """Images by what they were made from."""

    def __init__(self) -> None:
        self._kept: Final[dict[tuple[str | int, ...], _Kept]] = {}

    def load(self, configuration: Configuration) -> Image | None:
        """Give the image of a machine; None where it has none.

        Raises UserError where it cannot be read, assembled or loaded, with all that is wrong.
        """
        image, source = configuration.image, configuration.source
        name = None if image is None else demos.resolve(str(image))
        try:
            if source is not None:
                return self._assemble(configuration, name or SOURCE_NAME, source)
            return None if name is None else self._load_file(configuration, Path(name))
        except (ImageError, AssemblyErrors) as error:
            raise UserError(str(error)) from error

    def _assemble(self, configuration: Configuration, name: str, source: str) -> Image:
        key = name, source, _memory(configuration)
        kept = self._kept.get(key)
        if kept is None or _digests(kept.digests) != kept.digests:
            image = load_image(source.encode(), memory_size=key[2], name=name)
            kept = self._kept[key] = _Kept(image, _digests(map(Path, image.files[1:])))
        return kept.image

    def _load_file(self, configuration: Configuration, path: Path) -> Image:
        key = str(path), _memory(configuration), configuration.load_address
        kept = self._kept.get(key)
        if kept is None or _digests(kept.digests) != kept.digests:
            image = load_image(path, memory_size=key[1], load_address=key[2])
            kept = self._kept[key] = _Kept(image, _digests([path, *map(Path, image.files)]))
        return kept.image


def _memory(configuration: Configuration) -> int:
    """Give the size of a machine's memory."""
    nvram = configuration.nvram_file
    return configuration.memory_size or memory_size_of(nvram) or DEFAULT_MEMORY


def _digests(paths: Iterable[Path]) -> dict[Path, bytes]:
    return {
        path: hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
        for path in paths
    }
