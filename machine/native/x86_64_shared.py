"""The x86-64 code that all blocks share: in and out, traps and interrupts, ports, address spaces.

Knows the System V calling convention and the frame. Must not know a block or a row. What is done
here is what `Cpu` and the machine's own devices do, and a test proves it equal to that.
"""

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
from machine.native.ports import KIND_AT, MOST_SENT, SENT_SHIFT, LoadKind, StoreKind
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

_SAVED: Final = (Reg.RBX, Reg.RBP, Reg.R12, Reg.R13, Reg.R14, Reg.R15)
"""What a function must leave as it found it."""

_MODE: Final = int(Status.KERNEL | Status.VIRTUAL)


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
    x.put(parts[Common.LOAD_PORT])
    _load_port(x)
    x.put(parts[Common.STORE_PORT])
    _store_port(x)
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
        x.emit(movups_store(Mem(RSP, frame.LOADS + at), 0))
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
    _now(x, RCX, 0 if interrupt else 1)
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


def _now(x: Code, to: Reg, more: int) -> None:
    """Give the time, less what the budget was charged for and is not done."""
    x.emit(mov(to, Mem(RSP, frame.END), wide=True))
    x.emit(alu(Alu.SUB, to, BUDGET, wide=True))
    if more:
        x.emit(alu(Alu.SUB, to, more, wide=True))


# Ports


def _called(at: int) -> Mem:
    """Give a place in the frame as code sees it that was called."""
    return Mem(RSP, at + 8)


def _load_port(x: Code) -> None:
    """Give in eax what a load from the port whose entry is at rcx gives."""
    time, lines, second, receive = Label(), Label(), Label(), Label()
    x.emit(mov(RAX, Mem(RCX)))
    x.emit(mov(RDX, Mem(RCX, KIND_AT)))
    x.emit(alu(Alu.CMP, RDX, LoadKind.TIME))
    x.emit(jcc(Cond.EQUAL), time)
    x.emit(jcc(Cond.ABOVE), lines)
    x.emit(RET)
    x.put(lines)
    x.emit(alu(Alu.CMP, RDX, LoadKind.RECEIVE))
    x.emit(jcc(Cond.EQUAL), receive)
    x.emit(mov(RAX, _called(frame.LINES)))
    x.emit(RET)
    x.put(receive)
    _receive(x)
    x.put(time)
    x.emit(alu(Alu.CMP, _called(frame.LATCHED + 4), 0))
    x.emit(jcc(Cond.NOT_EQUAL), second)
    x.emit(mov(RCX, _called(frame.END), wide=True))
    x.emit(alu(Alu.SUB, RCX, BUDGET, wide=True))
    x.emit(alu(Alu.SUB, RCX, 1, wide=True))
    x.emit(mov(RAX, RCX))
    x.emit(shift(Shift.SHR, RCX, 32, wide=True))
    x.emit(mov(_called(frame.LATCHED), RCX))
    x.emit(mov(_called(frame.LATCHED + 4), 1))
    x.emit(RET)
    x.put(second)
    x.emit(mov(RAX, _called(frame.LATCHED)))
    x.emit(mov(_called(frame.LATCHED + 4), 0))
    x.emit(RET)


def _receive(x: Code) -> None:
    """Give the next byte in eax, which holds how many there are; have the one after it stepped."""
    more = Label()
    x.emit(mov(RDX, _called(frame.RECEIVED_COUNT)))
    x.emit(alu(Alu.ADD, RDX, 1))
    x.emit(mov(_called(frame.RECEIVED_COUNT), RDX))
    x.emit(alu(Alu.CMP, RDX, RAX))
    x.emit(jcc(Cond.BELOW), more)
    x.emit(mov(Mem(RCX, KIND_AT), 0))
    x.put(more)
    x.emit(mov(RCX, _called(frame.RECEIVED), wide=True))
    x.emit(mov(RAX, Mem(RCX, -4, RDX, 4)))
    x.emit(RET)


def _store_port(x: Code) -> None:
    """Do what a store of eax to the port whose entry is at rcx does."""
    deadline, send, second = Label(), Label(), Label()
    x.emit(alu(Alu.CMP, Mem(RCX, KIND_AT), StoreKind.DEADLINE))
    x.emit(jcc(Cond.EQUAL), deadline)
    x.emit(jcc(Cond.ABOVE), send)
    x.emit(mov(_called(frame.LATCHED + 4), 0))
    x.emit(mov(_called(frame.LOW + 4), 0))
    x.emit(RET)
    x.put(deadline)
    x.emit(alu(Alu.CMP, _called(frame.LOW + 4), 0))
    x.emit(jcc(Cond.NOT_EQUAL), second)
    x.emit(mov(_called(frame.LOW), RAX))
    x.emit(mov(_called(frame.LOW + 4), 1))
    x.emit(RET)
    x.put(second)
    _arm(x)
    x.put(send)
    _send(x)


def _arm(x: Code) -> None:
    """The high word of a deadline is in eax: have the budget end there, or the line go up."""
    put, up = Label(), Label()
    x.emit(mov(RCX, _called(frame.LOW)))
    x.emit(mov(_called(frame.DUE), RCX))
    x.emit(mov(_called(frame.DUE + 4), RAX))
    x.emit(mov(_called(frame.LOW + 4), 0))
    x.emit(alu(Alu.AND, _called(frame.LINES), ~TIMER.bit))
    x.emit(mov(RAX, _called(frame.DUE), wide=True))
    x.emit(mov(RDX, _called(frame.STAY), wide=True))
    x.emit(mov(RCX, _called(frame.END), wide=True))
    x.emit(alu(Alu.SUB, RCX, BUDGET, wide=True))  # now
    x.emit(alu(Alu.CMP, RAX, RCX, wide=True))
    x.emit(jcc(Cond.NOT_ABOVE), up)
    x.emit(alu(Alu.CMP, RAX, RDX, wide=True))
    x.emit(jcc(Cond.NOT_BELOW), put)
    x.emit(mov(RDX, RAX, wide=True))
    x.emit(JMP, put)
    x.put(up)
    x.emit(alu(Alu.OR, _called(frame.LINES), TIMER.bit))
    x.put(put)
    x.emit(mov(_called(frame.END), RDX, wide=True))
    x.emit(alu(Alu.SUB, RDX, RCX, wide=True))
    x.emit(mov(BUDGET, RDX))
    x.emit(RET)


def _send(x: Code) -> None:
    """Note the byte in eax, with its tick; have the next one stepped where no more can be."""
    room = Label()
    x.emit(mov(RDX, _called(frame.SENT_COUNT)))
    x.emit(alu(Alu.ADD, RDX, 1))
    x.emit(mov(_called(frame.SENT_COUNT), RDX))
    x.emit(alu(Alu.CMP, RDX, MOST_SENT))
    x.emit(jcc(Cond.BELOW), room)
    x.emit(mov(Mem(RCX, KIND_AT), 0))
    x.put(room)
    x.emit(shift(Shift.SHL, RDX, SENT_SHIFT))
    x.emit(alu(Alu.ADD, RDX, _called(frame.SENT), wide=True))
    x.emit(alu(Alu.AND, RAX, 0xFF))
    x.emit(mov(Mem(RDX, 8 - (1 << SENT_SHIFT)), RAX))
    x.emit(mov(RCX, _called(frame.END), wide=True))
    x.emit(alu(Alu.SUB, RCX, BUDGET, wide=True))
    x.emit(alu(Alu.SUB, RCX, 1, wide=True))
    x.emit(mov(Mem(RDX, -(1 << SENT_SHIFT)), RCX, wide=True))
    x.emit(RET)
