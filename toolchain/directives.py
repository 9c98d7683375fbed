"""Directives: a row each, and what it does to the assembly.

Knows what each directive means. Must not know instructions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from isa_spec.memory_map import MEMORY_START
from isa_spec.words import WORD
from toolchain.expressions import Expression
from toolchain.layout import Raw, Values
from toolchain.operands import Parameter, Parameters, Takes, usage
from toolchain.problems import WrongError
from toolchain.program import Element, Section

if TYPE_CHECKING:
    from toolchain.assembler import Assembler, Statement

LARGEST_SPACE: Final = 2**26
"""The most bytes that one .space or .align may make; more would be memory, not an image."""


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive; `raw` ones read the text after their name themselves."""

    name: str
    parameters: Parameters
    act: Callable[..., None]
    raw: str = ""

    @property
    def usage(self) -> str:
        """How it is written."""
        return f"{self.name} {self.raw}" if self.raw else usage(self.name, self.parameters)


DIRECTIVES: Final[dict[str, Directive]] = {}


def directive(
    name: str, *parameters: Parameter, raw: str = ""
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Declare the decorated function as what a directive does."""

    def declare(act: Callable[..., None]) -> Callable[..., None]:
        DIRECTIVES[name] = Directive(name, parameters, act, raw)
        return act

    return declare


@directive(".text")
def _text(assembler: "Assembler", _: "Statement") -> None:
    """What follows is code."""
    assembler.enter_section(Section.TEXT)


@directive(".data")
def _data(assembler: "Assembler", _: "Statement") -> None:
    """What follows is data."""
    assembler.enter_section(Section.DATA)


@directive(".org", Parameter(Takes.NUMBER, "address"))
def _org(assembler: "Assembler", statement: "Statement", address: int) -> None:
    """What follows lies at an address."""
    if not MEMORY_START <= address <= WORD:
        raise WrongError(
            statement.rest_column,
            f"{address:#x} is not in memory",
            f"memory begins at {MEMORY_START:#x}",
        )
    assembler.begin_piece(address)


@directive(".align", Parameter(Takes.NUMBER, "bytes"))
def _align(assembler: "Assembler", statement: "Statement", multiple: int) -> None:
    """Pad with zeros up to a multiple of so many bytes, a power of two."""
    if multiple < 1 or multiple & (multiple - 1) or multiple > LARGEST_SPACE:
        raise WrongError(
            statement.rest_column, f"{multiple} is no power of two", "write .align 4 or .align 8"
        )
    piece = assembler.piece
    piece.alignment = max(piece.alignment, multiple)
    padding = -((piece.base or 0) + piece.size) % multiple
    if padding:
        assembler.add(Raw(assembler.spot(statement.place), None, bytes(padding)))


@directive(".space", Parameter(Takes.NUMBER, "bytes"), Parameter(Takes.NUMBER, "fill", True))
def _space(assembler: "Assembler", statement: "Statement", size: int, fill: int = 0) -> None:
    """So many bytes, 0 unless said otherwise."""
    if not 0 <= size <= LARGEST_SPACE:
        raise WrongError(
            statement.rest_column, f"{size} bytes cannot be", f"0 to {LARGEST_SPACE} can"
        )
    if not -128 <= fill <= 255:
        raise WrongError(statement.rest_column, f"{fill} is no byte", "write -128 to 255")
    data = bytes([fill & 0xFF]) * size
    assembler.add(Raw(assembler.spot(statement.place), Element.BYTE, data))


@directive(".word", Parameter(Takes.VALUE, "value", repeated=True))
def _word(assembler: "Assembler", statement: "Statement", *values: Expression) -> None:
    """Words of 32 bits."""
    assembler.check_alignment(statement, Element.WORD.bytes)
    assembler.add(Values(assembler.spot(statement.place), Element.WORD, values))


@directive(".byte", Parameter(Takes.VALUE, "value", repeated=True))
def _byte(assembler: "Assembler", statement: "Statement", *values: Expression) -> None:
    """Bytes."""
    assembler.add(Values(assembler.spot(statement.place), Element.BYTE, values))


@directive(".ascii", Parameter(Takes.TEXT, "string", repeated=True))
def _ascii(assembler: "Assembler", statement: "Statement", *texts: str) -> None:
    """A byte per character (UTF-8), no zero at the end."""
    _characters(assembler, statement, b"".join(text.encode() for text in texts))


@directive(".asciz", Parameter(Takes.TEXT, "string", repeated=True))
def _asciz(assembler: "Assembler", statement: "Statement", *texts: str) -> None:
    """A byte per character (UTF-8), each string with a zero at its end."""
    _characters(assembler, statement, b"".join(text.encode() + b"\0" for text in texts))


@directive(".string32", Parameter(Takes.TEXT, "string", repeated=True))
def _string32(assembler: "Assembler", statement: "Statement", *texts: str) -> None:
    """A word per character, each string with a zero word at its end."""
    assembler.check_alignment(statement, Element.WIDE_CHARACTER.bytes)
    data = b"".join((text + "\0").encode("utf-32-le") for text in texts)
    assembler.add(Raw(assembler.spot(statement.place), Element.WIDE_CHARACTER, data))


@directive(".equ", Parameter(Takes.NAME, "name"), Parameter(Takes.VALUE, "value"))
def _equ(assembler: "Assembler", statement: "Statement", name: str, value: Expression) -> None:
    """A name for a value."""
    place = statement.place.at(statement.rest_column)
    assembler.symbols.define_constant(name, value, assembler.spot(place))


@directive(".global", Parameter(Takes.NAME, "name", repeated=True))
def _global(assembler: "Assembler", statement: "Statement", *names: str) -> None:
    """Names that other programs may see."""
    for name in names:
        assembler.globals.setdefault(name, statement.place.at(statement.rest_column))


@directive(".func", Parameter(Takes.NAME, "name"))
def _func(assembler: "Assembler", statement: "Statement", name: str) -> None:
    """A function begins: a label, and what a debugger must know to walk the stack."""
    assembler.begin_function(statement, name)


@directive(".endfunc")
def _endfunc(assembler: "Assembler", statement: "Statement") -> None:
    """The function ends."""
    assembler.end_function(statement)


@directive(".include", Parameter(Takes.TEXT, "file"))
def _include(assembler: "Assembler", statement: "Statement", name: str) -> None:
    """Go on with another file, named from where this one lies."""
    assembler.reader.include(name, statement.place)


@directive(".macro", raw="NAME [parameter[=default], …]")
def _macro(assembler: "Assembler", statement: "Statement") -> None:
    """Define a macro, up to .endm."""
    assembler.reader.define(statement.rest, statement.place)


@directive(".endm")
def _endm(_: "Assembler", statement: "Statement") -> None:
    """End a macro."""
    raise WrongError(statement.column, ".endm without .macro", "begin with `.macro NAME`")


@directive(".if", Parameter(Takes.NUMBER, "value"))
def _if(assembler: "Assembler", statement: "Statement", value: int) -> None:
    """Assemble what follows only if a value is not 0."""
    assembler.reader.begin_if(value != 0, statement.place)


@directive(".else")
def _else(assembler: "Assembler", statement: "Statement") -> None:
    """Assemble what follows only if what the .if begins is not."""
    assembler.reader.begin_else(statement.place)


@directive(".endif")
def _endif(assembler: "Assembler", statement: "Statement") -> None:
    """End an .if."""
    assembler.reader.end_if(statement.place)


def _characters(assembler: "Assembler", statement: "Statement", data: bytes) -> None:
    assembler.add(Raw(assembler.spot(statement.place), Element.CHARACTER, data))
