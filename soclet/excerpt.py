"""The source lines around one, for people to read in a report.

Knows where an image's sources may be: where its debugging information says, else beside the image.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from toolchain.images import Image
    from toolchain.program import SourceLine

AROUND: Final = 3
"""Lines before and after."""


def excerpt(image: "Image", line: "SourceLine", around: int = AROUND) -> list[str]:
    """Give the lines around a line of an image's source, numbered, with `>` before that one.

    None where the file is not found, or has no such line. It is as it is now, which may be another
    than the image was made of.
    """
    text = next((text for path in _places(image, line.file) if (text := _read(path))), "")
    lines = text.splitlines()
    if line.line > len(lines):
        return []
    first = max(line.line - around, 1)
    last = min(line.line + around, len(lines))
    width = len(str(last))
    return [
        f"{'>' if n == line.line else ' '} {n:{width}}  {lines[n - 1].expandtabs()}".rstrip()
        for n in range(first, last + 1)
    ]


def _places(image: "Image", file: str) -> Iterator[Path]:
    """Give where a file that lines are from may be."""
    beside = Path(image.name).parent
    yield from (Path(directory) / file for directory in image.directories())
    yield beside / file
    yield beside / Path(file).name


def _read(path: Path) -> str | None:
    # Named by whoever made the image: what is no file may have no end.
    if not path.is_file():
        return None
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
