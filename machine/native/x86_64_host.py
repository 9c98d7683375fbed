"""The x86-64 back end: what joins templates to blocks, and blocks to what they share.

Must not know what a block is made of. A back end for another processor is a module like this one,
with its encodings and templates.
"""

from collections.abc import Mapping
from typing import Final

from isa_spec.instruction import Body
from isa_spec.registers import PC
from machine.native.backend import Shared
from machine.native.frame import register_at
from machine.native.piece import Common, Goal, Mode, Place, Writer
from machine.native.x86_64 import JMP, RET, Alu, Cond, Mem, Reg, alu, jcc, mov
from machine.native.x86_64_code import BUDGET, Code
from machine.native.x86_64_shared import shared
from machine.native.x86_64_templates import TEMPLATES, Template


class X86_64:  # noqa: N801 - the processor's name
    """See Backend."""

    answer: Final = mov(Reg.RAX, 42) + RET

    templates: Final[Mapping[Body, Template]] = TEMPLATES

    def writer(self, place: Place) -> Code:
        """Give a writer for a template."""
        return Code(place)

    def take_budget(self, x: Writer, count: int, short: Goal) -> None:
        """Take instructions from the budget; go to `short` where it does not suffice."""
        x.emit(alu(Alu.SUB, BUDGET, count))
        x.emit(jcc(Cond.NEGATIVE), short)

    def give_back(self, x: Writer, count: int) -> None:
        """Give instructions that are not executed after all back to the budget."""
        if count:
            x.emit(alu(Alu.ADD, BUDGET, count))

    def leave(self, x: Writer, pc: int, why: int, shared: Common) -> None:
        """Go to shared code that returns to Python, pc being this."""
        x.emit(mov(Mem(Reg.RSP, register_at(PC)), pc))
        x.emit(mov(Reg.RAX, why))
        x.emit(JMP, shared)

    def jump(self, x: Writer, goal: Goal) -> None:
        """Go to a goal."""
        x.emit(JMP, goal)

    def jump_by_table(self, x: Code, pc: int) -> None:
        """Go to wherever the address space has this address."""
        x.emit(mov(Reg.RAX, pc))
        x.jump_indirect()

    def fill(self, code: memoryview | bytearray, at: int, target: int) -> None:
        """Fill a hole: make the jump that it belongs to go to `target`, both offsets in `code`."""
        code[at : at + 4] = (target - at - 4).to_bytes(4, "little", signed=True)

    def shared(self, home: int, memory_size: int) -> Shared:
        """Give the code that all blocks share; `home` is the address of the engine's frame."""
        return shared(self.writer(Place(0, Mode(table=False, kernel=True), memory_size)), home)
