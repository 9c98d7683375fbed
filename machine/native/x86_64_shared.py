"""The x86-64 code that all blocks share: in and out, traps, interrupts, changes of address space.

Knows the System V calling convention and the frame. Must not know a block or a row. What is done
here is what `Cpu` does, and a test proves it equal to that.
"""

from collections.abc import Callable
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.memory_map import MEMORY_START
from isa_spec.registers import (
    CAUSE,
    DETAIL,
    EPC,
    ESTATUS,
    IMASK,
    IVEC,
    PC,
    PTBR,
    STATUS,
    Status,
)
from isa_spec.traps import TIMER
from machine.native import frame
from machine.native.backend import Shared
from machine.native.frame import Exit, register_at
from machine.native.piece import Common, Label, Section
from machine.native.spaces import KEY_VALID, POINTERS_AT, SPACE_SHIFT, TABLE_BITS
from machine.native.traps import KEPT, TRAP, TRAP_SHIFT
from machine.native.x86_64 import (
    JMP,
    RET,
    Alu,
    Cond,
    Mem,
    Reg,
    Shift,
    alu,
    jcc,
    jump_to,
    lowest_bit,
    mov,
    mov_address,
    movups_load,
    movups_store,
    pop,
    push,
    shift,
    test,
)
from machine.native.x86_64_code import BUDGET, PINNED, RAX, RBX, RCX, RDX, RSP, Code
from machine.native.x86_64_paging import expire, translate
from machine.native.x86_64_ports import load_port, store_port

_SAVED: Final = (Reg.RBX, Reg.RBP, Reg.R12, Reg.R13, Reg.R14, Reg.R15)
"""What a function must leave as it found it."""

_MODE: Final = int(Status.KERNEL | Status.VIRTUAL)

_CALLED: Final[dict[Common, Callable[[Code], None]]] = {
    Common.TRANSLATE: translate,
    Common.EXPIRE: expire,
    Common.LOAD_PORT: load_port,
    Common.STORE_PORT: store_port,
}
"""What blocks call."""


def shared(x: Code, home: int) -> Shared:
    """Write all of it."""
    parts = {part: Label() for part in Common}
    _enter(x, home)
    x.put(parts[Common.MISSED])
    x.emit(mov(_register(PC), RAX))
    x.emit(mov(RAX, Exit.LOOK))
    x.put(parts[Common.LOOK])
    _look(x, parts)
    x.put(parts[Common.LEAVE])
    _leave(x, home)
    x.put(parts[Common.TRAP])
    _enter_trap(x, parts, interrupt=False)
    interrupt = x.here()
    _interrupt(x, parts)
    x.put(parts[Common.SPACE])
    _go_on(x, parts, interrupt)
    for part, write in _CALLED.items():
        x.put(parts[part])
        write(x)
    code = x.piece.code[Section.LIKELY]
    for hole in x.piece.holes:
        target = hole.goal if isinstance(hole.goal, Label) else parts[Common(hole.goal)]
        code[hole.offset : hole.offset + 4] = (target.offset - hole.offset - 4).to_bytes(
            4, "little", signed=True
        )
    return Shared(bytes(code), 0, {part: label.offset for part, label in parts.items()})


def _register(number: int) -> Mem:
    return Mem(RSP, register_at(number))


# In and out


def _enter(x: Code, home: int) -> None:
    """A function of the address to start at, which comes in rdi, and the budget, in esi."""
    for register in _SAVED:
        x.emit(push(register))
    x.emit(alu(Alu.SUB, RSP, frame.SIZE, wide=True))
    x.emit(mov_address(RAX, home))
    _copy(x, RAX, RSP)
    x.emit(mov(RBX, Mem(RSP, frame.MEMORY), wide=True))
    x.emit(mov(BUDGET, Reg.RSI))
    x.emit(mov(RAX, Reg.RDI, wide=True))
    for number, at in PINNED.items():
        x.emit(mov(at, _register(number)))
    x.emit(jump_to(RAX))


def _leave(x: Code, home: int) -> None:
    """Return eax, an Exit."""
    for number, at in PINNED.items():
        x.emit(mov(_register(number), at))
    x.emit(mov(Mem(RSP, frame.BUDGET), BUDGET))
    x.emit(mov_address(RCX, home))
    _copy(x, RSP, RCX)
    x.emit(alu(Alu.ADD, RSP, frame.SIZE, wide=True))
    for register in reversed(_SAVED):
        x.emit(pop(register))
    x.emit(RET)


def _copy(x: Code, source: Reg, to: Reg) -> None:
    """Copy a frame from where one register points to where another does."""
    for at in range(0, frame.SIZE, 16):
        x.emit(movups_load(0, Mem(source, at)))
        x.emit(movups_store(Mem(to, at), 0))


def _look(x: Code, parts: dict[Common, Label]) -> None:
    """Where the budget is used up because the timer is due, raise its line and go on."""
    x.emit(test(BUDGET, BUDGET))
    x.emit(jcc(Cond.NOT_EQUAL), parts[Common.LEAVE])
    x.emit(mov(RDX, Mem(RSP, frame.STAY), wide=True))
    x.emit(mov(RCX, Mem(RSP, frame.END), wide=True))
    x.emit(alu(Alu.CMP, RDX, RCX, wide=True))
    x.emit(jcc(Cond.EQUAL), parts[Common.LEAVE])
    x.emit(mov(Mem(RSP, frame.END), RDX, wide=True))
    x.emit(alu(Alu.SUB, RDX, RCX))
    x.emit(mov(BUDGET, RDX))
    x.emit(alu(Alu.OR, Mem(RSP, frame.LINES), TIMER.bit))
    x.emit(mov(RAX, _register(PC)))
    x.emit(JMP, parts[Common.SPACE])


# Where to go on


def _go_on(x: Code, parts: dict[Common, Label], interrupt: Label) -> None:
    """Go on at the address in eax, in the space that status and ptbr say now."""
    physical = Label()
    x.emit(mov(_register(PC), RAX))
    x.emit(mov(RAX, Exit.LOOK))
    x.emit(test(BUDGET, BUDGET))
    x.emit(jcc(Cond.EQUAL), parts[Common.LOOK])
    x.emit(mov(RCX, _register(STATUS)))
    x.emit(mov(RDX, Mem(RSP, frame.LINES)))
    x.emit(alu(Alu.AND, RDX, _register(IMASK)))
    no_line = Label()
    x.emit(jcc(Cond.EQUAL), no_line)
    x.emit(alu(Alu.AND, RCX, Mem(RSP, frame.GATE)))
    x.emit(jcc(Cond.NOT_EQUAL), interrupt)
    x.emit(mov(RCX, _register(STATUS)))
    x.put(no_line)
    x.emit(alu(Alu.AND, RCX, _MODE))
    x.emit(mov(RDX, RCX))
    x.emit(alu(Alu.AND, RDX, int(Status.VIRTUAL)))
    x.emit(jcc(Cond.EQUAL), physical)
    x.emit(mov(RDX, _register(PTBR)))
    x.put(physical)
    x.emit(shift(Shift.SHL, RDX, 32, wide=True))
    x.emit(alu(Alu.ADD, RDX, RCX, wide=True))
    x.emit(mov(RAX, RDX, wide=True))
    x.emit(shift(Shift.SHR, RAX, 32 + TABLE_BITS.start, wide=True))
    x.emit(alu(Alu.AND, RAX, TABLE_BITS.mask))
    x.emit(alu(Alu.ADD, RAX, RCX))
    x.emit(shift(Shift.SHL, RAX, SPACE_SHIFT))
    x.emit(alu(Alu.ADD, RAX, Mem(RSP, frame.SPACES), wide=True))
    x.emit(alu(Alu.OR, RDX, KEY_VALID, wide=True))
    x.emit(alu(Alu.CMP, RDX, Mem(RAX), wide=True))
    unknown = Label()
    x.emit(jcc(Cond.NOT_EQUAL), unknown)
    for at in (0, 16):
        x.emit(movups_load(0, Mem(RAX, POINTERS_AT + at)))
        x.emit(movups_store(Mem(RSP, frame.TLB + at), 0))
    x.emit(mov(RAX, _register(PC)))
    x.jump_indirect()
    x.put(unknown)
    x.emit(mov(RAX, Exit.LOOK))
    x.emit(JMP, parts[Common.LEAVE])


# Traps and interrupts


def _interrupt(x: Code, parts: dict[Common, Label]) -> None:
    """Enter the interrupt of the lowest line in edx, if that is done here."""
    x.emit(alu(Alu.CMP, Mem(RSP, frame.ENTERS), 0))
    x.emit(jcc(Cond.EQUAL), parts[Common.LEAVE])  # eax is LOOK
    x.emit(lowest_bit(RCX, RDX))
    x.emit(mov(Mem(RSP, frame.ADDRESS), 0))
    _enter_trap(x, parts, interrupt=True)


def _enter_trap(x: Code, parts: dict[Common, Label], *, interrupt: bool) -> None:
    """Enter vector ecx at the frame's pc, the detail being in ADDRESS; else leave to Python."""
    refused = Label()
    x.emit(mov(RDX, _register(IVEC)))
    x.emit(shift(Shift.SHR, RDX, 2))
    x.emit(alu(Alu.ADD, RDX, RCX))
    x.emit(shift(Shift.SHL, RDX, 2))
    _check_memory(x, 4, refused)
    x.emit(mov(RDX, Mem(RBX, 0, RDX)))
    x.emit(mov(RAX, RDX))
    x.emit(alu(Alu.AND, RAX, LENGTH - 1))
    x.emit(jcc(Cond.NOT_EQUAL), refused)
    _check_memory(x, LENGTH, refused)
    x.emit(mov(RAX, Mem(RSP, frame.TRAPPED)))
    x.emit(alu(Alu.AND, RAX, KEPT - 1))
    x.emit(shift(Shift.SHL, RAX, TRAP_SHIFT))
    x.emit(alu(Alu.ADD, RAX, Mem(RSP, frame.TRAPS), wide=True))
    x.emit(alu(Alu.ADD, Mem(RSP, frame.TRAPPED), 1))
    x.emit(mov(_register(CAUSE), RCX))
    x.emit(mov(Mem(RAX, TRAP.cause), RCX))
    x.time(RCX, Mem(RSP, frame.END), 0 if interrupt else 1)
    x.emit(mov(Mem(RAX, TRAP.time), RCX, wide=True))
    x.emit(mov(RCX, _register(PC)))
    x.emit(mov(Mem(RAX, TRAP.pc), RCX))
    if interrupt:
        x.emit(alu(Alu.ADD, Mem(RSP, frame.INTERRUPTED), 1))
    else:
        x.emit(alu(Alu.ADD, RCX, LENGTH))
    x.emit(mov(_register(EPC), RCX))
    x.emit(mov(RCX, Mem(RSP, frame.ADDRESS)))
    x.emit(mov(_register(DETAIL), RCX))
    x.emit(mov(Mem(RAX, TRAP.detail), RCX))
    x.emit(mov(RCX, _register(STATUS)))
    x.emit(mov(_register(ESTATUS), RCX))
    x.emit(mov(Mem(RAX, TRAP.status), RCX))
    x.emit(mov(RCX, _register(PTBR)))
    x.emit(mov(Mem(RAX, TRAP.ptbr), RCX))
    x.emit(mov(_register(STATUS), int(Status.KERNEL)))
    x.emit(mov(RAX, RDX))
    x.emit(JMP, parts[Common.SPACE])
    x.put(refused)
    if not interrupt:
        x.emit(alu(Alu.ADD, BUDGET, 1))
    x.emit(mov(RAX, Exit.LOOK if interrupt else Exit.STEP))
    x.emit(JMP, parts[Common.LEAVE])


def _check_memory(x: Code, length: int, refused: Label) -> None:
    """Refuse where not all of so many bytes at edx are memory; uses eax."""
    x.emit(mov(RAX, RDX))
    x.emit(alu(Alu.SUB, RAX, MEMORY_START))
    x.emit(alu(Alu.CMP, RAX, x.place.memory_size - MEMORY_START - length))
    x.emit(jcc(Cond.ABOVE), refused)
