"""The assembler: a source becomes a program.

Knows how statements are told apart and in which order things happen. Must not know what single
directives, pseudo-instructions or instructions mean: registries and rows say that.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from isa_spec.formats import LENGTH
from isa_spec.instruction import InstructionSet
from isa_spec.instructions import BASE
from toolchain import cfi_directives as _cfi_directives  # noqa: F401 - they register themselves
from toolchain.building import build
from toolchain.directives import DIRECTIVES, Directive
from toolchain.expressions import Expression
from toolchain.frames import Change
from toolchain.grammar import SYMBOL, grammar_of
from toolchain.input_files import read_text
from toolchain.layout import Code, Item, Piece, Spot, Symbols
from toolchain.operands import Parameters, bind, usage
from toolchain.problems import AssemblyErrors, Place, Problem, WrongError, suggestion
from toolchain.program import ENTRY, Program, Section
from toolchain.pseudo import PSEUDO
from toolchain.reader import Line, Reader

Result = TypeVar("Result")
_TOO_DEEP: Final = WrongError(1, "too long an expression", "cut it into parts by .equ")
_LABEL: Final = re.compile(rf"\s*({SYMBOL}|[0-9]+)\s*:")
_HEAD: Final = re.compile(rf"\s*({SYMBOL})\s*")


def assemble(
    source: str | os.PathLike[str], text: str | None = None, *, instructions: InstructionSet = BASE
) -> Program:
    """Assemble a source file, or a text under a source file's name.

    Raises AssemblyErrors with everything that is wrong, a file that cannot be read included.
    """
    assembler = Assembler(instructions)
    name = os.fspath(source)
    assembler.reader.open(name, _read(name) if text is None else text)
    for line in assembler.reader:
        assembler.assemble_line(line)
    return assembler.finish(name)


def _read(name: str) -> str:
    try:
        return read_text(Path(name))
    except OSError as error:
        what, right = f"cannot be read: {error.strerror}", "name an assembly source"
    except UnicodeDecodeError:
        what, right = "is not text", "name an assembly source in UTF-8"
    raise AssemblyErrors([Problem(Place(name, 0), what, right)])


@dataclass(frozen=True, slots=True)
class Statement:
    """A line's statement: its first word, the rest, and where they are."""

    head: str
    rest: str
    place: Place
    rest_column: int

    @property
    def column(self) -> int:
        """Where the first word is."""
        return self.place.column


@dataclass(slots=True)
class OpenFunction:
    """A function that .func has begun: its label, then its end, and what .cfi_ lines say."""

    name: str
    start: Spot
    changes: list[tuple[Spot, Change]]
    remembered: int = 0
    end: Spot | None = None


class Assembler:
    """An assembly in progress: what directives act on."""

    def __init__(self, instructions: InstructionSet) -> None:
        self.problems: Final[list[Problem]] = []
        self.reader: Final = Reader(self.problems.append)
        self.symbols: Final = Symbols()
        self.globals: Final[dict[str, Place]] = {}
        self.functions: Final[list[OpenFunction]] = []
        self.instructions: Final = instructions
        self._grammar = grammar_of(instructions)
        self._rows = {row.syntax: row for row in instructions}
        self._function: OpenFunction | None = None
        self._statements = 0
        start = Place("", 0)
        self._current = {
            Section.TEXT: Piece(Section.TEXT, ENTRY, start),
            Section.DATA: Piece(Section.DATA, None, start),
        }
        self.pieces: Final = list(self._current.values())
        self._section = Section.TEXT

    @property
    def piece(self) -> Piece:
        """Where bytes go now."""
        return self._current[self._section]

    def enter_section(self, section: Section) -> None:
        """Go on where a section was left."""
        self._section = section

    def begin_piece(self, address: int) -> None:
        """Let the section go on at an address."""
        piece = Piece(self._section, address, self._place)
        self.pieces.append(piece)
        self._current[self._section] = piece

    def spot(self, place: Place) -> Spot:
        """Give the spot that the next byte will have."""
        listed = len(self.reader.read) - 1
        return Spot(self.piece, self.piece.size, self._statements, listed, place)

    def add(self, item: Item) -> None:
        """Put an item where bytes go now."""
        self.piece.append(item)

    def check_alignment(self, statement: Statement, multiple: int) -> None:
        """Raise WrongError where the next byte's address is not a multiple."""
        address = (self.piece.base or 0) + self.piece.size
        if address % multiple:
            raise WrongError(
                statement.column,
                f"{statement.head} at {address:#x}, which is not a multiple of {multiple}",
                f"write .align {multiple} before it",
            )

    def begin_function(self, statement: Statement, name: str) -> None:
        """Begin a function here."""
        if self._function is not None:
            what = f"function {self._function.name} has not ended"
            raise WrongError(statement.column, what, "end it with .endfunc")
        self.check_alignment(statement, LENGTH)
        spot = self.spot(statement.place.at(statement.rest_column))
        self._function = OpenFunction(name, spot, [])
        self.functions.append(self._function)
        self.symbols.define_label(name, spot)

    def end_function(self, statement: Statement) -> None:
        """End the function here."""
        function = self.function(statement)
        self._function = None
        function.end = self.spot(statement.place)
        if function.end.piece is not function.start.piece:
            what = f"function {function.name} began elsewhere in memory"
            raise WrongError(statement.column, what, "keep .org and .data out of functions")

    def function(self, statement: Statement) -> OpenFunction:
        """Give the function at hand; raise WrongError where there is none."""
        if self._function is None:
            what = f"{statement.head} outside a function"
            raise WrongError(statement.column, what, "begin one with `.func NAME`")
        return self._function

    def assemble_line(self, line: Line) -> None:
        """Take a line in; what is wrong with it is kept."""
        self._statements += 1
        self._place = line.place
        try:
            code = line.code
            rest = self._define_labels(code, line.place)
            if (head := _HEAD.match(code, rest)) is not None:
                place = line.place.at(head.start(1) + 1)
                self._assemble(Statement(head[1], code[head.end() :], place, head.end() + 1))
            elif code[rest:].strip():
                column = len(code) - len(code[rest:].lstrip()) + 1
                what = f"`{code[rest:].strip()}` is no statement"
                raise WrongError(column, what, "write a mnemonic or a directive")
        except WrongError as error:
            self._report(line.place, error)
        except RecursionError:
            self._report(line.place, _TOO_DEEP)

    def finish(self, name: str) -> Program:
        """Give the program.

        Raises AssemblyErrors with everything that is wrong.
        """
        if self._function is not None:
            self.problems.append(
                Problem(
                    self._function.start.place,
                    f"function {self._function.name} has no end",
                    "end it with .endfunc",
                )
            )
        program = build(self, name)
        if self.problems:
            raise AssemblyErrors(self._sorted_problems())
        assert program is not None
        return program

    def attempt(self, place: Place, act: Callable[[], Result]) -> Result | None:
        """Do something that may be wrong; where it is, keep the problem and give None."""
        try:
            return act()
        except WrongError as error:
            self._report(place, error)
        except RecursionError:
            self._report(place, _TOO_DEEP)
        return None

    def _define_labels(self, code: str, place: Place) -> int:
        end = 0
        while (label := _LABEL.match(code, end)) is not None:
            spot = self.spot(place.at(label.start(1) + 1))
            if label[1].isdigit():
                self.symbols.define_local(int(label[1]), spot)
            else:
                self.symbols.define_label(label[1], spot)
            end = label.end()
        return end

    def _assemble(self, statement: Statement) -> None:
        head = statement.head
        if head in self.reader.macros:
            self.reader.expand(self.reader.macros[head], statement.rest, statement.place)
        elif head in DIRECTIVES:
            self._direct(DIRECTIVES[head], statement)
        elif head in self._grammar.forms:
            match = self._grammar.instruction(head, statement.rest, statement.rest_column)
            self._add_code(statement, [(match.row.syntax, match.operands)])
        elif head in PSEUDO:
            pseudo = PSEUDO[head]
            values = self._bind(statement, pseudo.parameters)
            self._add_code(
                statement, [(real.syntax, real.operands) for real in pseudo.expand(*values)]
            )
        else:
            self._refuse(statement)

    def _direct(self, directive: Directive, statement: Statement) -> None:
        values = [] if directive.raw else self._bind(statement, directive.parameters)
        directive.act(self, statement, *values)

    def _bind(self, statement: Statement, parameters: Parameters) -> list[Any]:
        right = f"write `{usage(statement.head, parameters)}`"
        arguments = self._grammar.arguments(statement.rest, statement.rest_column, right)
        spot = self.spot(statement.place)

        def number(expression: Expression) -> int:
            return self.symbols.number(expression, spot)

        return bind(parameters, arguments, statement.column, right, number)

    def _add_code(self, statement: Statement, code: Sequence[tuple[str, Any]]) -> None:
        self.check_alignment(statement, LENGTH)
        for syntax, operands in code:
            self.add(Code(self.spot(statement.place), self._rows[syntax], operands))

    def _refuse(self, statement: Statement) -> None:
        head = statement.head
        if head.startswith("."):
            known, kind, other = [*DIRECTIVES], "directive", "there is none of that name"
        else:
            known = [*self._grammar.forms, *PSEUDO, *self.reader.macros]
            kind, other = "instruction or macro", "a label ends with a colon"
        raise WrongError(statement.column, f"unknown {kind} {head}", suggestion(head, known, other))

    def _report(self, place: Place, error: WrongError) -> None:
        self.problems.append(Problem(place.at(error.column), error.what, error.right))

    def _sorted_problems(self) -> Sequence[Problem]:
        """Give the problems in the order in which their lines were read."""
        order = {
            (line.place.file, line.place.line): n
            for n, line in reversed(list(enumerate(self.reader.read)))
        }

        def key(problem: Problem) -> tuple[int, int, int]:
            shown = problem.place.visible
            at = order.get((shown.file, shown.line), len(order))
            return (at, problem.place.line, problem.place.column)

        return sorted(dict.fromkeys(self.problems), key=key)


__all__ = ["Assembler", "OpenFunction", "Statement", "assemble"]
