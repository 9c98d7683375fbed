"""How an instruction is given up: the exception between whoever finds a fault and the engine."""

from dataclasses import dataclass

from isa_spec.traps import Access, Vector


@dataclass(frozen=True, slots=True)
class Entered:
    """A trap or interrupt that was entered: when, from where, and what cause and detail said.

    `pc`: the instruction that was to blame, or that an interrupt came before. `status` and `ptbr`
    as they were: what address space that was in.
    """

    time: int
    pc: int
    cause: int
    detail: int
    status: int
    ptbr: int


class Trapped(Exception):  # noqa: N818 - an event of the machine, not an error of ours
    """An instruction raised a trap; it has changed nothing else."""

    def __init__(self, vector: Vector, detail: int, access: Access | None = None) -> None:
        self.vector = vector
        self.detail = detail
        self.access = access
