"""The x86-64 back end: how machine code is entered and left, and what joins templates to blocks.

Knows the System V calling convention and the frame. Must not know what a block is made of. A back
end for another processor is a module like this one, with its encodings and templates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from isa_spec.instruction import Body
from isa_spec.registers import PC
from machine.native import frame
from machine.native.frame import Exit, register_at
from machine.native.piece import Common, Goal, Place, Writer
from machine.native.x86_64 import (
    JMP,
    RET,
    Alu,
    Cond,
    Mem,
    Reg,
    alu,
    jcc,
    jump_to,
    mov,
    mov_address,
    movups_load,
    movups_store,
    pop,
    push,
)
from machine.native.x86_64_templates import BUDGET, PINNED, TEMPLATES, Code, Template

_SAVED: Final = (Reg.RBX, Reg.RBP, Reg.R12, Reg.R13, Reg.R14, Reg.R15)
"""What a function must leave as it found it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The code that all blocks share, and where in it the parts are.

    enter: a function of the address to start at and the budget, which gives an Exit. leave: with
    the Exit in eax. missed: with pc in eax.
    """

    code: bytes
    enter: int
    leave: int
    missed: int


class X86_64:  # noqa: N801 - the processor's name
    """What the rest of the engine asks of a processor."""

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

    def leave(self, x: Writer, pc: int, why: Exit, shared: Goal) -> None:
        """Return to Python, pc being this; `shared` stands for the shared code's `leave`."""
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

    def shared(self, home: int) -> Shared:
        """Give the code that all blocks share; `home` is the address of the engine's frame."""
        enter = [push(register) for register in _SAVED]
        enter.append(alu(Alu.SUB, Reg.RSP, frame.SIZE, wide=True))
        enter.append(mov_address(Reg.RAX, home))
        enter += _copy(Reg.RAX, Reg.RSP, frame.SIZE)
        enter.append(mov(Reg.RBX, Mem(Reg.RSP, frame.MEMORY), wide=True))
        enter.append(mov(BUDGET, Reg.RSI))
        enter.append(mov(Reg.RAX, Reg.RDI, wide=True))
        enter += [mov(at, Mem(Reg.RSP, register_at(number))) for number, at in PINNED.items()]
        enter.append(jump_to(Reg.RAX))

        leave = [mov(Mem(Reg.RSP, register_at(number)), at) for number, at in PINNED.items()]
        leave.append(mov(Mem(Reg.RSP, frame.BUDGET), BUDGET))
        leave.append(mov_address(Reg.RCX, home))
        leave += _copy(Reg.RSP, Reg.RCX, frame.SIZE)
        leave.append(alu(Alu.ADD, Reg.RSP, frame.SIZE, wide=True))
        leave += [pop(register) for register in reversed(_SAVED)]
        leave.append(RET)

        missed = [mov(Mem(Reg.RSP, register_at(PC)), Reg.RAX), mov(Reg.RAX, Exit.LOOK)]
        first, last = b"".join(enter), b"".join(missed)
        code = first + last + b"".join(leave)
        return Shared(code, 0, leave=len(first) + len(last), missed=len(first))


def _copy(source: Reg, to: Reg, size: int) -> list[bytes]:
    """Copy a multiple of 16 bytes from where one register points to where another does."""
    return [
        part
        for at in range(0, size, 16)
        for part in (movups_load(0, Mem(source, at)), movups_store(Mem(to, at), 0))
    ]


__all__ = ["X86_64", "Common", "Shared"]
