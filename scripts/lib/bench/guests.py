"""The guests that are debugged: the same loop for each machine, and room for data behind it.

Knows the two instruction sets; must not know who runs them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from toolchain.assembler import assemble
from toolchain.program import Program
from toolchain.writers import write_image

PAYLOAD: Final = 4 << 20
"""Bytes of data that an image carries, for `load`."""
_SAID: Final = 0xA5


@dataclass(frozen=True, slots=True)
class Guest:
    """A loop that counts up by one for ever, of two instructions, and where its parts are.

    `counter` and `pc` are the numbers of registers in packets, `counter_name` is what gdb calls the
    first. The loop's first instruction, at `loop`, is reached with 0 from `start`. `data` is an
    address from which on nothing is executed.
    """

    code: str
    start: int
    loop: int
    data: int
    counter: int
    counter_name: str
    pc: int

    def build(self, path: Path, payload: int) -> None:
        """Write an ELF image with so many bytes of data."""
        write_image(self._program(payload), path)

    def _program(self, payload: int) -> Program:
        origin = f".org {self.start:#x}\n"
        return assemble("loop.s", f"{origin}{self.code}.align 4096\n.space {payload}, {_SAID}\n")


SOCLET: Final = Guest(
    code="mov r0, 0\nmov r1, 1\nloop: add r0, r1\njmp loop\n",
    start=0x1000,
    loop=0x1010,
    data=0x2000,
    counter=0,
    counter_name="r0",
    pc=15,
)

RISCV: Final = Guest(
    code="""
        .word   0x00000513              ; li   a0, 0
        .word   0x00150513              ; addi a0, a0, 1
        .word   0xffdff06f              ; j    .-4
    """,
    start=0x8000_0000,
    loop=0x8000_0004,
    data=0x8000_1000,
    counter=10,
    counter_name="a0",
    pc=32,
)
