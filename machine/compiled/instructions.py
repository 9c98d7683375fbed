"""The instructions at addresses, as the compiler sees them: decoded, and whether it takes them.

Knows the instruction set and the words in memory; must not know what any instruction does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from isa_spec.formats import LENGTH
from isa_spec.instruction import Decoded, InstructionSet
from isa_spec.registers import REGISTERS
from isa_spec.words import WORD

Locate = Callable[[int], int | None]
"""Gives the physical address of the instruction at an address, None where none can be fetched."""


@dataclass(frozen=True)
class Instruction:
    """A decoded instruction at an address as the program sees it."""

    address: int
    physical: int
    decoded: Decoded

    @property
    def following(self) -> int:
        """Where the next instruction is."""
        return (self.address + LENGTH) & WORD

    @cached_property
    def plain(self) -> bool:
        """Whether every mode may execute it."""
        registers = self.decoded.registers
        return not self.decoded.row.privileged and not any(
            REGISTERS[number].privileged for number in registers
        )


class Listing:
    """Decodes instructions where they are first asked for."""

    def __init__(self, instructions: InstructionSet, words: memoryview, locate: Locate) -> None:
        self._instructions = instructions
        self._words = words
        self._locate = locate
        self._known: dict[int, Instruction | None] = {}

    def at(self, address: int) -> Instruction | None:
        """Give the instruction at an address; None where there is none that is legal."""
        if address not in self._known:
            self._known[address] = self._decode(address)
        return self._known[address]

    def _decode(self, address: int) -> Instruction | None:
        physical = None if address % LENGTH else self._locate(address)
        if physical is None:
            return None
        low, high = self._words[physical >> 2], self._words[(physical >> 2) + 1]
        decoded = self._instructions.decode(low | high << 32)
        return None if decoded is None else Instruction(address, physical, decoded)
