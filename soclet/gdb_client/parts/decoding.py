"""Instruction words and their assembly: what isa_spec's InstructionSet does, from its tables."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from isa_spec.formats import Field, Kind
from isa_spec.registers import PC, REGISTERS
from isa_spec.words import WORD
from soclet.gdb_client.tables import ROWS, SHOWN, Row


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction word that a row accounts for, with its operands in assembly's order."""

    row: Row
    operands: tuple[int, ...]

    @property
    def pairs(self) -> tuple[tuple[Field, int], ...]:
        """The operands with their fields."""
        return tuple(zip(self.row.fields, self.operands, strict=True))

    @property
    def registers(self) -> tuple[int, ...]:
        """The numbers of the registers that it names."""
        return tuple(operand for field, operand in self.pairs if field.kind is Kind.REGISTER)

    @property
    def written(self) -> tuple[int, ...]:
        """The numbers of the registers that it names and writes."""
        return tuple(operand for field, operand in self.pairs if field.name in self.row.writes)

    def jumps(self, address: int) -> tuple[int, ...]:
        """Give the addresses that it names as targets, if it is at an address."""
        return tuple(
            (address + operand) & WORD for field, operand in self.pairs if field.kind is Kind.TARGET
        )


def decode(word: int) -> Instruction | None:
    """Give the meaning of 8 bytes read as a little-endian number; None where it is illegal."""
    for row in ROWS:
        if word & row.mask == row.value:
            found = Instruction(row, tuple(field.extract(word) for field in row.fields))
            return found if all(n < len(REGISTERS) for n in found.registers) else None
    return None


def assembly(found: Instruction, address: int, name: Callable[[int], str]) -> str:
    """Give an instruction's assembly; `name` writes the address that a target is."""
    shown = {field.name: _operand(field, n, address, name) for field, n in found.pairs}
    words = re.findall(r"\w+|\W+", found.row.syntax)
    return "".join(shown.get(word, word) for word in words)


def _operand(field: Field, operand: int, address: int, name: Callable[[int], str]) -> str:
    if field.kind is Kind.REGISTER:
        return SHOWN[operand]
    if field.kind is Kind.TARGET:
        return name((address + operand) & WORD)
    return f"{operand:#x}" if operand > 9 else str(operand)


def named_value(found: Instruction) -> tuple[int, bool] | None:
    """Give the value in an instruction that may be an address, and whether it is jumped to."""
    for field, operand in found.pairs:
        if field.kind is Kind.VALUE:
            return operand, PC in found.written
    return None
