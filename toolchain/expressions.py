"""Expressions: what an operand may compute, and its value.

Knows numbers, names and operators. Must not know how expressions are written down in full
(toolchain.grammar) nor where symbols come from: whoever evaluates says what a name is.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from isa_spec.words import WORD
from toolchain.problems import WrongError

LARGEST_SHIFT: Final = 63
MOST_BITS: Final = 1024
"""What a value on the way to a result may have; no sensible expression comes near."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number or a character's code point."""

    value: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """A symbol."""

    name: str
    column: int


@dataclass(frozen=True, slots=True)
class Local:
    """A numeric label, `1b` the last one before or `1f` the next one after."""

    number: int
    forward: bool
    column: int


@dataclass(frozen=True, slots=True)
class Here:
    """The address of the statement, `.`."""

    column: int


@dataclass(frozen=True, slots=True)
class Unary:
    """An operator before its operand."""

    operator: str
    operand: "Expression"
    column: int


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between its operands."""

    operator: str
    left: "Expression"
    right: "Expression"
    column: int


Leaf = Name | Local | Here
Expression = Number | Leaf | Unary | Binary


@dataclass(frozen=True, slots=True)
class Address:
    """An address whose section has no place yet: so many bytes after the start of `base`."""

    base: object
    offset: int


Value = int | Address


def _quotient(a: int, b: int) -> int:
    magnitude = abs(a) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude


LEVELS: Final[tuple[dict[str, Callable[[int, int], int]], ...]] = (
    {"|": operator.or_},
    {"^": operator.xor},
    {"&": operator.and_},
    {"<<": operator.lshift, ">>": operator.rshift},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": _quotient, "%": lambda a, b: a - b * _quotient(a, b)},
)
"""The binary operators, those that bind least first, as in C; division is toward zero."""

BINARY: Final = {mark: compute for level in LEVELS for mark, compute in level.items()}
UNARY: Final[dict[str, Callable[[int], int]]] = {
    "-": operator.neg,
    "+": operator.pos,
    "~": operator.invert,
}


def evaluate(expression: Expression, lookup: Callable[[Leaf], Value]) -> Value:
    """Give an expression's value; `lookup` gives those of names.

    Raises WrongError where it has none.
    """
    match expression:
        case Number(value):
            return value
        case Unary(mark, operand, column):
            return UNARY[mark](_number(evaluate(operand, lookup), mark, column))
        case Binary(mark, left, right, column):
            return _binary(mark, evaluate(left, lookup), evaluate(right, lookup), column)
        case leaf:
            return lookup(leaf)


def _binary(mark: str, left: Value, right: Value, column: int) -> Value:
    match mark, left, right:
        case "+", Address(base, offset), int(n):
            return Address(base, offset + n)
        case "+", int(n), Address(base, offset):
            return Address(base, n + offset)
        case "-", Address(base, offset), int(n):
            return Address(base, offset - n)
        case "-", Address(base, offset), Address(other, n) if base is other:
            return offset - n
    a, b = _number(left, mark, column), _number(right, mark, column)
    if mark in ("/", "%") and b == 0:
        raise WrongError(column, f"{mark} by zero", "divide by something else")
    if mark in ("<<", ">>") and not 0 <= b <= LARGEST_SHIFT:
        raise WrongError(column, f"{mark} by {b}", f"shift by 0 to {LARGEST_SHIFT}")
    value = BINARY[mark](a, b)
    if value.bit_length() > MOST_BITS:
        raise WrongError(column, "a value of too many digits", "words have 32 bits")
    return value


def _number(value: Value, mark: str, column: int) -> int:
    if isinstance(value, Address):
        raise WrongError(
            column,
            f"{mark} needs a number, and this address is not known yet",
            "use the difference of two labels of one section, or place the section with .org",
        )
    return value


def as_word(value: int, bits: int = 32) -> int:
    """Wrap a value to an unsigned number of so many bits.

    Raises ValueError, saying the range, where it does not fit, signed or unsigned.
    """
    low, high = -(1 << bits - 1), (1 << bits) - 1
    if not low <= value <= high:
        raise ValueError(f"a value from {low} to {high} ({high:#x}) fits")
    return value & high & WORD
