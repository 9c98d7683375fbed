"""What a trap carries from the place where it is found to the place where it is entered."""

# Vectors (ISA manual §5).
ILLEGAL = 1
PRIVILEGED = 2
NOT_PRESENT = 3
PROTECTION = 4
MISALIGNED = 5
NOTHING_THERE = 6
DIVISION_BY_ZERO = 7
SYSTEM_CALL = 8
BREAKPOINT = 9
TIMER = 16
RX_WAITING = 17
TX_SPACE = 18

# Kinds of access, as cause reports them for vectors 3 to 6 (ISA manual §5).
LOAD = 0x000
STORE = 0x100
FETCH = 0x200


class Trap(Exception):  # noqa: N818 - "trap" is the ISA's own word, and it is no error of the model
    """An instruction raised a trap: its vector, its detail, and the kind of access."""

    def __init__(self, vector: int, detail: int, kind: int = 0) -> None:
        super().__init__(f"trap {vector}, detail {detail:#x}, kind {kind:#x}")
        self.vector = vector
        self.detail = detail
        self.kind = kind
