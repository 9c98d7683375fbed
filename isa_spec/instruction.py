"""The row: what an instruction is, and the set of rows that a machine runs.

Knows how a row is written, checked, encoded and decoded. Must not know any instruction: those
are in isa_spec.instructions. A row that contradicts itself or another is refused on import.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Final

from isa_spec.body import Syntax, read_body
from isa_spec.formats import LENGTH, Field, Format, Kind
from isa_spec.registers import REGISTERS
from isa_spec.words import WORD

Body = Callable[..., None]

EXTENSIONS: Final = range(0x40, 0x80)
"""The opcodes set aside for optional extensions (isa §2)."""

_MOST_KNOWN: Final = 16_384
"""Words of which it is remembered what they mean."""

_TOKEN: Final = re.compile(r"[A-Za-z_]\w*|[<>=!]=|\S")


class RowError(ValueError):
    """A row of an instruction set that is wrong: what, where, and what would be right."""


@dataclass(frozen=True)
class Instruction:
    """One row (isa §2): everything about an instruction follows from it.

    `syntax` is the assembly, in which an operand stands by its field's name. `body` is the
    meaning; its docstring is the manual's sentence.
    """

    opcode: int
    syntax: str
    format: Format
    body: Body
    privileged: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.opcode <= 0xFF:
            raise RowError(f"{self.syntax!r}: opcode {self.opcode:#x} does not fit a byte")
        if not self.body.__doc__:
            raise RowError(f"{self.syntax!r}: the body needs a docstring: the manual's sentence")
        if strays := [
            word for word in self.tokens[1:] if word.isidentifier() and not self._is_operand(word)
        ]:
            raise RowError(
                f"{self.syntax!r}: {strays[0]!r} is not an operand of the {self.format.name} "
                f"format, which has {', '.join(self._operand_fields)}"
            )
        if len(set(self.operands)) != len(self.operands):
            raise RowError(f"{self.syntax!r}: an operand stands there twice")
        if self.meaning.operands != self.operands:
            raise RowError(
                f"{self.syntax!r}: the body takes {self.meaning.operands}, must take "
                f"{self.operands}, as the syntax does"
            )

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """The syntax, cut into words and marks."""
        return tuple(_TOKEN.findall(self.syntax))

    @property
    def mnemonic(self) -> str:
        """The first word of the assembly; several rows may share it."""
        return self.tokens[0]

    @property
    def does(self) -> str:
        """What it does, in the manual's words."""
        return (self.body.__doc__ or "").strip()

    @cached_property
    def operands(self) -> tuple[str, ...]:
        """The operands' names in the order of the assembly."""
        return tuple(word for word in self.tokens[1:] if self._is_operand(word))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The operands' fields in the order of the assembly."""
        return tuple(self.format.fields[name] for name in self.operands)

    @cached_property
    def shape(self) -> tuple[str, ...]:
        """The syntax with the kind of each operand for its name: what an assembler can tell."""
        return tuple(
            self.format.fields[word].kind.value if self._is_operand(word) else word
            for word in (self.mnemonic.upper(), *self.tokens[1:])
        )

    @cached_property
    def meaning(self) -> Syntax:
        """What the body's syntax tree tells."""
        return read_body(self.body)

    @cached_property
    def fixed(self) -> tuple[int, int]:
        """The bits that tell this row from others, and what they must be: (mask, value)."""
        unused = (field for name, field in self.format.fields.items() if name not in self.operands)
        return sum(field.mask for field in unused), self.opcode

    @property
    def _operand_fields(self) -> tuple[str, ...]:
        kinds = (Kind.REGISTER, Kind.VALUE, Kind.TARGET)
        return tuple(name for name, field in self.format.fields.items() if field.kind in kinds)

    def _is_operand(self, word: str) -> bool:
        return word in self._operand_fields

    def encode(self, *operands: int) -> bytes:
        """Give the 8 bytes for operands in the assembly's order.

        Raises ValueError for an operand that does not fit its field.
        """
        for field, operand in zip(self.fields, operands, strict=True):
            if operand not in field.bounds:
                raise ValueError(
                    f"{self.mnemonic}: {field.name} is {operand}, must be from "
                    f"{field.bounds[0]} to {field.bounds[-1]} in steps of {field.kind.scale}"
                )
        return self.format.build(
            {"opcode": self.opcode}
            | {
                field.name: operand // field.kind.scale
                for field, operand in zip(self.fields, operands, strict=True)
            }
        )

    def format_operands(self, show: Callable[[Field, int], str], operands: Iterable[int]) -> str:
        """Give the assembly, each operand as `show` writes it."""
        shown = {
            field.name: show(field, operand)
            for field, operand in zip(self.fields, operands, strict=True)
        }
        words = re.findall(r"\w+|\W+", self.syntax)
        return "".join(shown.get(word, word) for word in words)


@dataclass(frozen=True)
class Decoded:
    """An instruction word that a row accounts for, with its operands in assembly's order."""

    row: Instruction
    operands: tuple[int, ...]

    @cached_property
    def registers(self) -> tuple[int, ...]:
        """The numbers of the registers it names."""
        return tuple(
            operand
            for field, operand in zip(self.row.fields, self.operands, strict=True)
            if field.kind is Kind.REGISTER
        )

    @cached_property
    def written(self) -> tuple[int, ...]:
        """The numbers of the registers that it names and writes."""
        return tuple(
            operand
            for name, operand in zip(self.row.operands, self.operands, strict=True)
            if name in self.row.meaning.writes
        )


class Rows(list[Instruction]):
    """Rows being declared; the decorator that declares them."""

    def instruction(
        self, opcode: int, syntax: str, form: Format, *, privileged: bool = False
    ) -> Callable[[Body], Body]:
        """Declare the decorated function as the body of a row."""

        def declare(body: Body) -> Body:
            self.append(Instruction(opcode, syntax, form, body, privileged))
            return body

        return declare


class InstructionSet:
    """Rows that do not contradict each other.

    Raises RowError where two rows could match the same bytes or be written the same way.
    """

    def __init__(self, rows: Iterable[Instruction]) -> None:
        self.rows: Final = tuple(rows)
        for one, other in combinations(self.rows, 2):
            (mask, value), (other_mask, other_value) = one.fixed, other.fixed
            if not (value ^ other_value) & mask & other_mask:
                raise RowError(
                    f"{one.syntax!r} and {other.syntax!r} overlap: give one another opcode"
                )
            if one.shape == other.shape:
                raise RowError(f"{one.syntax!r} and {other.syntax!r} are written the same way")
        self._by_opcode: Final = {
            opcode: tuple(row for row in self.rows if row.opcode == opcode)
            for opcode in {row.opcode for row in self.rows}
        }
        self._known: Final[dict[int, Decoded | None]] = {}

    def __iter__(self) -> Iterator[Instruction]:
        return iter(self.rows)

    def __add__(self, rows: Iterable[Instruction]) -> "InstructionSet":
        """Give the set with an extension's rows added."""
        return InstructionSet((*self.rows, *rows))

    def decode(self, word: int) -> Decoded | None:
        """Give the meaning of 8 bytes read as a little-endian number; None where it is illegal.

        Illegal are: an opcode without a row, a field that must be 0 and is not, a register
        that does not exist (isa §2).
        """
        if word not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[word] = self._decode(word)
        return self._known[word]

    def _decode(self, word: int) -> Decoded | None:
        for row in self._by_opcode.get(word & 0xFF, ()):
            mask, value = row.fixed
            if word & mask == value:
                decoded = Decoded(row, tuple(field.extract(word) for field in row.fields))
                return decoded if all(n < len(REGISTERS) for n in decoded.registers) else None
        return None

    def disassemble(
        self, code: bytes, address: int, name: Callable[[int], str] = hex
    ) -> str | None:
        """Give the assembly of the 8 bytes at an address; None where they are illegal.

        `name` writes the address that a target is.
        """
        decoded = self.decode(int.from_bytes(code[:LENGTH], "little"))
        if decoded is None or len(code) < LENGTH:
            return None

        def show(field: Field, operand: int) -> str:
            match field.kind:
                case Kind.REGISTER:
                    return _shown_name(operand)
                case Kind.TARGET:
                    return name((address + operand) & WORD)
                case _:
                    return f"{operand:#x}" if operand > 9 else str(operand)

        return decoded.row.format_operands(show, decoded.operands)


def _shown_name(number: int) -> str:
    register = REGISTERS[number]
    return "sp" if "sp" in register.aliases else register.name


def rows_as_data(rows: Iterable[Instruction]) -> list[dict[str, Any]]:
    """Give rows as plain values, for programs in other languages."""
    return [
        {
            "opcode": row.opcode,
            "syntax": row.syntax,
            "format": row.format.name,
            "operands": list(row.operands),
            "does": row.does,
            "privileged": row.privileged,
        }
        for row in rows
    ]
