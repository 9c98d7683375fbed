"""The ISA manual: its numbered sentences and tables, as markdown, as plain text, as data.

Knows how manual.md, the manual's words, is read, and how a manual is written down. The tables and
the numbers in the sentences come from the rows. Nothing else imports this: reading the manual
must cost only those who ask for it.
"""

import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, zip_longest
from typing import Final

from isa_spec.manual_tables import FACTS, TABLES, Table

_SENTENCE: Final = re.compile(r"^(\d+\.\d+) ", re.MULTILINE)
_TABLE: Final = re.compile(r"\{(\w+)\}")
_HEADING: Final = re.compile(r"(#+) ((?:(\d+)\. )?.*)")
_WRITTEN: Final = "<!-- Written by soclet isa --format markdown: change isa_spec, not this. -->"
_PAGE_WIDTH: Final = 96
_CELL_WIDTH: Final = 44


@dataclass(frozen=True, slots=True)
class Heading:
    """A title; `level` 1 is the manual's own."""

    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph that explains and does not bind."""

    text: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A paragraph of sentences that bind: pairs of number and text."""

    sentences: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """A table whose rows are numbered by section and name."""

    section: str
    table: Table

    @property
    def numbered(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give each row's number and cells."""
        return ((f"{self.section}.{row.name}", row.cells) for row in self.table.rows)


Block = Heading | Note | Rules | Rows


@cache
def blocks() -> tuple[Block, ...]:
    """Give the manual, block by block."""
    source = files("isa_spec").joinpath("manual.md").read_text(encoding="utf-8")
    return tuple(_read(source))


def _read(source: str) -> Iterator[Block]:
    section = ""
    for paragraph in source.strip().split("\n\n"):
        if heading := _HEADING.fullmatch(paragraph):
            section = heading[3] or ""
            yield Heading(len(heading[1]), heading[2])
        elif table := _TABLE.fullmatch(paragraph):
            yield Rows(section, TABLES[table[1]])
        elif _SENTENCE.match(paragraph):
            _, *parts = _SENTENCE.split(paragraph)
            texts = (_flowing(text.format_map(FACTS)) for text in parts[1::2])
            yield Rules(tuple(zip(parts[::2], texts, strict=True)))
        else:
            yield Note(_flowing(paragraph))


def _flowing(text: str) -> str:
    return " ".join(text.split())


def sentences() -> dict[str, str]:
    """Give everything that binds, rows of tables included, by number.

    Raises ValueError where two share a number.
    """
    pairs: list[tuple[str, str]] = []
    for block in blocks():
        match block:
            case Rules():
                pairs += block.sentences
            case Rows():
                pairs += ((number, " | ".join(cells)) for number, cells in block.numbered)
    numbered = dict(pairs)
    if len(numbered) != len(pairs):
        raise ValueError("the manual has two sentences of one number")
    return numbered


def render(format: str) -> str:  # noqa: A002 - the word of the command line
    """Give the manual in one of FORMATS; raise ValueError for another."""
    if format not in FORMATS:
        raise ValueError(f"{format}: no such format: choose from {', '.join(FORMATS)}")
    return FORMATS[format]()


# Markdown


def _markdown() -> str:
    return f"{_WRITTEN}\n\n" + "\n".join(
        chain.from_iterable((*_markdown_of(block), "") for block in blocks())
    )


def _markdown_of(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, title):
            yield f"{'#' * level} {title}"
        case Note(text):
            yield from textwrap.wrap(text, _PAGE_WIDTH)
        case Rules():
            # A list, or else a renderer would run the sentences together.
            for number, text in block.sentences:
                yield from _wrap(f"- **{number}** {text}", "  ")
        case Rows():
            columns = ("", *block.table.columns)
            yield _markdown_row(columns)
            yield _markdown_row(("---",) * len(columns))
            for number, cells in block.numbered:
                yield _markdown_row((f"**{number}**", *cells))


def _markdown_row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


# Plain text


def _text() -> str:
    return "\n".join(chain.from_iterable((*_text_of(block), "") for block in blocks()))


def _text_of(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, title):
            yield from (title, ("=" if level == 1 else "-") * len(title))
        case Note(text):
            yield from textwrap.wrap(_plain(text), _PAGE_WIDTH)
        case Rules():
            for number, text in block.sentences:
                yield from _wrap(f"{number:<6}{_plain(text)}", " " * 6)
        case Rows():
            rows = [("", *block.table.columns), *((n, *cells) for n, cells in block.numbered)]
            plain = [[_plain(cell) for cell in row] for row in rows]
            widths = [
                min(max(map(len, column)), _CELL_WIDTH) for column in zip(*plain, strict=True)
            ]
            for row in plain:
                yield from _text_row(row, widths)


def _text_row(cells: list[str], widths: list[int]) -> Iterator[str]:
    wrapped = (textwrap.wrap(cell, width) for cell, width in zip(cells, widths, strict=True))
    for line in zip_longest(*wrapped, fillvalue=""):
        yield "  ".join(
            f"{part:<{width}}" for part, width in zip(line, widths, strict=True)
        ).rstrip()


def _plain(text: str) -> str:
    return text.replace("`", "")


def _wrap(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, _PAGE_WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


# Data


def _json() -> str:
    import json

    from isa_spec.manual_data import isa_as_data

    return (
        json.dumps(isa_as_data() | {"sentences": sentences()}, indent=2, ensure_ascii=False) + "\n"
    )


FORMATS: Final[dict[str, Callable[[], str]]] = {
    "text": _text,
    "markdown": _markdown,
    "json": _json,
}
"""How the manual can be had, by name."""
