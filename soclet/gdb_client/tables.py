"""What the script knows of the ISA: tables made of isa_spec, in the form that the parts want.

Knows isa_spec's rows and gdb's names for registers. Must not know any instruction.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from isa_spec.formats import Field
from isa_spec.instruction import Instruction
from isa_spec.instructions import BASE
from isa_spec.paging import Entry
from isa_spec.registers import BY_NAME, REGISTERS
from soclet import description


@dataclass(frozen=True, slots=True)
class Row:
    """An instruction, as far as showing and following it goes.

    An instruction word is this one's where `word & mask == value`. `fields` are the operands' in
    the order of the assembly; `writes` names those that are registers it writes. `body` is its
    meaning, which takes the registers alone where it is `quiet`, else the CPU.
    """

    syntax: str
    mask: int
    value: int
    fields: tuple[Field, ...]
    writes: tuple[str, ...]
    quiet: bool
    body: Callable[..., None]


def rows_of(instructions: Iterable[Instruction]) -> tuple[Row, ...]:
    """Give the rows of an instruction set."""
    return tuple(
        Row(
            row.syntax,
            *row.fixed,
            row.fields,
            tuple(sorted(row.meaning.writes)),
            row.meaning.quiet,
            row.body,
        )
        for row in instructions
    )


ROWS: Final = rows_of(BASE)

SHOWN: Final = {
    register.number: "sp" if "sp" in register.aliases else register.name for register in REGISTERS
}
"""What assembly calls each register."""

GDB_NAMES: Final = {
    register.number: tuple(
        slot.name for slot in description.SLOTS if slot.number == register.number
    )
    for register in REGISTERS
}
"""What gdb calls each register. Where it has two names, they are two registers to gdb, and only
the first is the one that it unwinds by itself."""

CONSTANT_NAMES: Final = tuple(slot.name for slot in description.SLOTS if slot.number is None)
"""What gdb needs and we have not: always 0."""

ENTRY_BITS: Final = {name.lower(): int(bit) for name, bit in Entry.__members__.items()}
"""The bits of a page table entry by name."""

WORD_BYTES: Final = 4

CAUSE_VECTOR: Final = 0xFF
"""The bits of cause that are the vector's number (isa §5)."""

SCRATCH: Final = (BY_NAME["ks0"].number, BY_NAME["ks1"].number)
"""What any handler may use without saving it."""
