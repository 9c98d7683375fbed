"""The instructions at addresses, as the compiler sees them: decoded, and whether it takes them.

Knows the instruction set and the words in memory; must not know what any instruction does.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from isa_spec.formats import LENGTH
from isa_spec.instruction import Decoded, InstructionSet
from isa_spec.paging import OFFSET, PAGE_SHIFT
from isa_spec.registers import REGISTERS
from isa_spec.words import WORD
from machine.coverage import Coverage, Covered

Locate = Callable[[int], int | None]
"""Gives the physical address of an address, None where no instruction can be fetched there."""


@dataclass(frozen=True)
class Instruction:
    """A decoded instruction, and its 64 bits, at an address as the program sees it.

    `unseen`: the ways of a conditional branch that it was not seen to go, where that is looked for.
    """

    address: int
    physical: int
    word: int
    decoded: Decoded
    unseen: Covered = Covered.NOTHING

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
    """Decodes instructions where they are first asked for.

    coverage: what is to see each instruction, and each way of a branch, once: until then they are
    left to the reference.
    """

    def __init__(
        self,
        instructions: InstructionSet,
        words: memoryview,
        locate: Locate,
        coverage: Coverage | None,
    ) -> None:
        self._coverage = coverage
        self._instructions = instructions
        self._words = words
        self._locate = locate
        self._frames: dict[int, int | None] = {}
        self._known: dict[int, Instruction | None] = {}

    def at(self, address: int) -> Instruction | None:
        """Give the instruction at an address; None where there is none to be compiled."""
        if address not in self._known:
            self._known[address] = self._decode(address)
        return self._known[address]

    def word(self, address: int) -> tuple[int, int] | None:
        """Give the physical address and the 64 bits of what can be fetched at an address."""
        page = address >> PAGE_SHIFT
        if page not in self._frames:
            self._frames[page] = self._locate(address & ~OFFSET)
        frame = self._frames[page]
        if frame is None or address % LENGTH:
            return None
        physical = frame | address & OFFSET
        return physical, self._words[physical >> 2] | self._words[(physical >> 2) + 1] << 32

    def _decode(self, address: int) -> Instruction | None:
        found = self.word(address)
        if found is None:
            return None
        physical, word = found
        decoded = self._instructions.decode(word)
        if decoded is None:
            return None
        unseen = Covered.NOTHING
        if self._coverage is not None:
            unseen = self._coverage.missing(physical, decides=decoded.row.meaning.decides)
        if unseen & Covered.EXECUTED:
            return None
        return Instruction(address, physical, word, decoded, unseen)
