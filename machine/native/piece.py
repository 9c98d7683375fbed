"""Pieces of machine code before they have a place, and the writer that templates write them with.

Knows bytes, and the holes in them that some place has to be filled into. Must not know which
processor they are for, or what they do.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum
from typing import Final

from isa_spec.registers import IMASK, PTBR, STATUS
from machine.native.frame import Exit

ATTENDED: Final = frozenset({STATUS, PTBR, IMASK})
"""Registers whose writes change more than a register: the mode, the address space, interrupts."""


@dataclass(frozen=True, slots=True)
class Mode:
    """What code depends on beside its instructions.

    `table`: accesses go by the TLB; else addresses are physical. `kernel`: privileged
    registers may be used.
    """

    table: bool
    kernel: bool


@dataclass(frozen=True, slots=True)
class Place:
    """What a template may know of where its instruction is.

    `known` tells the registers whose values are certain there, `port` whether it was seen to use a
    port: it is the last of its block then.
    """

    pc: int
    mode: Mode
    memory_size: int
    known: Mapping[int, int] = field(default_factory=dict)
    port: bool = False


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave machine code before the instruction, for this reason."""

    why: Exit


@dataclass(frozen=True, slots=True)
class Follow:
    """Go on at the guest's address, this instruction being done."""

    pc: int


class Common(Enum):
    """Code that all blocks share; none of it is entered but with the budget exact."""

    LEAVE = "leave"
    """Return to Python, the frame's pc being exact."""
    LOOK = "look"
    """As LEAVE, unless the budget is used up for the timer's sake."""
    MISSED = "missed"
    """There is no code for the address in the register for that."""
    SPACE = "space"
    """Go on at the address in the register for that: status, ptbr or lines may have changed."""
    TRAP = "trap"
    """Enter a trap that is raised after its instruction, at the frame's pc."""
    LOAD_PORT = "load port"
    STORE_PORT = "store port"
    """Called for what a port does that machine code can do."""
    TRANSLATE = "translate"
    """Called to fill the TLB for an access."""
    EXPIRE = "expire"
    """Called before a store to a word that is marked; tells whether it may be done."""


class Section(IntEnum):
    """Which part of a block: what is likely executed, and what is out of its way."""

    LIKELY = 0
    ASIDE = 1


@dataclass(eq=False, slots=True)
class Label:
    """A place in a piece, once it is put there."""

    section: Section = Section.LIKELY
    offset: int = -1


Goal = Label | Leave | Follow | Common


@dataclass(frozen=True, slots=True)
class Hole:
    """Where in a section a distance to a goal belongs, as the processor encodes it."""

    section: Section
    offset: int
    goal: Goal


@dataclass(slots=True)
class Piece:
    """What a template wrote for one instruction; `code` is by sections."""

    code: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    holes: list[Hole] = field(default_factory=list)
    ends: bool = False
    """Whether nothing is executed after it: all of its ways lead elsewhere."""

    def leaving(self, goal: Leave) -> "Piece":
        """Give the same with a goal wherever it would go on at another address of the guest's."""
        holes = [
            replace(hole, goal=goal) if isinstance(hole.goal, Follow) else hole
            for hole in self.holes
        ]
        return Piece(self.code, holes, self.ends)


class Writer:
    """Writes a piece: each call of `emit` is one instruction of the host."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.piece = Piece()
        self._section = Section.LIKELY

    def emit(self, code: bytes, goal: Goal | None = None) -> None:
        """Write an instruction; one with a goal has a hole of 4 bytes for it after `code`."""
        to = self.piece.code[self._section]
        to += code
        if goal is not None:
            self.piece.holes.append(Hole(self._section, len(to), goal))
            to += b"\0\0\0\0"

    def put(self, label: Label) -> None:
        """Have a label stand here."""
        label.section, label.offset = self._section, len(self.piece.code[self._section])

    def here(self) -> Label:
        """Give a label that stands here."""
        label = Label()
        self.put(label)
        return label

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Write out of the way of what is likely."""
        self._section = Section.ASIDE
        yield
        self._section = Section.LIKELY
