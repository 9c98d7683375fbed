"""What x86-64 templates have in common: where registers live, accesses, ports, jumps.

r0 to r7, sp and link live in host registers, the others in the frame, at the stack pointer. rbx
is the machine's memory, ebp the budget; eax, ecx and edx are free within a template. Must not know
any row.
"""

from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import OFFSET, PAGE_SHIFT
from isa_spec.registers import LINK, MASKS, PC, SP
from isa_spec.traps import Access
from isa_spec.words import WORD
from machine.memory import Guard
from machine.native import frame
from machine.native.frame import Exit, register_at
from machine.native.jumps import CODE_AT, ENTRIES, ENTRY
from machine.native.marks import SHIFT as MARK_SHIFT
from machine.native.piece import ATTENDED, Common, Follow, Label, Leave, Writer
from machine.native.ports import KIND_AT, PORT_SHIFT
from machine.native.tlb import AT, PAIR, needed
from machine.native.x86_64 import (
    CALL,
    JMP,
    Alu,
    Cond,
    Mem,
    Operand,
    Reg,
    Shift,
    alu,
    alu_byte,
    jcc,
    jump_to,
    lea,
    mov,
    shift,
    test,
)

RAX, RCX, RDX, RBX, RSP = Reg.RAX, Reg.RCX, Reg.RDX, Reg.RBX, Reg.RSP
BUDGET: Final = Reg.RBP
PINNED: Final[dict[int, Reg]] = {
    0: Reg.RSI,
    1: Reg.RDI,
    2: Reg.R8,
    3: Reg.R9,
    4: Reg.R10,
    5: Reg.R11,
    6: Reg.R12,
    7: Reg.R13,
    SP: Reg.R14,
    LINK: Reg.R15,
}
"""The guest registers that live in host registers between instructions."""


def called(at: int, saved: int = 0) -> Mem:
    """Give a place in the frame as code sees it that was called, and has saved some registers."""
    return Mem(RSP, at + 8 * (1 + saved))


class Code(Writer):
    """Writes what templates have in common: operands, results, accesses, jumps."""

    # Operands and results

    def constant(self, number: int) -> int | None:
        """Give a register's value where it is certain."""
        return self.place.pc if number == PC else self.place.known.get(number)

    def home(self, number: int) -> Operand:
        """Give where a register lives, pc excepted."""
        return PINNED.get(number) or Mem(RSP, register_at(number))

    def source(self, number: int) -> Operand | int:
        """Give a register's value, wherever it is."""
        constant = self.constant(number)
        return self.home(number) if constant is None else constant

    def to_register(self, number: int, scratch: Reg) -> Reg:
        """Give a host register that holds a register's value: its home, or else `scratch`."""
        source = self.source(number)
        if isinstance(source, Reg):
            return source
        self.emit(mov(scratch, source))
        return scratch

    def whole(self, number: int) -> bool:
        """Tell whether a write to a register can go to its home as it is, and that is all."""
        return number != PC and MASKS[number] == WORD and number not in ATTENDED

    def write(self, number: int) -> None:
        """Write eax to a register: cut to the bits it keeps, or jump there where it is pc."""
        if number == PC:
            self.jump_indirect()
            return
        if MASKS[number] != WORD:
            self.emit(alu(Alu.AND, RAX, MASKS[number]))
        self.emit(mov(self.home(number), RAX))
        if number in ATTENDED:
            self.look_around()

    def time(self, to: Reg, end: Mem, undone: int) -> None:
        """Give the time, less what the budget was charged for and is not done; END is at `end`."""
        self.emit(mov(to, end, wide=True))
        self.emit(alu(Alu.SUB, to, BUDGET, wide=True))
        if undone:
            self.emit(alu(Alu.SUB, to, undone, wide=True))

    # Jumps

    def look_around(self) -> None:
        """Go on at the next instruction, wherever that is now; an interrupt may come first."""
        self.emit(mov(RAX, (self.place.pc + LENGTH) & WORD))
        self.emit(JMP, Common.SPACE)
        self.piece.ends = True

    def jump(self, pc: int) -> None:
        """Go on at an address that is known now."""
        self.emit(JMP, Follow(pc))
        self.piece.ends = True

    def jump_indirect(self) -> None:
        """Go on at the address in eax, by the table of the address space."""
        self.emit(lea(RCX, Mem(RAX, 0, RAX)))
        self.emit(alu(Alu.AND, RCX, (ENTRIES - 1) * ENTRY))
        self.emit(alu(Alu.ADD, RCX, Mem(RSP, frame.JUMPS), wide=True))
        self.emit(alu(Alu.CMP, RAX, Mem(RCX)))
        self.emit(jcc(Cond.NOT_EQUAL), Common.MISSED)
        self.emit(jump_to(Mem(RCX, CODE_AT)))
        self.piece.ends = True

    # Accesses

    def word_at(self, address: int, access: Access) -> Mem:
        """Find the word that a register's value is the address of; uses eax, ecx and edx.

        Leaves where the word is not plain memory.
        """
        return self._by_tlb(address, access) if self.place.mode.table else self._physical(address)

    def _physical(self, address: int) -> Mem:
        """One comparison: rotating brings the low bits of a misaligned address to the top."""
        source = self.source(address)
        if isinstance(source, Reg):
            self.emit(lea(RCX, Mem(source, -MEMORY_START)))
        elif isinstance(source, Mem):
            self.emit(mov(RCX, source))
            self.emit(alu(Alu.SUB, RCX, MEMORY_START))
        else:
            self.emit(mov(RCX, source - MEMORY_START))
        self.emit(shift(Shift.ROR, RCX, 2))
        self.emit(alu(Alu.CMP, RCX, (self.place.memory_size - MEMORY_START) >> 2))
        self.emit(jcc(Cond.NOT_BELOW), Leave(Exit.STEP))
        return Mem(RBX, MEMORY_START, RCX, 4)

    def _by_tlb(self, address: int, access: Access) -> Mem:
        """Misaligned addresses have pairs of their own, which are always empty."""
        source, missed, again = self.source(address), Label(), self.here()
        self.emit(mov(RCX, source))
        self.emit(shift(Shift.ROR, RCX, 2))
        self.emit(shift(Shift.SHR, RCX, PAGE_SHIFT - 2))
        self.emit(mov(RDX, Mem(RSP, frame.TLB), wide=True))
        self.emit(mov(RCX, Mem(RDX, AT[access], RCX, PAIR)))
        self.emit(test(RCX, RCX))
        self.emit(jcc(Cond.EQUAL), missed)
        self.emit(alu(Alu.ADD, RCX, source))
        with self.aside():
            self.put(missed)
            held = self.to_register(address, RAX)
            self.emit(mov(Mem(RSP, frame.ADDRESS), held))
            self.emit(mov(RDX, needed(access, kernel=self.place.mode.kernel)))
            self.emit(CALL, Common.TRANSLATE)
            self.emit(jcc(Cond.NOT_EQUAL), again)
            self.emit(JMP, Leave(Exit.LOAD if access is Access.LOAD else Exit.STORE))
        return Mem(RBX, -1, RCX)  # what the TLB holds is one more than what is to be added

    def use_port(self, address: int, page: int, ports: int, used: Common) -> Label:
        """Use a port where a register's value is the address of one; give what follows elsewhere.

        `page` is where the frame has the I/O page for this kind of access, `ports` what it does.
        `used` takes and gives the word in eax; it may change the budget.
        """
        plain = Label()
        self.emit(mov(RCX, self.source(address)))
        self.emit(mov(RDX, RCX))
        self.emit(shift(Shift.SHR, RDX, PAGE_SHIFT))
        self.emit(alu(Alu.CMP, RDX, Mem(RSP, page)))
        self.emit(jcc(Cond.NOT_EQUAL), plain)
        self.emit(alu(Alu.AND, RCX, OFFSET))
        self.emit(shift(Shift.SHL, RCX, PORT_SHIFT))
        self.emit(alu(Alu.ADD, RCX, Mem(RSP, ports), wide=True))
        self.emit(alu(Alu.CMP, Mem(RCX, KIND_AT), 0))
        self.emit(jcc(Cond.EQUAL), Leave(Exit.STEP))
        self.emit(CALL, used)
        return plain

    def check_guard(self) -> None:
        """Leave where a store to the word at ecx is not plain; uses edx."""
        table = self.place.mode.table
        first = 0 if table else MEMORY_START
        guarded, plain = Label(), Label()
        guard = Mem(RDX, first >> PAGE_SHIFT)
        self.emit(mov(RDX, RCX))
        self.emit(shift(Shift.SHR, RDX, PAGE_SHIFT if table else PAGE_SHIFT - 2))
        self.emit(alu(Alu.ADD, RDX, Mem(RSP, frame.GUARD), wide=True))
        self.emit(alu_byte(Alu.CMP, guard, 0))
        self.emit(jcc(Cond.NOT_EQUAL), guarded)
        self.put(plain)
        with self.aside():
            self.put(guarded)
            self.emit(alu_byte(Alu.CMP, guard, Guard.NATIVE))
            self.emit(jcc(Cond.NOT_EQUAL), Leave(Exit.STEP))
            if table:
                self.emit(mov(RDX, RCX))
                self.emit(shift(Shift.SHR, RDX, MARK_SHIFT))
            else:
                self.emit(lea(RDX, Mem(RCX, first >> MARK_SHIFT)))
            self.emit(alu(Alu.ADD, RDX, Mem(RSP, frame.MARKS), wide=True))
            self.emit(alu_byte(Alu.CMP, Mem(RDX), 0))
            self.emit(jcc(Cond.EQUAL), plain)
            self.emit(CALL, Common.EXPIRE)
            self.emit(jcc(Cond.EQUAL), plain)
            self.emit(JMP, Leave(Exit.STEP))
