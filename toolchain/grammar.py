"""How statements' operands are written: a grammar made from the instruction set's own rows.

Knows syntax. Must not know what a statement does. Each mnemonic is a start symbol whose
alternatives are the shapes of its rows, so a new row needs nothing here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from isa_spec.formats import Kind
from isa_spec.instruction import Instruction, InstructionSet
from isa_spec.registers import BY_NAME
from toolchain.expressions import (
    LEVELS,
    UNARY,
    Binary,
    Expression,
    Here,
    Local,
    Name,
    Number,
    Unary,
)
from toolchain.problems import WrongError, choice

if TYPE_CHECKING:
    from lark import Lark, Token

SYMBOL: Final = r"(?!\.(?![\w.$]))[A-Za-z_.$][\w.$]*"
"""A symbol's name; what begins with `.L` stays out of the symbol table."""

STRING: Final = r'"(?:\\.|[^"\\])*"'
CHARACTER: Final = r"'(?:\\x[0-9a-fA-F]{2}|\\.|[^'\\])'"
ESCAPES: Final = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
"""What follows a backslash in strings and characters, beside xNN."""

LONGEST_NUMBER: Final = 80
"""Characters of a number at most: more than any that fits a word has, zeros before it aside."""

_BINARY: Final = [mark for level in LEVELS for mark in level]
_UNARY: Final = list(UNARY)
_END: Final = r"(?![\w.$])"


@dataclass(frozen=True, slots=True)
class Register:
    """A register that a statement names."""

    number: int
    column: int


@dataclass(frozen=True, slots=True)
class Range:
    """Registers from one to another, `r4-r10`."""

    first: int
    last: int
    column: int


@dataclass(frozen=True, slots=True)
class Text:
    """A string, its escapes undone."""

    text: str
    column: int


Operand = Register | Expression
Argument = Register | Range | Text | Expression


@dataclass(frozen=True, slots=True)
class Match:
    """An instruction's row and the operands that a statement gives it."""

    row: Instruction
    operands: tuple[Operand, ...]


def unescape(text: str, column: int) -> str:
    """Undo a literal's escapes; raise WrongError for one that does not exist."""
    head, *escaped = text.split("\\")
    out = [head]
    pieces = iter(escaped)
    for piece in pieces:
        if not piece:  # an escaped backslash: what follows it is plain
            out.append("\\" + next(pieces, ""))
        elif piece[0] in ESCAPES:
            out.append(ESCAPES[piece[0]] + piece[1:])
        elif piece[0] == "x" and _is_hex(piece[1:3]):
            out.append(chr(int(piece[1:3], 16)) + piece[3:])
        else:
            known = choice([*(f"\\{letter}" for letter in ESCAPES), "\\xNN"])
            raise WrongError(column, f"\\{piece[0]} is no escape", f"write {known}")
    return "".join(out)


def _is_hex(digits: str) -> bool:
    return len(digits) == 2 and all(digit in "0123456789abcdefABCDEF" for digit in digits)


class Grammar:
    """The syntax of operands for one instruction set."""

    def __init__(self, instructions: InstructionSet) -> None:
        self.forms: Final = {
            mnemonic: tuple(rows)
            for mnemonic, rows in groupby(
                sorted(instructions, key=lambda row: row.mnemonic), lambda row: row.mnemonic
            )
        }
        """The rows of each mnemonic."""
        self._starts = {mnemonic: f"mnemonic_{n}" for n, mnemonic in enumerate(self.forms)}
        self._lark = _lark(self._rules(), ["arguments", *self._starts.values()])

    def _rules(self) -> str:
        lines = []
        for mnemonic, rows in self.forms.items():
            bodies = (" ".join(_symbols(row)) for row in rows)
            alternatives = "\n  | ".join(f"{body} -> form_{n}" for n, body in enumerate(bodies))
            lines.append(f"{self._starts[mnemonic]}: {alternatives}")
        return "\n".join(lines)

    def instruction(self, mnemonic: str, text: str, column: int) -> Match:
        """Read an instruction's operands; `column` is where their text begins.

        Raises WrongError where no row of the mnemonic is written so.
        """
        forms = self.forms[mnemonic]
        right = "write " + choice(f"`{row.syntax}`" for row in forms)
        tree = self._parse(self._starts[mnemonic], text, column, right)
        row = forms[int(tree.data.removeprefix("form_"))]
        return Match(row, tuple(tree.children))

    def arguments(self, text: str, column: int, right: str) -> Sequence[Argument]:
        """Read a list of registers, strings and expressions, separated by commas."""
        tree = self._parse("arguments", text, column, right)
        return tuple(tree.children)

    def _parse(self, start: str, text: str, column: int, right: str) -> Any:
        from lark import UnexpectedInput
        from lark.exceptions import VisitError

        try:
            tree = self._lark.parse(text, start=start)
            return _reader()(column - 1).transform(tree)
        except VisitError as error:
            if isinstance(error.orig_exc, WrongError):
                raise error.orig_exc from None
            raise
        except UnexpectedInput as error:
            token = getattr(error, "token", None)
            if token is not None and token.type == "$END":
                raise WrongError(column + len(text), "something is missing here", right) from None
            found = str(token) if token is not None else text[error.column - 1]
            what = f"`{found}` does not fit here"
            raise WrongError(column + error.column - 1, what, right) from None


def _symbols(row: Instruction) -> list[str]:
    kinds = {
        Kind.REGISTER.value: "register",
        Kind.VALUE.value: "expression",
        Kind.TARGET.value: "expression",
    }
    return [kinds.get(word) or f'"{word}"' for word in row.shape[1:]]


def _lark(rows: str, starts: list[str]) -> "Lark":
    from lark import Lark

    levels = "\n".join(
        _level(
            n,
            [f'level_{n} "{mark}" level_{n + 1} -> binary_{_BINARY.index(mark)}' for mark in level],
        )
        for n, level in enumerate(LEVELS)
    )
    unary = [f'"{mark}" level_{len(LEVELS)} -> unary_{n}' for n, mark in enumerate(UNARY)]
    grammar = f"""
        arguments: (argument ("," argument)*)?
        ?argument: register | range | text | expression
        register: REGISTER
        range: REGISTER "-" REGISTER
        text: STRING
        ?expression: level_0
        {levels}
        {_level(len(LEVELS), unary, atom="atom")}
        ?atom: NUMBER -> number | CHARACTER -> character | "(" expression ")"
            | NAME -> name | LOCAL -> local | HERE -> here
        REGISTER.3: /(?:{"|".join(BY_NAME)}){_END}/
        NAME.2: /(?!(?:{"|".join(BY_NAME)}){_END}){SYMBOL}/
        LOCAL.2: /[0-9]+[bf]{_END}/
        NUMBER.1: /(?:0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+){_END}/
        HERE: /\\.{_END}/
        STRING: /{STRING}/
        CHARACTER: /{CHARACTER}/
        %ignore /[ \\t]+/
        {rows}
    """
    return Lark(
        grammar, parser="lalr", start=starts, maybe_placeholders=False, propagate_positions=True
    )


def _level(n: int, alternatives: list[str], atom: str = "") -> str:
    return f"?level_{n}: {' | '.join([atom or f'level_{n + 1}', *alternatives])}"


@cache
def _reader() -> Any:
    """Give the class that turns lark's tree into values."""
    from lark import Transformer, Tree

    class Reader(Transformer):  # type: ignore[type-arg]
        def __init__(self, before: int) -> None:
            super().__init__(visit_tokens=False)
            self.before = before

        def register(self, tokens: list["Token"]) -> Register:
            return Register(BY_NAME[tokens[0]].number, self.column(tokens[0]))

        def range(self, tokens: list["Token"]) -> Range:
            first, last = (BY_NAME[token].number for token in tokens)
            return Range(first, last, self.column(tokens[0]))

        def text(self, tokens: list["Token"]) -> Text:
            column = self.column(tokens[0])
            return Text(unescape(tokens[0][1:-1], column), column)

        def number(self, tokens: list["Token"]) -> Number:
            token = tokens[0].lower()
            if len(token) > LONGEST_NUMBER:
                what = f"a number of {len(token)} characters"
                raise WrongError(self.column(tokens[0]), what, "words have 32 bits")
            base = {"0x": 16, "0b": 2}.get(token[:2], 10)
            return Number(int(token, base), self.column(tokens[0]))

        def character(self, tokens: list["Token"]) -> Number:
            column = self.column(tokens[0])
            return Number(ord(unescape(tokens[0][1:-1], column)), column)

        def name(self, tokens: list["Token"]) -> Name:
            return Name(str(tokens[0]), self.column(tokens[0]))

        def local(self, tokens: list["Token"]) -> Local:
            return Local(int(tokens[0][:-1]), tokens[0][-1] == "f", self.column(tokens[0]))

        def here(self, tokens: list["Token"]) -> Here:
            return Here(self.column(tokens[0]))

        def column(self, token: "Token") -> int:
            return self.before + (token.column or 1)

        def __default__(self, data: Any, children: list[Any], meta: Any) -> Any:
            kind, _, n = str(data).partition("_")
            match kind:
                case "unary":
                    return Unary(_UNARY[int(n)], children[0], self.before + meta.column)
                case "binary":
                    left, right = children
                    return Binary(_BINARY[int(n)], left, right, left.column)
                case _:
                    return Tree(data, children, meta)

    return Reader


@cache
def grammar_of(instructions: InstructionSet) -> Grammar:
    """Give the grammar of an instruction set; making one is slow, so it is kept."""
    return Grammar(instructions)
