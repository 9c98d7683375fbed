"""The x86-64 templates: for each row of the base instruction set, the machine code that does it.

Knows the rows. Must not know blocks or caches. A test proves each template equal to its row's body;
there is no other statement of what it does.
"""

from collections.abc import Callable
from typing import Final

from isa_spec import instructions as rows
from isa_spec.formats import LENGTH
from isa_spec.instruction import Body
from isa_spec.registers import EPC, ESTATUS, LINK, MASKS, PC, STATUS
from isa_spec.traps import SYSTEM_CALL, Access
from isa_spec.words import WORD
from machine.native import frame
from machine.native.frame import Exit, register_at
from machine.native.piece import ATTENDED, Common, Follow, Label, Leave
from machine.native.x86_64 import (
    CDQ,
    JMP,
    Alu,
    Cond,
    Mem,
    Reg,
    Unary,
    alu,
    imul,
    imul_constant,
    jcc,
    lea,
    mov,
    unary,
)
from machine.native.x86_64_code import PINNED, RAX, RCX, RDX, RSP, Code

Template = Callable[..., None]
TEMPLATES: Final[dict[Body, Template]] = {}
"""By the bodies of the rows; each takes a Code and the row's operands."""


def template(body: Body) -> Callable[[Template], Template]:
    """Declare the decorated function as the template of the row with this body."""

    def declare(function: Template) -> Template:
        TEMPLATES[body] = function
        return function

    return declare


# Moves


@template(rows.mov_value)
def mov_value(x: Code, a: int, value: int) -> None:
    """A constant."""
    if a == PC:
        x.jump(value)
    else:
        x.emit(mov(x.home(a), value & MASKS[a]))
        if a in ATTENDED:
            x.look_around()


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
    done, home = Label(), PINNED.get(a)
    if x.place.port:
        plain = x.use_port(b, frame.LOAD_PAGE, frame.PORT_LOADS, Common.LOAD_PORT)
        x.write(a)
        if not x.piece.ends:
            x.emit(JMP, done)
        x.put(plain)
    word = x.word_at(b, Access.LOAD)
    x.emit(mov(home or RAX, word))
    if home is None:
        x.write(a)
    x.put(done)


@template(rows.store)
def store(x: Code, a: int, b: int) -> None:
    """The guard of the page decides whether the store is plain; some ports change the budget."""
    source = x.source(b)
    if x.place.port:
        x.emit(mov(RAX, source))
        plain = x.use_port(a, frame.STORE_PAGE, frame.PORT_STORES, Common.STORE_PORT)
        x.emit(mov(RAX, (x.place.pc + LENGTH) & WORD))
        x.emit(JMP, Common.SPACE)
        x.put(plain)
    word = x.word_at(a, Access.STORE)
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


# Traps and returns


@template(rows.trap)
def trap(x: Code, value: int) -> None:
    """What can go wrong is seen before anything is changed."""
    x.emit(mov(Mem(RSP, register_at(PC)), x.place.pc))
    x.emit(mov(Mem(RSP, frame.ADDRESS), value))
    x.emit(mov(RCX, SYSTEM_CALL.number))
    x.emit(JMP, Common.TRAP)
    x.piece.ends = True


@template(rows.iret)
def iret(x: Code) -> None:
    """The status that was saved says in which space pc is looked for."""
    x.emit(mov(RAX, Mem(RSP, register_at(ESTATUS))))
    x.emit(mov(Mem(RSP, register_at(STATUS)), RAX))
    x.emit(mov(RAX, Mem(RSP, register_at(EPC))))
    x.emit(JMP, Common.SPACE)
    x.piece.ends = True
