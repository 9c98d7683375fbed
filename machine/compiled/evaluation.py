"""Reads the expressions of bodies: each becomes a function that gives a Value of generated code.

An expression is read once for a row, and evaluated for each instruction with its operands. Cutting
to 32 bits is put off as long as only sums, differences and products follow, since these give the
same word whether their operands were cut or not; and left out where bounds show that nothing can
have wrapped. Knows the Python that bodies are written in; must not know any body.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from isa_spec import words
from isa_spec.words import SIGN, WORD
from machine.compiled import values
from machine.compiled.relations import Relation, compare
from machine.compiled.values import SIGNED_HIGH, SIGNED_LOW, Value, constant, made


class Unknown(Exception):  # noqa: N818 - a way out, not an error: the body is called instead
    """A body uses something that cannot be put into generated code."""


class Context(Protocol):
    """What an expression is evaluated in: an instruction at a point of generated code.

    names: the body's own: operands as numbers, locals as Values. following: where the next
    instruction is.
    """

    names: dict[str, Any]
    following: int

    def register(self, number: int) -> Value:
        """Give a register's value; raises Unknown."""


Expression = Callable[[Context], Value]
Test = Callable[[Context], tuple[str, Relation | None]]
"""A condition's text, "True" and "False" where it is known, and what it says of one register."""

LONGEST_SHIFT: Final = 63

HELPERS: Final = {words.quotient: (SIGNED_LOW, SIGN), words.signed: (SIGNED_LOW, SIGNED_HIGH)}
"""Functions that bodies may call, which depend on nothing but their arguments; their bounds."""

_SUMS: Final[dict[type[ast.operator], Callable[[Value, Value], Value]]] = {
    ast.Add: values.add,
    ast.Sub: values.subtract,
    ast.Mult: values.multiply,
}


def _shift_left(value: Value, by: Value) -> Value:
    if by.low < 0 or by.high > LONGEST_SHIFT or value.low < 0:
        raise Unknown("a shift by what may be any number")
    return made(f"{value.text} << {by.text}", value.low << by.low, value.high << by.high)


def _shift_right(value: Value, by: Value) -> Value:
    if by.low < 0 or value.low < 0:
        raise Unknown("a shift by what may be any number")
    return made(f"{value.text} >> {by.text}", value.low >> by.high, value.high >> by.low)


_COMBINED: Final = _SUMS | {ast.LShift: _shift_left, ast.RShift: _shift_right}
_COMPARED: Final = (ast.Lt, ast.Gt, ast.Eq, ast.NotEq)


class Reader:
    """Reads one body's expressions; raises Unknown. `around`: what the body's module defines."""

    def __init__(self, around: Mapping[str, Any], own: set[str]) -> None:
        self._around = around
        self._own = own

    def add_local(self, name: str) -> None:
        """From here on a name is the body's own."""
        self._own.add(name)

    def index(self, node: ast.expr) -> Callable[[Context], int] | None:
        """Read the number of the register that an expression like r[a] names; None for others."""
        match node:
            case ast.Subscript(value=ast.Name(id="r"), slice=which):
                return self._number(which)
            case ast.Subscript(
                value=ast.Attribute(value=ast.Name(id="cpu"), attr="r"), slice=which
            ):
                return self._number(which)
        return None

    def exact(self, node: ast.expr) -> Expression:
        """Read an expression for the very number that the body would compute."""
        index = self.index(node)
        if index is not None:
            return lambda c: values.word(c.register(index(c)))
        match node:
            case ast.Constant() | ast.Name():
                return self._named(node)
            case ast.Attribute(value=ast.Name(id="cpu"), attr="next"):
                return lambda c: constant(c.following)
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right):
                return self._masked(left, right)
            case ast.BinOp(left=left, op=ast.BitXor() | ast.BitOr() as op, right=right):
                one, other = self.exact(left), self.exact(right)
                return lambda c: _bitwise(one(c), op, other(c))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _COMBINED:
                combine, one, other = _COMBINED[type(op)], self.exact(left), self.exact(right)
                return lambda c: combine(one(c), other(c))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                turned = self.exact(operand)
                return lambda c: values.subtract(constant(-1), turned(c))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._called(name, [self.exact(argument) for argument in arguments])
        raise Unknown(ast.unparse(node))

    def congruent(self, node: ast.expr) -> Expression:
        """Read an expression for any number that is congruent to it modulo 2³²."""
        index = self.index(node)
        if index is not None:
            return lambda c: c.register(index(c))
        match node:
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right) if self._static(right) == WORD:
                return self.congruent(left)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SUMS:
                combine, one, other = _SUMS[type(op)], self._near(left), self._near(right)
                return lambda c: combine(one(c), other(c))
            case ast.UnaryOp(op=ast.Invert(), operand=operand):
                turned = self.congruent(operand)
                return lambda c: values.subtract(constant(-1), turned(c))
        return self.exact(node)

    def test(self, node: ast.expr) -> Test:
        """Read a condition."""
        match node:
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARED:
                return self._comparison(left, op, self.exact(right))
        raise Unknown(ast.unparse(node))

    def _comparison(self, left: ast.expr, op: ast.cmpop, right: Expression) -> Test:
        match left:
            case ast.BinOp(left=turned, op=ast.BitXor(), right=by) if self._static(by) == SIGN:
                index, signed = self.index(turned), True
            case _:
                index, signed = self.index(left), False
        plain = self.exact(left)
        related = index if signed or isinstance(op, ast.Eq | ast.NotEq) else None

        def test(c: Context) -> tuple[str, Relation | None]:
            bound = right(c).constant
            if bound is None or related is None:
                return compare(plain(c), op, right(c)), None
            relation = Relation(related(c), op, bound - SIGN if signed else bound, signed)
            return relation.text(c.register(relation.register)), relation

        return test

    def _near(self, node: ast.expr) -> Expression:
        expression = self.congruent(node)

        def near(c: Context) -> Value:
            value = expression(c)
            return value if value.constant is None else constant(values.nearest(value.constant))

        return near

    def _static(self, node: ast.expr) -> int | None:
        """The number that an expression is for every instruction."""
        match node:
            case ast.Constant(value=int(value)):
                return int(value)
            case ast.Name(id=name) if name not in self._own:
                found = self._around.get(name)
                return int(found) if isinstance(found, int) else None
        return None

    def _number(self, node: ast.expr) -> Callable[[Context], int]:
        static = self._static(node)
        if static is not None:
            return lambda _: static
        match node:
            case ast.Name(id=name) if name in self._own:
                return lambda c: _as_number(c.names[name])
        raise Unknown(ast.unparse(node))

    def _named(self, node: ast.expr) -> Expression:
        static = self._static(node)
        if static is not None:
            number = constant(static)
            return lambda _: number
        match node:
            case ast.Name(id=name) if name in self._own:
                return lambda c: _as_value(c.names[name])
        raise Unknown(ast.unparse(node))

    def _masked(self, left: ast.expr, right: ast.expr) -> Expression:
        if self._static(right) == WORD:
            whole = self.congruent(left)
            return lambda c: values.word(whole(c))
        one, other = self.exact(left), self.exact(right)
        return lambda c: _mask(one(c), other(c))

    def _called(self, name: str, arguments: list[Expression]) -> Expression:
        helper = self._around.get(name)
        if not callable(helper) or helper not in HELPERS:
            raise Unknown(f"a call of {name}")
        low, high = HELPERS[helper]
        called = helper.__name__
        return lambda c: made(f"{called}({', '.join(a(c).text for a in arguments)})", low, high)


def _as_number(found: Any) -> int:
    if isinstance(found, int):
        return found
    raise Unknown("a register whose number is not known")


def _as_value(found: Any) -> Value:
    return found if isinstance(found, Value) else constant(found)


def _mask(value: Value, mask: Value) -> Value:
    if mask.constant is None or mask.constant < 0 or value.low < 0:
        raise Unknown("a mask that is not a number from 0 up")
    if value.constant is not None:
        return constant(value.constant & mask.constant)
    return made(f"{value.text} & {mask.constant}", 0, min(mask.constant, value.high))


def _bitwise(one: Value, op: ast.operator, other: Value) -> Value:
    if min(one.low, other.low) < 0:
        raise Unknown("bits of a negative number")
    exclusive = isinstance(op, ast.BitXor)
    if one.constant is not None and other.constant is not None:
        a, b = one.constant, other.constant
        return constant(a ^ b if exclusive else a | b)
    highest = (1 << max(one.high, other.high).bit_length()) - 1
    return made(f"{one.text} {'^' if exclusive else '|'} {other.text}", 0, highest)
