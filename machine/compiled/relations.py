"""Comparisons of generated code, and what is known of a register where one holds.

Knows values and their bounds; must not know bodies.
"""

import ast
from dataclasses import dataclass
from typing import Final

from isa_spec.words import SIGN, WORD
from machine.compiled import values
from machine.compiled.values import SIGNED_HIGH, SIGNED_LOW, Value, constant

_SIGNS: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<",
    ast.Gt: ">",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """A register compared with a number, both as signed numbers or both as words."""

    register: int
    op: ast.cmpop
    bound: int
    signed: bool

    def text(self, value: Value) -> str:
        """The comparison, by any number that is congruent to what the register holds."""
        if self.signed:
            return _signed(value, self.op, self.bound)
        if value.high - value.low > WORD:
            value = values.word(value)
        return _with_number(value, self.op, value.low + ((self.bound - value.low) & WORD))

    def bounds(self, value: Value, holds: bool) -> Value:
        """What is known of the register's value where the relation holds, or does not."""
        op, bound = type(self.op), self.bound
        if op in (ast.Eq, ast.NotEq):
            return _told_apart(value, bound & WORD, (op is ast.Eq) == holds)
        low, high = SIGNED_LOW, SIGNED_HIGH
        match op is ast.Lt, holds:
            case True, True:
                high = bound - 1
            case True, False:
                low = bound
            case False, True:
                low = bound + 1
            case _:
                high = bound
        if value.within(SIGNED_LOW, SIGNED_HIGH) or (value.is_word and low >= 0):
            return value.bounded(low, high)
        if value.is_word and high < 0:
            return value.bounded(low & WORD, high & WORD)
        return value


def _told_apart(value: Value, bound: int, equal: bool) -> Value:
    if equal and value.is_word:
        return value.bounded(bound, bound)
    if not equal and value.is_word and value.low == bound:
        return value.bounded(bound + 1, WORD)
    return value


def compare(one: Value, op: ast.cmpop, other: Value) -> str:
    """Compare two numbers."""
    if other.constant is not None:
        return _with_number(one, op, other.constant)
    return f"{one.text} {_SIGNS[type(op)]} {other.text}"


def _signed(value: Value, op: ast.cmpop, bound: int) -> str:
    """Compare a word, read as a signed number, with a signed number."""
    if value.constant is not None:
        return _with_number(constant(values.nearest(value.constant)), op, bound)
    if value.within(SIGNED_LOW, SIGNED_HIGH):
        return _with_number(value, op, bound)
    if isinstance(op, ast.Gt):  # v > c is v ≥ c + 1 is not v < c + 1
        return f"not ({_signed(value, ast.Lt(), bound + 1)})"
    cut = values.word(value)
    if isinstance(op, ast.Eq | ast.NotEq):
        return _with_number(cut, op, bound & WORD)
    if bound == 0:
        return f"{cut.text} >= {SIGN}"
    if bound < 0:
        return f"{SIGN} <= {cut.text} < {bound & WORD}"
    if not cut.text.isidentifier():
        return f"{cut.text} ^ {SIGN} < {bound + SIGN}"
    return f"({cut.text} < {bound} or {cut.text} >= {SIGN})"


def _with_number(value: Value, op: ast.cmpop, bound: int) -> str:
    """Compare with a number, now where the bounds tell the answer."""
    value, moved = values.unmoved(value)
    bound -= moved
    match op:
        case ast.Lt():
            known = True if value.high < bound else False if value.low >= bound else None
        case ast.Gt():
            known = True if value.low > bound else False if value.high <= bound else None
        case _:
            outside = not value.low <= bound <= value.high
            equal = False if outside else True if value.constant is not None else None
            known = equal if equal is None or isinstance(op, ast.Eq) else not equal
    return str(known) if known is not None else f"{value.text} {_SIGNS[type(op)]} {bound}"
