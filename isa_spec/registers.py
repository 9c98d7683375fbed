"""The registers: a row each. Knows names, numbers, masks and reset values; holds no state."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from isa_spec.words import WORD


class Status(IntFlag):
    """The bits of the status register (isa §1); all other bits read 0."""

    KERNEL = 1
    VIRTUAL = 2
    INTERRUPTS = 4


@dataclass(frozen=True, slots=True)
class Register:
    """One register (isa §1).

    `mask` tells the bits that keep what is written to them; the others read 0. `dwarf` is its
    number in debugging information (isa §8), None where it has none.
    """

    number: int
    name: str
    meaning: str
    mask: int = WORD
    reset: int = 0
    privileged: bool = False
    aliases: tuple[str, ...] = ()
    dwarf: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that assembly may call it by, its own first."""
        return tuple(dict.fromkeys((self.name, *self.aliases, f"r{self.number}")))


def _general(number: int) -> Register:
    aliases = {11: ("fp",), 12: ("at",)}
    return Register(
        number,
        f"r{number}",
        "general purpose",
        aliases=aliases.get(number, ()),
        dwarf=number if number <= 12 else None,
    )


PC: Final = 16
LINK: Final = 17
STATUS: Final = 18
PTBR: Final = 19
IVEC: Final = 20
IMASK: Final = 21
EPC: Final = 22
ESTATUS: Final = 23
CAUSE: Final = 24
DETAIL: Final = 25
SP: Final = 15

RESET_PC: Final = 0x1000
STATUS_BITS: Final = int(Status.KERNEL | Status.VIRTUAL | Status.INTERRUPTS)

REGISTERS: Final = (
    *(_general(n) for n in range(15)),
    Register(SP, "r15", "general purpose; stack pointer by convention", aliases=("sp",), dwarf=13),
    Register(PC, "pc", "program counter", reset=RESET_PC, dwarf=15),
    Register(LINK, "link", "return address of the last `branch`", dwarf=14),
    Register(
        STATUS,
        "status",
        "bit 0 kernel mode, bit 1 virtual memory, bit 2 interrupts enabled",
        mask=STATUS_BITS,
        reset=int(Status.KERNEL),
        privileged=True,
    ),
    Register(
        PTBR,
        "ptbr",
        "page table: its physical address (bits 31–12), its length in pages (bits 11–0)",
        privileged=True,
    ),
    Register(
        IVEC,
        "ivec",
        "physical address of the interrupt vector, 32 words",
        mask=WORD & ~0b11,
        privileged=True,
    ),
    Register(
        IMASK,
        "imask",
        "bit n set lets interrupt n through",
        mask=0xFFFF_0000,
        privileged=True,
    ),
    Register(EPC, "epc", "pc saved by a trap", privileged=True),
    Register(ESTATUS, "estatus", "status saved by a trap", mask=STATUS_BITS, privileged=True),
    Register(CAUSE, "cause", "vector number, plus the kind of access", privileged=True),
    Register(DETAIL, "detail", "what the trap was about", privileged=True),
    Register(26, "ks0", "scratch for the kernel", privileged=True),
    Register(27, "ks1", "scratch for the kernel", privileged=True),
)

MASKS: Final = tuple(register.mask for register in REGISTERS)
BY_NAME: Final = {name: register for register in REGISTERS for name in register.names}


def _check() -> None:
    if [register.number for register in REGISTERS] != list(range(len(REGISTERS))):
        raise ValueError("registers: the numbers must count up from 0 without a gap")
    if len(BY_NAME) != sum(len(register.names) for register in REGISTERS):
        raise ValueError("registers: two registers share a name")


_check()
