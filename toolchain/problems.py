"""What is wrong with a source, where, and what would be right.

Knows places and words. Must not know what an assembler does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import Enum


class Via(Enum):
    """How a line came to be read from another place than the file it was asked for."""

    MACRO = "in macro {name}, used at {place}"
    INCLUDE = "included at {place}"


@dataclass(frozen=True, slots=True)
class Use:
    """The place where a macro was used or a file included."""

    via: Via
    name: str
    place: "Place"

    def __str__(self) -> str:
        return self.via.value.format(name=self.name, place=self.place)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a source: line and column count from 1; line 0 is the file as a whole."""

    file: str
    line: int
    column: int = 1
    use: Use | None = None

    def at(self, column: int) -> "Place":
        """Give the same line at another column."""
        return replace(self, column=column)

    @property
    def trail(self) -> tuple[Use, ...]:
        """The macros and includes that led here, the nearest first."""
        return () if self.use is None else (self.use, *self.use.place.trail)

    @property
    def visible(self) -> "Place":
        """The place that a person steps through: a macro's code belongs to where it is used."""
        macros = [use.place for use in self.trail if use.via is Via.MACRO]
        return macros[-1] if macros else self

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what would be right."""

    place: Place
    what: str
    right: str

    def __str__(self) -> str:
        trail = ", ".join(str(use) for use in self.place.trail)
        return f"{self.place}: {self.what}; {self.right}" + (f" ({trail})" if trail else "")


class AssemblyErrors(Exception):  # noqa: N818 - it is all of them
    """All that is wrong with a source, in the order of the source; one line each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class WrongError(Exception):
    """Something wrong at a column of the statement at hand; the assembler adds the place."""

    def __init__(self, column: int, what: str, right: str) -> None:
        super().__init__(what, right)
        self.column = column
        self.what = what
        self.right = right


def suggestion(word: str, known: Iterable[str], otherwise: str) -> str:
    """Say which of the known words was probably meant, or what to do otherwise."""
    known = list(known)
    if word.lower() in known:
        return f"did you mean {word.lower()}?"
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else otherwise


def choice(words: Iterable[str], last: str = "or") -> str:
    """Write words as a choice: `a, b or c`."""
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final
