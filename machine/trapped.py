"""Traps: the exception between whoever finds a fault and the engine, and what came of it."""

from dataclasses import dataclass

from isa_spec.traps import Access, Vector


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened at an instruction.

    `time`: ticks completed before it. `pc`: its address, as the program has it.
    """

    time: int
    pc: int


@dataclass(frozen=True, slots=True)
class Entered(Happening):
    """A trap or an interrupt was entered, or the CPU check-stopped over it (isa §5).

    `pc` is the instruction that was to blame, or that an interrupt came before; `cause` and
    `detail` as the registers have them; `status` and `ptbr` as they were before: what address space
    that was in.
    """

    cause: int
    detail: int
    status: int
    ptbr: int


class Trap(Entered):
    """An instruction trapped."""

    __slots__ = ()


class Interrupt(Entered):
    """An interrupt was taken."""

    __slots__ = ()


class Trapped(Exception):  # noqa: N818 - an event of the machine, not an error of ours
    """An instruction raised a trap; it has changed nothing else."""

    def __init__(self, vector: Vector, detail: int, access: Access | None = None) -> None:
        self.vector = vector
        self.detail = detail
        self.access = access
