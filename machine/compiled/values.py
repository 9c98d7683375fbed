"""Values of generated code: an expression's text, and between which bounds it lies.

A register's value is kept as any integer that is congruent to it modulo 2³²; bounds tell when that
is the register's word itself, so that cutting to 32 bits is left out where nothing can have
wrapped. Knows arithmetic on bounds; must not know bodies, instructions or the machine.
"""

from dataclasses import dataclass
from typing import Final

from isa_spec.words import SIGN, WORD, signed

SIGNED_LOW: Final = -SIGN
SIGNED_HIGH: Final = SIGN - 1
_WIDEST: Final = 1 << 200
"""Bounds beyond this are not worth telling apart; Python's integers have none."""


@dataclass(frozen=True, slots=True)
class Value:
    """An expression of generated code whose value v has low ≤ v ≤ high.

    `origin` and `moved`: where the expression is what a register held at the head of the present
    loop, plus something between two numbers; None where that is not known.
    """

    text: str
    low: int
    high: int
    origin: int | None = None
    moved: tuple[int, int] = (0, 0)

    @property
    def constant(self) -> int | None:
        """The value itself, where there is but one."""
        return self.low if self.low == self.high else None

    @property
    def is_word(self) -> bool:
        """Whether it lies within 0 and 2³² − 1."""
        return self.low >= 0 and self.high <= WORD

    @property
    def is_simple(self) -> bool:
        """Whether the text is a name or a number, which costs nothing to repeat."""
        return self.text.isidentifier() or self.constant is not None

    def within(self, low: int, high: int) -> bool:
        """Tell whether all it can be lies between bounds."""
        return low <= self.low and self.high <= high

    def named(self, name: str) -> "Value":
        """The same value, once it has been assigned to a name."""
        return Value(name, self.low, self.high, self.origin, self.moved)

    def bounded(self, low: int, high: int) -> "Value":
        """The same value, known to lie between bounds as well."""
        low, high = max(self.low, low), min(self.high, high)
        if low == high:
            return constant(low)
        return Value(self.text, low, high, self.origin, self.moved)


def constant(number: int) -> Value:
    """A number."""
    return Value(str(number) if number >= 0 else f"({number})", number, number)


def any_word(name: str, origin: int | None = None) -> Value:
    """A name for a word about which nothing is known."""
    return Value(name, 0, WORD, origin)


def made(text: str, low: int, high: int) -> Value:
    """An expression; a number where its bounds leave only one."""
    return constant(low) if low == high else Value(f"({text})", low, high)


def union(one: Value, other: Value, name: str) -> Value:
    """What a name may hold that was assigned the one or the other."""
    low, high = min(one.low, other.low), max(one.high, other.high)
    if one.origin is None or one.origin != other.origin:
        return Value(name, low, high)
    moved = min(one.moved[0], other.moved[0]), max(one.moved[1], other.moved[1])
    return Value(name, low, high, one.origin, moved)


def word(value: Value) -> Value:
    """The word that a value is congruent to."""
    if value.is_word:
        return value
    if value.constant is not None:
        return constant(value.constant & WORD)
    return Value(f"({value.text} & {WORD})", 0, WORD)


def add(one: Value, other: Value) -> Value:
    """The sum."""
    if one.constant is not None:
        one, other = other, one
    if other.constant is not None:
        return plus(one, other.constant)
    if one.origin is None:
        one, other = other, one
    return _moved(one, f"{one.text} + {other.text}", other.low, other.high)


def plus(value: Value, number: int) -> Value:
    """A value plus a number."""
    if value.constant is not None or number == 0:
        return constant(value.low + number) if value.constant is not None else value
    return _moved(value, _sum(value.text, number), number, number)


def unmoved(value: Value) -> tuple[Value, int]:
    """Take a value apart that is a name plus a number, and is written so: the name, the number."""
    name, (number, most) = f"r{value.origin}", value.moved
    if number != most or value.text != f"({_sum(name, number)})":
        return value, 0
    return Value(name, value.low - number, value.high - number, value.origin), number


def _sum(text: str, number: int) -> str:
    return f"{text} {'+' if number > 0 else '-'} {abs(number)}"


def subtract(one: Value, other: Value) -> Value:
    """The difference."""
    if other.constant is not None:
        return plus(one, -other.constant)
    return _moved(one, f"{one.text} - {other.text}", -other.high, -other.low)


def _moved(value: Value, text: str, low: int, high: int) -> Value:
    """What a value becomes with something between two numbers added to it."""
    if value.low + low == value.high + high:
        return constant(value.low + low)
    moved = (value.moved[0] + low, value.moved[1] + high) if value.origin is not None else (0, 0)
    return Value(f"({text})", value.low + low, value.high + high, value.origin, moved)


def multiply(one: Value, other: Value) -> Value:
    """The product."""
    corners = [x * y for x in (one.low, one.high) for y in (other.low, other.high)]
    if max(map(abs, corners)) > _WIDEST:
        one, other = word(one), word(other)
        corners = [0, one.high * other.high]
    return made(f"{one.text} * {other.text}", min(corners), max(corners))


def nearest(number: int) -> int:
    """The number of the smallest magnitude that is congruent to a word: −4 for 0xFFFFFFFC."""
    return signed(number & WORD)
