"""The .cfi_ directives: what a source says of frames where the code alone does not tell.

Knows what each one changes. Must not know when: toolchain.frames applies the changes.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from isa_spec.registers import REGISTERS
from toolchain.convention import SLOT
from toolchain.directives import directive
from toolchain.frames import Change
from toolchain.grammar import Register
from toolchain.operands import Parameter, Takes
from toolchain.problems import WrongError
from toolchain.symbolic import FRAME, State, Symbolic

if TYPE_CHECKING:
    from toolchain.assembler import Assembler, Statement

REGISTER = Parameter(Takes.REGISTER, "register")
OFFSET = Parameter(Takes.NUMBER, "offset")


def cfi(
    name: str, *parameters: Parameter, remembers: int = 0
) -> Callable[[Callable[..., State]], Callable[..., State]]:
    """Declare the decorated function as the change that a directive makes to the state.

    `remembers`: how many states more are remembered after it.
    """

    def declare(change: Callable[..., State]) -> Callable[..., State]:
        @directive(name, *parameters)
        def act(assembler: "Assembler", statement: "Statement", *operands: Any) -> None:
            values = tuple(_plain(operand, statement.rest_column) for operand in operands)
            function = assembler.function(statement)
            function.remembered += remembers
            if function.remembered < 0:
                function.remembered = 0
                what = f"{name} without a state to restore"
                raise WrongError(statement.column, what, "write .cfi_remember_state before it")
            spot = assembler.spot(statement.place)
            function.changes.append((spot, _bound(change, values)))

        return change

    return declare


def _bound(change: Callable[..., State], values: tuple[int, ...]) -> Change:
    return lambda state: change(state, *values)


def _plain(operand: Register | int, column: int) -> int:
    if isinstance(operand, int):
        if operand % SLOT:
            what, right = f"{operand} is no multiple of {SLOT}", "frames are made of words"
            raise WrongError(column, what, right)
        return operand
    if REGISTERS[operand.number].dwarf is None:
        name = REGISTERS[operand.number].name
        raise WrongError(
            operand.column,
            f"{name} has no number in debugging information",
            "r0 to r12, sp, link and pc have one",
        )
    return operand.number


@directive(".cfi_startproc")
def _startproc(assembler: "Assembler", statement: "Statement") -> None:
    """Nothing: .func implies it."""
    assembler.function(statement)


@directive(".cfi_endproc")
def _endproc(assembler: "Assembler", statement: "Statement") -> None:
    """Nothing: .endfunc implies it."""
    assembler.function(statement)


@cfi(".cfi_def_cfa", REGISTER, OFFSET)
def _def_cfa(state: State, register: int, offset: int) -> State:
    """The frame address is a register plus an offset."""
    return replace(_placed(state, register, offset), base=register)


@cfi(".cfi_def_cfa_offset", OFFSET)
def _def_cfa_offset(state: State, offset: int) -> State:
    """The frame address is the same register plus another offset."""
    return _placed(state, state.base, offset)


@cfi(".cfi_def_cfa_register", REGISTER)
def _def_cfa_register(state: State, register: int) -> State:
    """The frame address is another register plus the same offset."""
    return replace(_placed(state, register, state.distance(state.base) or 0), base=register)


@cfi(".cfi_adjust_cfa_offset", OFFSET)
def _adjust_cfa_offset(state: State, offset: int) -> State:
    """The frame address is that much further from its register."""
    return _placed(state, state.base, (state.distance(state.base) or 0) + offset)


@cfi(".cfi_offset", REGISTER, OFFSET)
def _offset(state: State, register: int, offset: int) -> State:
    """The caller's value is in memory, at an offset from the frame address."""
    state = state.without(register)
    return replace(state, slots={**state.slots, offset: Symbolic(register)})


@cfi(".cfi_rel_offset", REGISTER, OFFSET)
def _rel_offset(state: State, register: int, offset: int) -> State:
    """The caller's value is in memory, at an offset from the frame address's register."""
    return _offset(state, register, offset - (state.distance(state.base) or 0))


@cfi(".cfi_val_offset", REGISTER, OFFSET)
def _val_offset(state: State, register: int, offset: int) -> State:
    """The caller's value is the frame address plus an offset."""
    state = state.without(register)
    return replace(state, values={**state.values, register: offset})


@cfi(".cfi_restore", REGISTER)
def _restore(state: State, register: int) -> State:
    """The caller's value is in the register again, as when the function began."""
    return state.without(register).with_register(register, Symbolic(register))


@cfi(".cfi_same_value", REGISTER)
def _same_value(state: State, register: int) -> State:
    """The caller's value is in the register still."""
    return _restore(state, register)


@cfi(".cfi_undefined", REGISTER)
def _undefined(state: State, register: int) -> State:
    """The caller's value is lost."""
    return state.without(register)


@cfi(".cfi_remember_state", remembers=1)
def _remember_state(state: State) -> State:
    """Put the state aside."""
    return replace(state, remembered=(*state.remembered, state))


@cfi(".cfi_restore_state", remembers=-1)
def _restore_state(state: State) -> State:
    """Let the state be again what was last put aside."""
    return replace(state.remembered[-1], remembered=state.remembered[:-1])


def _placed(state: State, register: int, offset: int) -> State:
    return state.with_register(register, FRAME - offset)
