"""The x86-64 templates: for each row of the base instruction set, the machine code that does it.

Knows where guest registers live in the host, and the rows. Must not know blocks or caches. A test
proves each template equal to its row's body; there is no other statement of what it does.

r0 to r7, sp and link live in host registers, the others in the frame, at the stack pointer. rbx
is the machine's memory, ebp the budget; eax, ecx and edx are free within a template.
"""

from collections.abc import Callable
from typing import Final

from isa_spec import instructions as rows
from isa_spec.formats import LENGTH
from isa_spec.instruction import Body
from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import PAGE_SHIFT
from isa_spec.registers import LINK, MASKS, PC, SP
from isa_spec.words import WORD
from machine.memory import Guard
from machine.native import frame
from machine.native.frame import Exit, register_at
from machine.native.jumps import CODE_AT, ENTRIES, ENTRY
from machine.native.piece import Common, Follow, Label, Leave, Writer
from machine.native.x86_64 import (
    CDQ,
    JMP,
    Alu,
    Cond,
    Mem,
    Operand,
    Reg,
    Shift,
    Unary,
    alu,
    cmp_byte,
    imul,
    imul_constant,
    jcc,
    jump_to,
    lea,
    mov,
    shift,
    test,
    unary,
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

Template = Callable[..., None]
TEMPLATES: Final[dict[Body, Template]] = {}
"""By the bodies of the rows; each takes a Code and the row's operands."""


def template(body: Body) -> Callable[[Template], Template]:
    """Declare the decorated function as the template of the row with this body."""

    def declare(function: Template) -> Template:
        TEMPLATES[body] = function
        return function

    return declare


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
        """Tell whether a write to a register can go to its home as it is."""
        return number != PC and MASKS[number] == WORD

    def write(self, number: int) -> None:
        """Write eax to a register: cut to the bits it keeps, or jump there where it is pc."""
        if number == PC:
            self.jump_indirect()
            return
        if MASKS[number] != WORD:
            self.emit(alu(Alu.AND, RAX, MASKS[number]))
        self.emit(mov(self.home(number), RAX))

    # Jumps

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

    def word_at(self, address: int, entries: int) -> Mem:
        """Find the word that a register's value is the address of; uses ecx and edx.

        `entries` is where the frame points to what says so for this kind of access. Leaves where
        the word is not plain memory.
        """
        return (
            self._by_table(address, entries) if self.place.mode.table else self._physical(address)
        )

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

    def _by_table(self, address: int, entries: int) -> Mem:
        """Misaligned addresses have entries of their own, which are always empty."""
        source, missed = self.source(address), Label()
        self.emit(mov(RCX, source))
        self.emit(shift(Shift.ROR, RCX, 2))
        self.emit(shift(Shift.SHR, RCX, PAGE_SHIFT - 2))
        self.emit(mov(RDX, Mem(RSP, entries), wide=True))
        self.emit(mov(RCX, Mem(RDX, 0, RCX, 4)))
        self.emit(test(RCX, RCX))
        self.emit(jcc(Cond.EQUAL), missed)
        self.emit(alu(Alu.ADD, RCX, source))
        with self.aside():
            self.put(missed)
            held = self.to_register(address, RAX)
            self.emit(mov(Mem(RSP, frame.ADDRESS), held))
            self.emit(JMP, Leave(Exit.LOAD if entries == frame.LOADS else Exit.STORE))
        return Mem(RBX, -1, RCX)  # entries are one more than what is to be added

    def check_guard(self) -> None:
        """Leave where a store to the word at ecx is not plain; uses edx."""
        if self.place.mode.table:
            to_page, to_mark, first = PAGE_SHIFT, 3, 0
        else:
            to_page, to_mark, first = PAGE_SHIFT - 2, 1, MEMORY_START
        guarded, plain = Label(), Label()
        guard = Mem(RDX, first >> PAGE_SHIFT)
        self.emit(mov(RDX, RCX))
        self.emit(shift(Shift.SHR, RDX, to_page))
        self.emit(alu(Alu.ADD, RDX, Mem(RSP, frame.GUARD), wide=True))
        self.emit(cmp_byte(guard, 0))
        self.emit(jcc(Cond.NOT_EQUAL), guarded)
        self.put(plain)
        with self.aside():
            self.put(guarded)
            self.emit(cmp_byte(guard, Guard.NATIVE))
            self.emit(jcc(Cond.NOT_EQUAL), Leave(Exit.STEP))
            self.emit(mov(RDX, RCX))
            self.emit(shift(Shift.SHR, RDX, to_mark))
            self.emit(alu(Alu.ADD, RDX, Mem(RSP, frame.MARKS), wide=True))
            self.emit(cmp_byte(Mem(RDX, first >> 3), 0))
            self.emit(jcc(Cond.EQUAL), plain)
            self.emit(JMP, Leave(Exit.STEP))


# Moves


@template(rows.mov_value)
def mov_value(x: Code, a: int, value: int) -> None:
    """A constant."""
    if a == PC:
        x.jump(value)
    else:
        x.emit(mov(x.home(a), value & MASKS[a]))


@template(rows.mov)
def mov_register(x: Code, a: int, b: int) -> None:
    """A copy; to pc, a jump: to where a call came from, as a rule."""
    constant = x.constant(b)
    if constant is not None:
        mov_value(x, a, constant)
    elif x.whole(a):
        home = x.home(a)
        source = x.source(b) if isinstance(home, Reg) else x.to_register(b, RAX)
        x.emit(mov(home, source))
    else:
        x.emit(mov(RAX, x.home(b)))
        x.write(a)


@template(rows.load)
def load(x: Code, a: int, b: int) -> None:
    """The address is used before a, which may be the same register, is written."""
    word, home = x.word_at(b, frame.LOADS), PINNED.get(a)
    x.emit(mov(home or RAX, word))
    if home is None:
        x.write(a)


@template(rows.store)
def store(x: Code, a: int, b: int) -> None:
    """The guard of the page decides whether the store is plain."""
    word = x.word_at(a, frame.STORES)
    source = x.source(b)
    if isinstance(source, Mem):
        x.emit(mov(RAX, source))
        source = RAX
    x.check_guard()
    x.emit(mov(word, source))


# Arithmetic


def arithmetic(x: Code, operation: Alu, a: int, b: int) -> None:
    """Give a ← a OP b, in place where the host can."""
    source = x.source(b)
    if not x.whole(a):
        x.emit(mov(RAX, x.source(a)))
        x.emit(alu(operation, RAX, source))
        x.write(a)
        return
    home = x.home(a)
    if isinstance(home, Mem) and isinstance(source, Mem):
        x.emit(mov(RAX, source))
        source = RAX
    x.emit(alu(operation, home, source))


@template(rows.add)
def add(x: Code, a: int, b: int) -> None:
    """Addition wraps by itself."""
    arithmetic(x, Alu.ADD, a, b)


@template(rows.sub)
def sub(x: Code, a: int, b: int) -> None:
    """Subtraction wraps by itself."""
    arithmetic(x, Alu.SUB, a, b)


@template(rows.mul)
def mul(x: Code, a: int, b: int) -> None:
    """The low word is the same, signed or not. The host multiplies into registers alone."""
    source, home = x.source(b), PINNED.get(a)
    to = home or RAX
    if isinstance(source, int) and not isinstance(source, Reg):
        if a == PC:
            x.emit(mov(RAX, x.place.pc))
            x.emit(imul_constant(RAX, RAX, source))
        else:
            x.emit(imul_constant(to, x.home(a), source))
    else:
        if home is None:
            x.emit(mov(RAX, x.source(a)))
        x.emit(imul(to, source))
    if home is None:
        x.write(a)


@template(rows.div)
def div(x: Code, a: int, b: int) -> None:
    """The host would trap on 0, and on 0x80000000 ÷ −1, which is a negation like all ÷ −1."""
    special, done = Label(), Label()
    x.emit(mov(RCX, x.source(b)))
    x.emit(lea(RDX, Mem(RCX, 1)))
    x.emit(alu(Alu.CMP, RDX, 1))
    x.emit(jcc(Cond.NOT_ABOVE), special)
    x.emit(mov(RAX, x.source(a)))
    x.emit(CDQ)
    x.emit(unary(Unary.IDIV, RCX))
    x.put(done)
    with x.aside():
        x.put(special)
        x.emit(jcc(Cond.EQUAL), Leave(Exit.STEP))  # the comparison: b + 1 was 1
        x.emit(mov(RAX, x.source(a)))
        x.emit(unary(Unary.NEG, RAX))
        x.emit(JMP, done)
    x.write(a)


# Jumps


@template(rows.branch)
def branch(x: Code, a: int) -> None:
    """The target is read before link is written: it may be in link."""
    target, after = x.constant(a), (x.place.pc + LENGTH) & WORD
    if target is None:
        x.emit(mov(RAX, x.home(a)))
    x.emit(mov(PINNED[LINK], after))
    if target is None:
        x.jump_indirect()
    else:
        x.jump(target)


def compare_and_branch(x: Code, condition: Cond, a: int, value: int, target: int) -> None:
    """Go to an address where a register compares so with a constant."""
    operand = x.to_register(a, RAX) if x.constant(a) is not None else x.home(a)
    x.emit(alu(Alu.CMP, operand, value))
    x.emit(jcc(condition), Follow((x.place.pc + target) & WORD))


@template(rows.condbr_less)
def condbr_less(x: Code, a: int, value: int, target: int) -> None:
    """Signed."""
    compare_and_branch(x, Cond.LESS, a, value, target)


@template(rows.condbr_equal)
def condbr_equal(x: Code, a: int, value: int, target: int) -> None:
    """Equal."""
    compare_and_branch(x, Cond.EQUAL, a, value, target)


@template(rows.condbr_greater)
def condbr_greater(x: Code, a: int, value: int, target: int) -> None:
    """Signed."""
    compare_and_branch(x, Cond.GREATER, a, value, target)


@template(rows.condbr_different)
def condbr_different(x: Code, a: int, value: int, target: int) -> None:
    """Not equal."""
    compare_and_branch(x, Cond.NOT_EQUAL, a, value, target)
