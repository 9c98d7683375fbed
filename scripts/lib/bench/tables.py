"""Tables as people read them, on a terminal or pasted into a document: Markdown, aligned.

Knows cells only.
"""

from collections.abc import Iterable, Sequence
from typing import Final

NONE: Final = "–"
"""What stands where there is no figure."""


def number(value: float | None, digits: int = 0) -> str:
    """Write a figure, where there is one."""
    return NONE if value is None else f"{value:,.{digits}f}"


def mips(value: float | None) -> str:
    """Write millions of instructions a second, of which three digits tell something."""
    return number(value, 0 if value is None or value >= 100 else 1 if value >= 10 else 2)


def markdown(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1
) -> list[str]:
    """Give a table's lines; all columns but the first `words` are of numbers."""
    cells = [headings, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = [
        "-" * width if at < words else "-" * (width - 1) + ":" for at, width in enumerate(widths)
    ]
    return [
        "| "
        + " | ".join(
            f"{cell:<{width}}" if at < words else f"{cell:>{width}}"
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        + " |"
        for line in (headings, rule, *cells[1:])
    ]
