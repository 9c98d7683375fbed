"""What an instruction does to what is known: its own body, run on values only partly known.

Knows no instruction: what is said of code follows from the rows, those of extensions included.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NoReturn

from isa_spec.formats import LENGTH
from isa_spec.registers import CAUSE, DETAIL, EPC, ESTATUS, LINK, PC, REGISTERS, SP
from isa_spec.words import WORD
from soclet.gdb_client.parts.decoding import Instruction
from soclet.gdb_client.tables import ROWS, SCRATCH, Row
from toolchain.convention import CLOBBERED
from toolchain.symbolic import UNKNOWN, Known, Symbolic

Place = tuple[int | None, int]
"""A word of memory: so far from what a base held at the start, or of no base: at an address."""

OVERWRITTEN = (EPC, ESTATUS, CAUSE, DETAIL)
"""What a trap puts its own values into."""

_FIRST_CELL = 1 << 8
_STACK = Symbolic(SP)


class Cells:
    """Words of memory as they were at the start, as bases that a Symbolic can be made of.

    A Symbolic's base below the first cell's number is a register.
    """

    def __init__(self) -> None:
        self._numbers: dict[Place, int] = {}

    def held(self, place: Place) -> Symbolic:
        """Give what a word of memory held."""
        return Symbolic(self._numbers.setdefault(place, _FIRST_CELL + len(self._numbers)))

    def place(self, base: int) -> Place | None:
        """Give the word that a base stands for; None for a register."""
        return next((place for place, number in self._numbers.items() if number == base), None)


@dataclass(frozen=True, slots=True)
class State:
    """What is known before an instruction.

    `slots`: words of memory that were stored to. `called`: a function was called, which may have
    changed whatever it does not keep. `anchor`: where the stack that sp points into began, as far
    as this code has seen of it: it stays the same while things are pushed and popped.
    """

    registers: tuple[Known, ...] = tuple(Symbolic(register.number) for register in REGISTERS)
    slots: Mapping[Place, Known] = field(default_factory=dict)
    called: bool = False
    anchor: Known = _STACK

    def join(self, other: "State") -> "State":
        """Give what holds whichever of two ways led here."""
        pairs = zip(self.registers, other.registers, strict=True)
        return State(
            tuple(one if one == two else UNKNOWN for one, two in pairs),
            {at: held for at, held in self.slots.items() if other.slots.get(at) == held},
            self.called or other.called,
            self.anchor if self.anchor == other.anchor else UNKNOWN,
        )


class Way(Enum):
    """How an instruction goes on: within the code, or out of it."""

    ON = "on"
    RETURN = "return"
    TRAP_RETURN = "trap return"


@dataclass(frozen=True, slots=True)
class Step:
    """What an instruction leads to: the state after it, and where; outside, `target` tells."""

    state: State
    successors: tuple[int, ...]
    way: Way = Way.ON
    target: Known = UNKNOWN


class _TrapError(Exception):
    """The body gave up."""


class _Cpu:
    """The CPU as a body sees it (isa_spec.cpu), made of what is known."""

    def __init__(self, state: State, address: int, cells: Cells) -> None:
        self.r: Any = list(state.registers)
        self.r[PC] = address
        self.next: Any = (address + LENGTH) & WORD
        self.slots = dict(state.slots)
        self._cells = cells
        self._called = state.called

    def load(self, address: Known) -> Known:
        at = place_of(address)
        if at is None or at in self.slots:
            return UNKNOWN if at is None else self.slots[at]
        stack = place_of(self.r[SP])
        if self._called and (stack is None or at[0] != stack[0]):
            return UNKNOWN
        return self._cells.held(at)

    def store(self, address: Known, word: Known) -> None:
        at = place_of(address)
        if at is not None:
            self.slots[at] = word

    def trap(self, *_: Any) -> NoReturn:
        raise _TrapError

    def sleep(self) -> None:
        """Sleep changes nothing that matters here."""

    def breakpoint(self) -> None:
        """Neither does a breakpoint."""


def place_of(address: Known) -> Place | None:
    """Give the word at an address; None where nothing is known of it."""
    if isinstance(address, Symbolic):
        return None if address.base is None else (address.base, address.offset)
    return (None, address & WORD)


def _tried(row: Row) -> _Cpu | None:
    """Run an instruction of a row on nothing known, at address 0; None where that does not go."""
    cpu = _Cpu(State(), 0, Cells())
    try:
        row.body(cpu.r if row.quiet else cpu, *(0 for _ in row.fields))
    except Exception:  # Whatever it is that a body does beyond these means.
        return None
    return cpu


_TRIED = {row.syntax: cpu for row in ROWS if (cpu := _tried(row)) is not None}
_TRAP_RETURNS = frozenset(name for name, cpu in _TRIED.items() if cpu.next == Symbolic(EPC))
_CALLS = frozenset(name for name, cpu in _TRIED.items() if cpu.r[LINK] == LENGTH)


def is_call(found: Instruction) -> bool:
    """Tell whether a function may return to after an instruction."""
    return found.row.syntax in _CALLS


def step(found: Instruction, address: int, state: State, cells: Cells) -> Step:
    """Run an instruction.

    A system call may change what a call may change, and comes back. What a body does beyond this
    module's means leaves the registers that it writes unknown.
    """
    cpu = _Cpu(state, address, cells)
    after = (address + LENGTH) & WORD
    written = found.written
    try:
        found.row.body(cpu.r if found.row.quiet else cpu, *found.operands)
    except _TrapError:
        for register in (*OVERWRITTEN, *SCRATCH):
            cpu.r[register] = UNKNOWN
        return Step(_called(state, cpu, keep=LINK), (after,))
    except (TypeError, AttributeError, ValueError, IndexError):
        for register in written:
            cpu.r[register] = UNKNOWN
    target = cpu.r[PC] if PC in written else cpu.next
    if found.row.syntax in _TRAP_RETURNS:
        return Step(_settled(state, cpu), (), Way.TRAP_RETURN, target)
    if jumps := found.jumps(address):
        return Step(_settled(state, cpu), (after, *jumps))
    back = target == state.registers[LINK] and target != UNKNOWN
    if cpu.r[LINK] == after and target != after and not back and LINK not in found.registers:
        return Step(_called(state, cpu), (after,))
    if isinstance(target, int):
        return Step(_settled(state, cpu), (target & WORD,))
    return Step(_settled(state, cpu), (), Way.RETURN, target)


def _settled(state: State, cpu: _Cpu) -> State:
    """Give the state after a body; what the stack pointer has left behind is gone."""
    registers = tuple(value if isinstance(value, Symbolic) else value & WORD for value in cpu.r)
    slots: dict[Place, Known] = cpu.slots
    before, after = place_of(state.registers[SP]), place_of(registers[SP])
    anchor = state.anchor
    if before is None or after is None or before[0] != after[0]:
        anchor = registers[SP] if registers[SP] != state.registers[SP] else anchor
    elif after[1] > before[1]:
        slots = {at: held for at, held in slots.items() if at[0] != after[0] or at[1] >= after[1]}
    return replace(state, registers=registers, slots=slots, anchor=anchor)


def _called(state: State, cpu: _Cpu, keep: int | None = None) -> State:
    for register in CLOBBERED:
        if register != keep:
            cpu.r[register] = UNKNOWN
    return replace(_settled(state, cpu), called=True)
