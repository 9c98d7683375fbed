"""What an instruction does to a frame: its own body, run on values that are only partly known.

Knows how to run a body without a machine. Must not know any instruction, so that what is said of
frames follows from the rows of the instruction set, those of extensions included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn

from isa_spec.formats import LENGTH, Kind
from isa_spec.instruction import Instruction
from isa_spec.registers import LINK, PC, REGISTERS, SP
from isa_spec.traps import Vector
from isa_spec.words import WORD, signed
from toolchain.convention import CLOBBERED


@dataclass(frozen=True, slots=True)
class Symbolic:
    """What a register held when the function began, plus an offset; of no register: anything."""

    base: int | None
    offset: int = 0

    def __add__(self, other: "Known") -> "Known":
        return self._moved(other, 1)

    def __radd__(self, other: "Known") -> "Known":
        return self._moved(other, 1)

    def __sub__(self, other: "Known") -> "Known":
        return self._moved(other, -1)

    def __and__(self, other: "Known") -> "Known":
        return self if other == WORD else UNKNOWN

    def _moved(self, other: "Known", sign: int) -> "Known":
        if self.base is None or not isinstance(other, int):
            return UNKNOWN
        return Symbolic(self.base, signed((self.offset + sign * other) & WORD))

    def _unknown(self, *_: Any) -> "Symbolic":
        return UNKNOWN

    def _never(self, _: Any) -> bool:
        return False

    __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _unknown
    __or__ = __ror__ = __rand__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = _unknown
    __neg__ = __abs__ = __invert__ = _unknown
    __lt__ = __le__ = __gt__ = __ge__ = _never


Known = int | Symbolic
"""What is known of a word."""

UNKNOWN: Final = Symbolic(None)
FRAME: Final = Symbolic(SP)
"""The canonical frame address: the caller's stack pointer."""


@dataclass(frozen=True, slots=True)
class State:
    """What is known before an instruction of a function.

    `slots`: words in memory, by their distance from the canonical frame address. `base`: the
    register from which that is preferably found. `anchor`: what the function itself first set sp
    to. `values`: registers whose value in the caller is at a distance from the frame address.
    `remembered`: the states that .cfi_remember_state has put aside.
    """

    registers: tuple[Known, ...] = tuple(Symbolic(register.number) for register in REGISTERS)
    slots: Mapping[int, Known] = field(default_factory=dict)
    base: int = SP
    anchor: int | None = None
    values: Mapping[int, int] = field(default_factory=dict)
    remembered: "tuple[State, ...]" = ()

    def with_register(self, number: int, value: Known) -> "State":
        """Give the state with another value in a register."""
        registers = (*self.registers[:number], value, *self.registers[number + 1 :])
        return replace(self, registers=registers)

    def without(self, register: int) -> "State":
        """Give the state in which nothing is known of a register's value in the caller."""
        slots = {at: held for at, held in self.slots.items() if held != Symbolic(register)}
        values = {number: at for number, at in self.values.items() if number != register}
        state = replace(self, slots=slots, values=values)
        return state.with_register(register, UNKNOWN)

    def distance(self, register: int) -> int | None:
        """Give how far below the frame address a register points, None where not known."""
        value = self.registers[register]
        return -value.offset if isinstance(value, Symbolic) and value.base == SP else None

    def join(self, other: "State") -> "State":
        """Give what holds whichever of two ways led here."""
        return replace(
            self,
            registers=tuple(
                one if one == two else UNKNOWN
                for one, two in zip(self.registers, other.registers, strict=True)
            ),
            slots={at: held for at, held in self.slots.items() if other.slots.get(at) == held},
            anchor=self.anchor if self.anchor == other.anchor else None,
            values={n: at for n, at in self.values.items() if other.values.get(n) == at},
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What an instruction leads to: the state after it, and where execution may go on."""

    state: State
    successors: tuple[int, ...]
    is_call: bool = False


class _TrapError(Exception):
    """The body gave up."""


class _Cpu:
    """The CPU as a body sees it (isa_spec.cpu), made of what is known."""

    def __init__(self, state: State, address: int) -> None:
        self.r: Any = list(state.registers)
        self.r[PC] = address
        self.next: Any = address + LENGTH
        self.slots = dict(state.slots)

    def load(self, address: Known) -> Known:
        at = _slot(address)
        return UNKNOWN if at is None else self.slots.get(at, UNKNOWN)

    def store(self, address: Known, word: Known) -> None:
        if (at := _slot(address)) is not None:
            self.slots[at] = word

    def trap(self, vector: Vector, detail: Known) -> NoReturn:  # noqa: ARG002 - as bodies call it
        raise _TrapError

    def sleep(self) -> None:
        """Sleep changes nothing that matters to a frame."""

    def breakpoint(self) -> None:
        """Neither does a breakpoint."""


def _slot(address: Known) -> int | None:
    return address.offset if isinstance(address, Symbolic) and address.base == SP else None


def step(row: Instruction, operands: tuple[int, ...], address: int, state: State) -> Step:
    """Run an instruction.

    A system call may change what a call may change, and comes back. What a body does beyond
    this module's means leaves the registers that it writes unknown.
    """
    cpu = _Cpu(state, address)
    after = address + LENGTH
    written = {
        operand
        for name, operand in zip(row.operands, operands, strict=True)
        if name in row.meaning.writes
    }
    try:
        row.body(cpu.r if row.meaning.quiet else cpu, *operands)
    except _TrapError:
        return Step(_clobbered(state, cpu, keep=LINK), (after,))
    except (TypeError, AttributeError, ValueError, IndexError):
        for register in written:
            cpu.r[register] = UNKNOWN
    target = cpu.r[PC] if PC in written else cpu.next
    jumps = [
        (address + operand) & WORD
        for field_, operand in zip(row.fields, operands, strict=True)
        if field_.kind is Kind.TARGET
    ]
    if jumps:
        return Step(_settled(state, cpu), (after, *jumps))
    if cpu.r[LINK] == after and target != after and target != state.registers[LINK]:
        return Step(_clobbered(state, cpu), (after,), is_call=True)
    return Step(_settled(state, cpu), (target,) if isinstance(target, int) else ())


def _settled(state: State, cpu: _Cpu) -> State:
    """Give the state after a body; what the stack pointer has left behind is gone."""
    registers = tuple(value if isinstance(value, Symbolic) else value & WORD for value in cpu.r)
    slots: dict[int, Known] = cpu.slots
    before, after = _slot(state.registers[SP]), _slot(registers[SP])
    if after is not None and (before is None or after > before):
        slots = {at: held for at, held in slots.items() if at >= after}
    sp = registers[SP]
    anchor = sp if state.anchor is None and isinstance(sp, int) else state.anchor
    return replace(state, registers=registers, slots=slots, anchor=anchor)


def _clobbered(state: State, cpu: _Cpu, keep: int | None = None) -> State:
    for register in CLOBBERED:
        if register != keep:
            cpu.r[register] = UNKNOWN
    return _settled(state, cpu)
