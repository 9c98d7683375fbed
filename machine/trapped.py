"""How an instruction is given up: the exception between whoever finds a fault and the engine."""

from isa_spec.traps import Access, Vector


class Trapped(Exception):  # noqa: N818 - an event of the machine, not an error of ours
    """An instruction raised a trap; it has changed nothing else."""

    def __init__(self, vector: Vector, detail: int, access: Access | None = None) -> None:
        self.vector = vector
        self.detail = detail
        self.access = access
