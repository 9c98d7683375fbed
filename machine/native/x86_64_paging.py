"""The x86-64 code for page tables, which blocks call: to fill a TLB, and to have it expire.

Knows the frame and the page table's layout. What is done here is what `Mmu` and `Spaces` do, and a
test proves it equal to that.
"""

from typing import Final

from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import ENTRY_BYTES, ENTRY_PAGE, MARKED, PAGE_SHIFT, Entry
from isa_spec.traps import Access
from machine.memory import Guard
from machine.native import frame
from machine.native.marks import SHIFT as MARK_SHIFT
from machine.native.marks import Mark
from machine.native.piece import Label
from machine.native.spaces import TABLE_SHIFT, TABLE_SIZE, TABLE_START
from machine.native.tlb import AT, PAIR
from machine.native.x86_64 import (
    JMP,
    RET,
    Alu,
    Cond,
    Mem,
    Reg,
    Shift,
    alu,
    alu_byte,
    exchange_byte,
    jcc,
    mov,
    pop,
    push,
    shift,
    test_byte,
)
from machine.native.x86_64_code import RAX, RBX, RCX, RDX, Code, called

_SLOT, _ENTRY, _TABLE = Reg.RSI, Reg.RDI, Reg.RSI
_DIRTY: Final = int(Entry.DIRTY)
_TO_STORES: Final = _DIRTY.bit_length() - AT[Access.STORE].bit_length()
_NOT_OURS: Final = ~Guard.NATIVE & 0xFF


def translate(x: Code) -> None:
    """Fill the TLB for an access to ADDRESS; `edx` has the bits that the entry must have.

    The flags say equal where that is Python's to do: it is a port, or nothing, or traps, or
    somebody has to be told of the bits that it sets. Uses eax, ecx and edx.
    """
    refused, settled = Label(), Label()
    x.emit(push(_SLOT))
    x.emit(push(_ENTRY))
    x.emit(mov(RAX, called(frame.ADDRESS, 2)))
    x.emit(shift(Shift.ROR, RAX, 2))  # what is misaligned is beyond any table then
    x.emit(shift(Shift.SHR, RAX, PAGE_SHIFT - 2))
    x.emit(shift(Shift.SHL, RAX, 2))
    x.emit(alu(Alu.CMP, RAX, called(frame.TABLE_SIZE, 2)))
    x.emit(jcc(Cond.NOT_BELOW), refused)
    x.emit(mov(_SLOT, called(frame.TABLE, 2)))
    x.emit(alu(Alu.ADD, _SLOT, RAX))
    x.emit(mov(_ENTRY, Mem(RBX, 0, _SLOT)))
    x.emit(mov(RCX, _ENTRY))
    x.emit(alu(Alu.OR, RCX, MARKED[Access.STORE]))
    x.emit(alu(Alu.AND, RCX, RDX))
    x.emit(alu(Alu.CMP, RCX, RDX))
    x.emit(jcc(Cond.NOT_EQUAL), refused)
    x.emit(mov(RCX, _ENTRY))
    x.emit(alu(Alu.SUB, RCX, MEMORY_START))
    x.emit(alu(Alu.CMP, RCX, x.place.memory_size - MEMORY_START))
    x.emit(jcc(Cond.NOT_BELOW), refused)
    x.emit(alu(Alu.OR, _ENTRY, RDX))
    x.emit(alu(Alu.CMP, _ENTRY, Mem(RBX, 0, _SLOT)))
    x.emit(jcc(Cond.EQUAL), settled)
    _point_to_guard(x)
    x.emit(test_byte(Mem(RCX), _NOT_OURS))
    x.emit(jcc(Cond.NOT_EQUAL), refused)
    _point_to_mark(x)
    x.emit(test_byte(Mem(RCX), Mark.CODE))
    x.emit(jcc(Cond.NOT_EQUAL), refused)
    x.emit(mov(Mem(RBX, 0, _SLOT), _ENTRY))
    x.put(settled)
    _point_to_guard(x)
    x.emit(alu_byte(Alu.OR, Mem(RCX), Guard.NATIVE))
    _point_to_mark(x)
    x.emit(alu_byte(Alu.OR, Mem(RCX), Mark.ENTRY))
    x.emit(alu(Alu.AND, RDX, _DIRTY))
    x.emit(shift(Shift.SHR, RDX, _TO_STORES))
    x.emit(alu(Alu.ADD, RDX, called(frame.TLB, 2), wide=True))
    x.emit(mov(RCX, _ENTRY))
    x.emit(alu(Alu.AND, RCX, ENTRY_PAGE))
    x.emit(mov(_ENTRY, RAX))
    x.emit(shift(Shift.SHL, _ENTRY, PAGE_SHIFT - 2))
    x.emit(alu(Alu.SUB, RCX, _ENTRY))
    x.emit(alu(Alu.ADD, RCX, 1))
    x.emit(mov(Mem(RDX, 0, RAX, PAIR // ENTRY_BYTES), RCX))
    _return(x, _ENTRY, _SLOT)
    x.put(refused)
    x.emit(alu(Alu.CMP, RAX, RAX))
    _return(x, _ENTRY, _SLOT)


def _point_to_guard(x: Code) -> None:
    x.emit(mov(RCX, _SLOT))
    x.emit(shift(Shift.SHR, RCX, PAGE_SHIFT))
    x.emit(alu(Alu.ADD, RCX, called(frame.GUARD, 2), wide=True))


def _point_to_mark(x: Code) -> None:
    x.emit(mov(RCX, _SLOT))
    x.emit(shift(Shift.SHR, RCX, MARK_SHIFT))
    x.emit(alu(Alu.ADD, RCX, called(frame.MARKS, 2), wide=True))


def _return(x: Code, *saved: Reg) -> None:
    for register in saved:
        x.emit(pop(register))
    x.emit(RET)


def expire(x: Code) -> None:
    """Have TLBs expire that rely on the word whose mark is at rdx, if that is all it is for.

    The flags say equal where it is, and the mark is gone; else the store is Python's to do. eax and
    ecx are left alone.
    """
    following, skip, end = Label(), Label(), Label()
    for register in (RAX, RCX, _TABLE):
        x.emit(push(register))
    x.emit(mov(RAX, Mark.ENTRY))
    x.emit(mov(RCX, 0))
    x.emit(exchange_byte(Mem(RDX), RCX))
    x.emit(jcc(Cond.NOT_EQUAL), end)
    x.emit(alu(Alu.SUB, RDX, called(frame.MARKS, 3), wide=True))
    x.emit(shift(Shift.SHL, RDX, MARK_SHIFT))
    x.emit(mov(_TABLE, called(frame.TABLES, 3), wide=True))
    x.put(following)
    x.emit(alu(Alu.CMP, Mem(_TABLE), 0, wide=True))
    x.emit(jcc(Cond.EQUAL), end)
    x.emit(mov(RAX, RDX))
    x.emit(alu(Alu.SUB, RAX, Mem(_TABLE, TABLE_START)))
    x.emit(alu(Alu.CMP, RAX, Mem(_TABLE, TABLE_SIZE)))
    x.emit(jcc(Cond.NOT_BELOW), skip)
    x.emit(mov(RCX, Mem(_TABLE), wide=True))
    x.emit(mov(Mem(RCX, 0, RAX, PAIR // ENTRY_BYTES), 0, wide=True))
    x.put(skip)
    x.emit(alu(Alu.ADD, _TABLE, 1 << TABLE_SHIFT, wide=True))
    x.emit(JMP, following)
    x.put(end)
    _return(x, _TABLE, RCX, RAX)
