"""The lines of a source, one after the other: includes, macros and conditions undone.

Knows files, lines and macros. Must not know what a statement means, nor compute: whether a
condition holds, it is told.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from toolchain.grammar import CHARACTER, ESCAPES, STRING
from toolchain.input_files import read_text
from toolchain.problems import Place, Problem, Use, Via, WrongError

DEEPEST: Final = 64
"""How deep includes and macros may use each other."""

_LITERAL: Final = rf"{STRING}|{CHARACTER}"
_COMMENT: Final = re.compile(rf"({_LITERAL})|(;|//).*")
_PARAMETER: Final = re.compile(r"\\(@|\(\)|[A-Za-z_]\w*)")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `text` as it is written, at a place."""

    text: str
    place: Place

    @property
    def code(self) -> str:
        """The line without its comment."""
        return _COMMENT.sub(lambda match: match[1] or "", self.text).rstrip()


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro: its parameters with their defaults, and its lines."""

    name: str
    parameters: tuple[tuple[str, str | None], ...]
    body: tuple[Line, ...]
    place: Place

    @property
    def usage(self) -> str:
        """How it is used."""
        shown = (name if value is None else f"{name}={value}" for name, value in self.parameters)
        return f"{self.name} {', '.join(shown)}".rstrip()


@dataclass(slots=True)
class _Condition:
    """An .if that has not ended."""

    place: Place
    otherwise: bool = False


@dataclass(slots=True)
class _Source:
    """Lines being read: a file's, or a macro's where it is used."""

    lines: Sequence[Line]
    next: int = 0
    conditions: list[_Condition] = field(default_factory=list)
    is_file: bool = True


class Reader:
    """Gives the lines to be assembled, in order; directives steer it between two lines."""

    def __init__(self, report: Callable[[Problem], None]) -> None:
        self._report = report
        self._sources: list[_Source] = []
        self._uses = 0
        self.macros: Final[dict[str, Macro]] = {}
        self.read: Final[list[Line]] = []
        """The lines of files read so far, in that order, skipped ones among them."""
        self.files: Final[list[str]] = []
        """The files read so far."""

    def __iter__(self) -> Iterator[Line]:
        while self._sources:
            if (line := self._next()) is not None:
                yield line
            else:
                for condition in self._sources.pop().conditions:
                    self._report_open(condition.place)

    def open(self, name: str, text: str, use: Use | None = None) -> None:
        """Go on with the lines of a file."""
        if name not in self.files:
            self.files.append(name)
        lines = [Line(line, Place(name, n, 1, use)) for n, line in enumerate(text.splitlines(), 1)]
        self._sources.append(_Source(lines))

    def include(self, name: str, place: Place) -> None:
        """Go on with the lines of a file that lies beside the one that names it."""
        self._check_depth(place, "include")
        path = Path(place.file).parent / name
        try:
            text = read_text(path)
        except OSError as error:
            what = f"{path} cannot be read: {error.strerror}"
            raise WrongError(place.column, what, "name a file beside this one") from None
        except UnicodeDecodeError:
            what = f"{path} is not text"
            raise WrongError(place.column, what, "name an assembly source in UTF-8") from None
        self.open(str(path), text, Use(Via.INCLUDE, name, place))

    def define(self, macro_text: str, place: Place) -> None:
        """Read a macro's lines up to its .endm and keep it; `macro_text` follows .macro."""
        body = tuple(self._until(".macro", ".endm", place))
        name, _, rest = macro_text.partition(" ")
        if not _WORD.fullmatch(name):
            raise WrongError(place.column, "a macro needs a name", "write `.macro NAME a, b=1`")
        if name in self.macros:
            before = self.macros[name].place
            raise WrongError(
                place.column, f"macro {name} is already defined at {before}", "use another name"
            )
        parameters = []
        for parameter in split_arguments(rest):
            parameter_name, equals, default = (part.strip() for part in parameter.partition("="))
            if not _WORD.fullmatch(parameter_name):
                raise WrongError(
                    place.column,
                    f"`{parameter}` is no parameter",
                    f"write `.macro {name} a, b=1`",
                )
            parameters.append((parameter_name, default if equals else None))
        self.macros[name] = Macro(name, tuple(parameters), body, place)

    def expand(self, macro: Macro, arguments: str, place: Place) -> None:
        """Go on with a macro's lines, arguments in the place of its parameters."""
        self._check_depth(place, f"macro {macro.name}")
        given = split_arguments(arguments)
        if len(given) > len(macro.parameters):
            what = f"macro {macro.name} takes {len(macro.parameters)} arguments, not {len(given)}"
            raise WrongError(place.column, what, f"write `{macro.usage}`")
        values = {"@": str(self._uses), "()": ""}
        self._uses += 1
        padded = [*given, *[""] * (len(macro.parameters) - len(given))]
        for (name, default), argument in zip(macro.parameters, padded, strict=True):
            if not argument and default is None:
                what = f"macro {macro.name} needs a value for {name}"
                raise WrongError(place.column, what, f"write `{macro.usage}`")
            values[name] = argument or default or ""
        use = Use(Via.MACRO, macro.name, place)
        lines = [
            Line(_substitute(line.code, values), Place(line.place.file, line.place.line, 1, use))
            for line in macro.body
        ]
        self._sources.append(_Source(lines, is_file=False))

    def begin_if(self, holds: bool, place: Place) -> None:
        """Enter an .if: go on with the next line, or after its .else or .endif."""
        self._sources[-1].conditions.append(_Condition(place))
        if not holds:
            self._skip()

    def begin_else(self, place: Place) -> None:
        """Come to an .else from above: go on after its .endif."""
        self._enter_else(place)
        self._skip()

    def end_if(self, place: Place) -> None:
        """Leave an .if."""
        self._condition(".endif", place)
        self._sources[-1].conditions.pop()

    def _condition(self, word: str, place: Place) -> _Condition:
        if not self._sources[-1].conditions:
            raise WrongError(place.column, f"{word} without .if", "write .if EXPRESSION before it")
        return self._sources[-1].conditions[-1]

    def _enter_else(self, place: Place) -> None:
        condition = self._condition(".else", place)
        if condition.otherwise:
            what = f"the .if at {condition.place} has an .else already"
            self._report(Problem(place, what, "end it with .endif"))
        condition.otherwise = True

    def _next(self) -> Line | None:
        source = self._sources[-1]
        if source.next == len(source.lines):
            return None
        line = source.lines[source.next]
        source.next += 1
        if source.is_file:
            self.read.append(line)
        return line

    def _skip(self) -> None:
        """Pass over lines up to where the .if at hand ends, or its other way begins."""
        depth = 0
        condition = self._sources[-1].conditions[-1]
        while (line := self._next()) is not None:
            word = _first_word(line)
            if depth == 0 and word == ".endif":
                self._sources[-1].conditions.pop()
                return
            if depth == 0 and word == ".else":
                was_otherwise = condition.otherwise
                self._enter_else(line.place)
                if not was_otherwise:
                    return
            depth += (word == ".if") - (word == ".endif")

    def _until(self, opening: str, closing: str, place: Place) -> Iterator[Line]:
        depth = 0
        while (line := self._next()) is not None:
            word = _first_word(line)
            if depth == 0 and word == closing:
                return
            depth += (word == opening) - (word == closing)
            yield line
        raise WrongError(place.column, f"{opening} without {closing}", f"end it with {closing}")

    def _report_open(self, place: Place) -> None:
        self._report(Problem(place, ".if without .endif", "end it with .endif"))

    def _check_depth(self, place: Place, what: str) -> None:
        if len(self._sources) > DEEPEST:
            del self._sources[1:]
            raise WrongError(
                place.column,
                f"{what}: more than {DEEPEST} uses within each other",
                "let it end: it seems to use itself",
            )


def split_arguments(text: str) -> list[str]:
    """Cut a macro's arguments at their commas; those in literals and brackets do not count."""
    arguments: list[str] = []
    depth = start = 0
    for match in re.finditer(rf"{_LITERAL}|[\[(]|[\])]|,", text):
        mark = match[0]
        depth += (mark in "[(") - (mark in "])")
        if mark == "," and depth <= 0:
            arguments.append(text[start : match.start()].strip())
            start = match.end()
    last = text[start:].strip()
    return [*arguments, last] if arguments or last else []


def _first_word(line: Line) -> str:
    return (line.code.split() or [""])[0]


def _substitute(text: str, values: dict[str, str]) -> str:
    """Put arguments for parameters; in a literal an escape stays an escape."""

    def inside(match: re.Match[str]) -> str:
        return match[0] if match[1] in ESCAPES else values.get(match[1], match[0])

    def outside(match: re.Match[str]) -> str:
        return values.get(match[1], match[0])

    parts = re.split(rf"({_LITERAL})", text)
    return "".join(
        _PARAMETER.sub(inside if n % 2 else outside, part) for n, part in enumerate(parts)
    )
