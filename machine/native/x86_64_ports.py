"""The x86-64 code for ports, which blocks call.

Knows the frame and what ports do. What is done here is what the machine's own devices do, and a
test proves it equal to that.
"""

from isa_spec.traps import TIMER
from machine.native import frame
from machine.native.piece import Label
from machine.native.ports import KIND_AT, MOST_SENT, SENT_SHIFT, LoadKind, StoreKind
from machine.native.x86_64 import JMP, RET, Alu, Cond, Mem, Shift, alu, jcc, mov, shift
from machine.native.x86_64_code import BUDGET, RAX, RCX, RDX, Code, called


def load_port(x: Code) -> None:
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
    x.emit(mov(RAX, called(frame.LINES)))
    x.emit(RET)
    x.put(receive)
    _receive(x)
    x.put(time)
    x.emit(alu(Alu.CMP, called(frame.LATCHED + 4), 0))
    x.emit(jcc(Cond.NOT_EQUAL), second)
    x.time(RCX, called(frame.END), 1)
    x.emit(mov(RAX, RCX))
    x.emit(shift(Shift.SHR, RCX, 32, wide=True))
    x.emit(mov(called(frame.LATCHED), RCX))
    x.emit(mov(called(frame.LATCHED + 4), 1))
    x.emit(RET)
    x.put(second)
    x.emit(mov(RAX, called(frame.LATCHED)))
    x.emit(mov(called(frame.LATCHED + 4), 0))
    x.emit(RET)


def _receive(x: Code) -> None:
    """Give the next byte in eax, which holds how many there are; have the one after it stepped."""
    more = Label()
    x.emit(mov(RDX, called(frame.RECEIVED_COUNT)))
    x.emit(alu(Alu.ADD, RDX, 1))
    x.emit(mov(called(frame.RECEIVED_COUNT), RDX))
    x.emit(alu(Alu.CMP, RDX, RAX))
    x.emit(jcc(Cond.BELOW), more)
    x.emit(mov(Mem(RCX, KIND_AT), 0))
    x.put(more)
    x.emit(mov(RCX, called(frame.RECEIVED), wide=True))
    x.emit(mov(RAX, Mem(RCX, -4, RDX, 4)))
    x.emit(RET)


def store_port(x: Code) -> None:
    """Do what a store of eax to the port whose entry is at rcx does."""
    deadline, send, second = Label(), Label(), Label()
    x.emit(alu(Alu.CMP, Mem(RCX, KIND_AT), StoreKind.DEADLINE))
    x.emit(jcc(Cond.EQUAL), deadline)
    x.emit(jcc(Cond.ABOVE), send)
    x.emit(mov(called(frame.LATCHED + 4), 0))
    x.emit(mov(called(frame.LOW + 4), 0))
    x.emit(RET)
    x.put(deadline)
    x.emit(alu(Alu.CMP, called(frame.LOW + 4), 0))
    x.emit(jcc(Cond.NOT_EQUAL), second)
    x.emit(mov(called(frame.LOW), RAX))
    x.emit(mov(called(frame.LOW + 4), 1))
    x.emit(RET)
    x.put(second)
    _arm(x)
    x.put(send)
    _send(x)


def _arm(x: Code) -> None:
    """The high word of a deadline is in eax: have the budget end there, or the line go up."""
    put, up = Label(), Label()
    x.emit(mov(RCX, called(frame.LOW)))
    x.emit(mov(called(frame.DUE), RCX))
    x.emit(mov(called(frame.DUE + 4), RAX))
    x.emit(mov(called(frame.LOW + 4), 0))
    x.emit(alu(Alu.AND, called(frame.LINES), ~TIMER.bit))
    x.emit(mov(RAX, called(frame.DUE), wide=True))
    x.emit(mov(RDX, called(frame.STAY), wide=True))
    x.time(RCX, called(frame.END), 0)
    x.emit(alu(Alu.CMP, RAX, RCX, wide=True))
    x.emit(jcc(Cond.NOT_ABOVE), up)
    x.emit(alu(Alu.CMP, RAX, RDX, wide=True))
    x.emit(jcc(Cond.NOT_BELOW), put)
    x.emit(mov(RDX, RAX, wide=True))
    x.emit(JMP, put)
    x.put(up)
    x.emit(alu(Alu.OR, called(frame.LINES), TIMER.bit))
    x.put(put)
    x.emit(mov(called(frame.END), RDX, wide=True))
    x.emit(alu(Alu.SUB, RDX, RCX, wide=True))
    x.emit(mov(BUDGET, RDX))
    x.emit(RET)


def _send(x: Code) -> None:
    """Note the byte in eax, with its tick; have the next one stepped where no more can be."""
    room = Label()
    x.emit(mov(RDX, called(frame.SENT_COUNT)))
    x.emit(alu(Alu.ADD, RDX, 1))
    x.emit(mov(called(frame.SENT_COUNT), RDX))
    x.emit(alu(Alu.CMP, RDX, MOST_SENT))
    x.emit(jcc(Cond.BELOW), room)
    x.emit(mov(Mem(RCX, KIND_AT), 0))
    x.put(room)
    x.emit(shift(Shift.SHL, RDX, SENT_SHIFT))
    x.emit(alu(Alu.ADD, RDX, called(frame.SENT), wide=True))
    x.emit(alu(Alu.AND, RAX, 0xFF))
    x.emit(mov(Mem(RDX, 8 - (1 << SENT_SHIFT)), RAX))
    x.time(RCX, called(frame.END), 1)
    x.emit(mov(Mem(RDX, -(1 << SENT_SHIFT)), RCX, wide=True))
    x.emit(RET)
