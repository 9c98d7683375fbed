"""Traps and interrupts: a row for each vector. Knows what they mean, not who raises them."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Access(IntEnum):
    """The kind of a memory access, as cause reports it (isa §5)."""

    LOAD = 0x000
    STORE = 0x100
    FETCH = 0x200


@dataclass(frozen=True, slots=True)
class Vector:
    """One vector (isa §5).

    `detail` says what the detail register holds; `access` whether cause also tells the kind of
    access; `after` whether epc is the next instruction rather than the one to blame;
    `interrupt` whether it is a level that the mask lets through or holds back.
    """

    number: int
    name: str
    what: str
    detail: str = "0"
    access: bool = False
    after: bool = False
    interrupt: bool = False

    @property
    def bit(self) -> int:
        """Its bit in imask and in the port of pending interrupts."""
        return 1 << self.number


ILLEGAL: Final = Vector(1, "illegal", "illegal instruction", "its low word")
PRIVILEGED: Final = Vector(
    2, "privileged", "privileged register or instruction in user mode", "its low word"
)
ABSENT: Final = Vector(3, "absent", "page not present", "the address used", access=True)
PROTECTED: Final = Vector(4, "protected", "page protection", "the address used", access=True)
MISALIGNED: Final = Vector(5, "misaligned", "misaligned address", "the address used", access=True)
NOTHING: Final = Vector(
    6,
    "nothing",
    "nothing at that address, or a port used in the wrong direction",
    "the address used",
    access=True,
)
DIVISION: Final = Vector(7, "division", "division by zero")
SYSTEM_CALL: Final = Vector(8, "system-call", "`trap value`", "value", after=True)
BREAK: Final = Vector(9, "break", "`brk` with no debugger", after=True)
TIMER: Final = Vector(16, "timer", "timer", interrupt=True)
SERIAL_RX: Final = Vector(17, "serial-rx", "serial line: a byte is waiting on RX", interrupt=True)
SERIAL_TX: Final = Vector(18, "serial-tx", "serial line: there is space on TX", interrupt=True)

VECTORS: Final = (
    ILLEGAL,
    PRIVILEGED,
    ABSENT,
    PROTECTED,
    MISALIGNED,
    NOTHING,
    DIVISION,
    SYSTEM_CALL,
    BREAK,
    TIMER,
    SERIAL_RX,
    SERIAL_TX,
)
VECTOR_COUNT: Final = 32
FIRST_INTERRUPT: Final = 16
BY_NUMBER: Final = {vector.number: vector for vector in VECTORS}
"""The vectors that this machine raises; the others of the 32 belong to further devices."""


def _check() -> None:
    if len(BY_NUMBER) != len(VECTORS) or len({v.name for v in VECTORS}) != len(VECTORS):
        raise ValueError("traps: two vectors share a number or a name")
    for vector in VECTORS:
        if vector.interrupt != (FIRST_INTERRUPT <= vector.number < VECTOR_COUNT):
            raise ValueError(f"traps: {vector.name}: interrupts have the vectors from 16 to 31")


_check()
