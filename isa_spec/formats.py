"""The shapes of an instruction's 8 bytes, as construct structs, and what follows from them.

Knows bytes and fields. Must not know which instruction uses which shape.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from construct import Construct, Int8ul, Int16sl, Int16ul, Int32ul, Struct

LENGTH: Final = 8
"""Bytes of an instruction, and the alignment of its address."""


class Kind(Enum):
    """What a field means to assembly and to a body."""

    OPCODE = "opcode"
    REGISTER = "register"
    VALUE = "value"
    TARGET = "target"
    ZERO = "zero"

    @property
    def scale(self) -> int:
        """How many units of the operand one unit of the field is.

        A target is stored in instructions and handed to bodies in bytes from the instruction.
        """
        return LENGTH if self is Kind.TARGET else 1


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a format: where it lies in the instruction read as a little-endian number.

    Derived from construct by building probes, so the struct alone says where a field is.
    """

    name: str
    kind: Kind
    shift: int
    ones: int
    signed: bool

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return self.ones << self.shift

    @property
    def bounds(self) -> range:
        """The operands that can be stored, in the operand's units."""
        half = (self.ones + 1) // 2
        low, high = (-half, half) if self.signed else (0, self.ones + 1)
        return range(low * self.kind.scale, high * self.kind.scale, self.kind.scale)

    def extract(self, word: int) -> int:
        """Give the operand that a 64-bit instruction word holds here."""
        raw = (word >> self.shift) & self.ones
        if self.signed and raw > self.ones >> 1:
            raw -= self.ones + 1
        return raw * self.kind.scale


class Format:
    """A named shape: a construct struct with the kind of each of its fields.

    Raises ValueError for a shape that is not 8 bytes or does not start with the opcode.
    """

    __slots__ = ("fields", "name", "struct")

    def __init__(self, name: str, **fields: tuple[Construct, Kind]) -> None:
        self.name = name
        self.struct: Any = Struct(*(field / con for field, (con, _) in fields.items()))
        if self.struct.sizeof() != LENGTH:
            raise ValueError(f"format {name}: {self.struct.sizeof()} bytes, must be {LENGTH}")
        self.fields = {field: self._probe(field, kind) for field, (_, kind) in fields.items()}
        opcode = next(iter(self.fields.values()))
        if (opcode.kind, opcode.mask) != (Kind.OPCODE, 0xFF):
            raise ValueError(f"format {name}: the first byte must be the opcode")

    def _probe(self, field: str, kind: Kind) -> Field:
        zeros = dict.fromkeys((con.name for con in self.struct.subcons), 0)
        one = int.from_bytes(self.struct.build(zeros | {field: 1}), "little")
        all_ones = self.struct.parse(b"\xff" * LENGTH)[field]
        ones = (1 << 8 * getattr(self.struct, field).sizeof()) - 1
        return Field(field, kind, one.bit_length() - 1, ones, signed=all_ones < 0)

    def build(self, fields: dict[str, int]) -> bytes:
        """Give the 8 bytes; fields that are not named are 0."""
        built: bytes = self.struct.build(dict.fromkeys(self.fields, 0) | fields)
        return built

    def __repr__(self) -> str:
        return f"Format({self.name!r})"


GENERAL: Final = Format(
    "general",
    opcode=(Int8ul, Kind.OPCODE),
    a=(Int8ul, Kind.REGISTER),
    b=(Int8ul, Kind.REGISTER),
    zero=(Int8ul, Kind.ZERO),
    zeros=(Int32ul, Kind.ZERO),
)
WITH_VALUE: Final = Format(
    "with value",
    opcode=(Int8ul, Kind.OPCODE),
    a=(Int8ul, Kind.REGISTER),
    zero=(Int16ul, Kind.ZERO),
    value=(Int32ul, Kind.VALUE),
)
CONDBR: Final = Format(
    "condbr",
    opcode=(Int8ul, Kind.OPCODE),
    a=(Int8ul, Kind.REGISTER),
    target=(Int16sl, Kind.TARGET),
    value=(Int32ul, Kind.VALUE),
)
FORMATS: Final = (GENERAL, WITH_VALUE, CONDBR)
