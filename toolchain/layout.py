"""Where statements' bytes lie, and what symbols mean.

Knows pieces of memory, items in them and symbols. Must not know directives. Sizes are known as
soon as a statement is read; values only when every piece has its place.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from isa_spec.formats import LENGTH, Field, Kind
from isa_spec.instruction import Instruction
from isa_spec.registers import BY_NAME
from isa_spec.words import WORD, signed
from toolchain.expressions import (
    Address,
    Expression,
    Here,
    Leaf,
    Local,
    Name,
    Value,
    as_word,
    evaluate,
)
from toolchain.grammar import Operand, Register
from toolchain.problems import Place, WrongError, suggestion
from toolchain.program import Element, Section

ALIGNMENT: Final = 16
"""What the start of .data is a multiple of, at least."""


class Item(Protocol):
    """A statement's bytes."""

    @property
    def spot(self) -> "Spot":
        """Where they are."""

    @property
    def size(self) -> int:
        """How many there are."""

    def encode(self, symbols: "Symbols") -> bytes:
        """Give them, once all pieces have their places; raise WrongError where they have none."""


@dataclass(slots=True, eq=False)
class Piece:
    """Bytes without a gap; `base` is None as long as nobody knows where they begin."""

    section: Section
    base: int | None
    place: Place
    alignment: int = ALIGNMENT
    size: int = 0
    items: list[Item] = field(default_factory=list)

    def append(self, item: Item) -> None:
        """Add an item at the end."""
        self.items.append(item)
        self.size += item.size

    @property
    def end(self) -> int:
        """The first address beyond it, its place being known."""
        return (self.base or 0) + self.size


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a statement is: in memory, in the order of statements, and in the source.

    `listed` counts the lines of files read before its own.
    """

    piece: Piece
    offset: int
    order: int
    listed: int
    place: Place

    @property
    def value(self) -> Value:
        """The address, as far as it is known."""
        return Address(self.piece, self.offset) if self.piece.base is None else self.address

    @property
    def address(self) -> int:
        """The address, once it is known."""
        return (self.piece.base or 0) + self.offset


@dataclass(frozen=True, slots=True)
class Code:
    """An instruction."""

    spot: Spot
    row: Instruction
    operands: tuple[Operand, ...]

    @property
    def size(self) -> int:
        """Always one instruction."""
        return LENGTH

    def values(self, symbols: "Symbols") -> tuple[int, ...]:
        """Give the operands as the row takes them."""
        return tuple(
            self._value(field, operand, symbols)
            for field, operand in zip(self.row.fields, self.operands, strict=True)
        )

    def encode(self, symbols: "Symbols") -> bytes:
        """Give the instruction."""
        return self.row.encode(*self.values(symbols))

    def _value(self, field: Field, operand: Operand, symbols: "Symbols") -> int:
        if isinstance(operand, Register):
            return operand.number
        if field.kind is not Kind.TARGET:
            value = symbols.word(operand, self.spot, field.ones.bit_length())
            return signed(value) if field.signed else value
        value = symbols.word(operand, self.spot)
        distance = signed((value - self.spot.address) & WORD)
        if distance % field.kind.scale:
            raise WrongError(
                operand.column,
                f"the target {value:#x} is not at an instruction",
                f"name an address that is a multiple of {LENGTH}",
            )
        if distance not in field.bounds:
            raise WrongError(
                operand.column,
                f"the target {value:#x} is {abs(distance)} bytes away, too far for "
                f"{self.row.mnemonic}",
                f"stay within {field.bounds[-1]} bytes, or go there by jmp",
            )
        return distance


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers one after the other."""

    spot: Spot
    element: Element
    values: Sequence[Expression]

    @property
    def size(self) -> int:
        """As many as the elements take."""
        return len(self.values) * self.element.bytes

    def encode(self, symbols: "Symbols") -> bytes:
        """Give the elements."""
        bits = 8 * self.element.bytes
        return b"".join(
            symbols.word(value, self.spot, bits).to_bytes(self.element.bytes, "little")
            for value in self.values
        )


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that are known at once; padding has no element."""

    spot: Spot
    element: Element | None
    data: bytes

    @property
    def size(self) -> int:
        """As many as were given."""
        return len(self.data)

    def encode(self, symbols: "Symbols") -> bytes:  # noqa: ARG002 - as the protocol has it
        """Give what was given."""
        return self.data


class Symbols:
    """The names of a source and what they stand for."""

    def __init__(self) -> None:
        self.labels: Final[dict[str, Spot]] = {}
        self.constants: Final[dict[str, tuple[Expression, Spot]]] = {}
        self._locals: Final[dict[int, list[Spot]]] = {}
        self._open: list[str] = []

    def define_label(self, name: str, spot: Spot) -> None:
        """Let a name stand for the address of a spot."""
        self._check_new(name, spot)
        self.labels[name] = spot

    def define_local(self, number: int, spot: Spot) -> None:
        """Let a number stand for the address of a spot, until it is used again."""
        self._locals.setdefault(number, []).append(spot)

    def define_constant(self, name: str, value: Expression, spot: Spot) -> None:
        """Let a name stand for a value."""
        self._check_new(name, spot)
        self.constants[name] = (value, spot)

    def value(self, expression: Expression, spot: Spot) -> Value:
        """Give an expression's value as seen from a spot; raise WrongError where it has none."""
        return evaluate(expression, lambda leaf: self._lookup(leaf, spot))

    def word(self, expression: Expression, spot: Spot, bits: int = 32) -> int:
        """Give an expression's value as an unsigned number of so many bits.

        Raises WrongError where it has none, or does not fit.
        """
        value = self.number(expression, spot)
        try:
            return as_word(value, bits)
        except ValueError as error:
            raise WrongError(
                expression.column, f"{value} does not fit {bits} bits", str(error)
            ) from None

    def number(self, expression: Expression, spot: Spot) -> int:
        """Give an expression's value; raise WrongError where it is not known yet."""
        value = self.value(expression, spot)
        if isinstance(value, Address):
            raise WrongError(
                expression.column,
                "this address is not known yet",
                "use a number or the difference of two labels, or place .data with .org",
            )
        return value

    def _lookup(self, leaf: Leaf, spot: Spot) -> Value:
        match leaf:
            case Here():
                return spot.value
            case Local(number, forward, column):
                return self._local(number, spot, column, forward=forward)
            case Name(name, column):
                if name in self.labels:
                    return self.labels[name].value
                if name in self.constants:
                    return self._constant(name, column)
                raise WrongError(
                    column,
                    f"unknown symbol {name}",
                    suggestion(
                        name,
                        [*self.labels, *self.constants, *BY_NAME],
                        f"define it: `{name}:` before a statement, or `.equ {name}, VALUE`",
                    ),
                )

    def _local(self, number: int, spot: Spot, column: int, *, forward: bool) -> Value:
        spots = self._locals.get(number, [])
        n = bisect_right([other.order for other in spots], spot.order) - (not forward)
        if not 0 <= n < len(spots):
            where = "below" if forward else "above"
            raise WrongError(
                column, f"no label {number}: {where}", f"write `{number}:` {where} this line"
            )
        return spots[n].value

    def _constant(self, name: str, column: int) -> Value:
        if name in self._open:
            raise WrongError(
                column, f"{name} is defined by itself", "give it a value that does not use it"
            )
        expression, spot = self.constants[name]
        self._open.append(name)
        try:
            return self.value(expression, spot)
        except WrongError as error:
            what = f"{name} has no value: {error.what}"
            raise WrongError(column, what, error.right) from None
        finally:
            self._open.pop()

    def _check_new(self, name: str, spot: Spot) -> None:
        column = spot.place.column
        if name in BY_NAME:
            raise WrongError(column, f"{name} is a register's name", "use another name")
        if name in self.labels or name in self.constants:
            known = self.labels[name] if name in self.labels else self.constants[name][1]
            raise WrongError(
                column, f"{name} is already defined at {known.place}", "use another name"
            )
