"""Bytecode taken apart and found sound, or refused by name before it can run.

Knows what is written in code: instructions, jumps, the height of the stack; must not know what an
instruction computes. An `Expression` never takes from an empty stack, never jumps into an
instruction or past the end, and has the same height of stack wherever two ways meet, as all
that gdb makes has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol

from gdbstub.agent.formats import Format, parse_format
from gdbstub.agent.opcodes import OPCODES, Opcode
from gdbstub.values import TargetError

MOST_BYTES: Final = 4096
"""The longest code that is taken."""
MOST_STACK: Final = 100
"""The highest stack that is taken."""
MOST_TRAVEL: Final = 200_000
"""Bytes of code that an evaluation may pass over, which bounds the jumps back."""


class AgentFault(Exception):  # noqa: N818 – the manual's errors are of code, this one is of a run
    """An evaluation "terminates with an error": `message` says why, as a TargetError's does."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Context(Protocol):
    """What an expression can see and do of the target while it is evaluated."""

    def register(self, number: int) -> int:
        """The value of a register, 0 ≤ value < 2**64. Raises AgentFault where it has none."""
        ...

    def memory(self, address: int, size: int) -> int:
        """The unsigned number in `size` bytes (1, 2, 4, 8) at any address below 2**64.

        In the target's byte order. Where addresses are shorter than 64 bits, the upper bits say
        nothing and are to be ignored: gdb extends an address with its sign, as it does with any
        other value. Raises AgentFault where that is not readable.
        """
        ...

    def show(self, text: str) -> None:
        """Text of a `printf`, for the client's console."""
        ...


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction at `offset`: the next is at `end`; `format` is a printf's."""

    offset: int
    end: int
    opcode: Opcode
    operand: int
    format: Format | None = None

    @property
    def pops(self) -> int:
        """How many values it takes from the stack."""
        return self.opcode.pops + (self.operand if self.opcode.name == "printf" else 0)

    @property
    def needs(self) -> int:
        """How many values must be on the stack."""
        return self.operand + 1 if self.opcode.name == "pick" else self.pops

    @property
    def targets(self) -> tuple[int, ...]:
        """The offsets that may come after it."""
        match self.opcode.name:
            case "end":
                return ()
            case "goto":
                return (self.operand,)
            case "if_goto":
                return (self.operand, self.end)
        return (self.end,)


@dataclass(frozen=True, slots=True)
class Expression:
    """Sound code. Two are equal where their bytes are; `parse` makes them.

    `instructions` are those that can be reached, by offset, in ascending order; `heights` says how
    many values are on the stack before each of them.
    """

    code: bytes
    instructions: Mapping[int, Instruction] = field(compare=False, repr=False)
    heights: Mapping[int, int] = field(compare=False, repr=False)

    @property
    def registers(self) -> frozenset[int]:
        """The numbers of the registers that it reads."""
        return frozenset(
            each.operand for each in self.instructions.values() if each.opcode.name == "reg"
        )

    @property
    def gives_value(self) -> bool:
        """Whether every way through it ends with a value on the stack; without one it gives 0."""
        ends = (at for at, each in self.instructions.items() if each.opcode.name == "end")
        return all(self.heights[at] for at in ends)

    @property
    def laps(self) -> int:
        """How often an evaluation may jump backwards before it is given up."""
        return MOST_TRAVEL // len(self.code)

    def compile(self) -> Callable[[Context], int]:
        """A function that evaluates it: 0 ≤ value < 2**64. Raises AgentFault."""
        from gdbstub.agent.translator import translate

        return translate(self)


class UnderflowError(TargetError):
    """Code takes more from the stack than is there, as gdb's does for a value without a type."""


@dataclass(frozen=True, slots=True)
class Unsound:
    """Code that underflows, in place of an `Expression`: whoever evaluates it learns so."""

    code: bytes
    message: str
    registers: frozenset[int] = frozenset()
    gives_value: bool = True

    def compile(self) -> Callable[[Context], int]:
        """A function that always raises AgentFault."""

        def fail(_context: Context) -> int:
            raise AgentFault(self.message)

        return fail


@lru_cache(maxsize=1024)  # gdb sends its breakpoints anew with every resume
def parse(code: bytes) -> Expression:
    """Find code sound. Raises TargetError, which names what is not."""
    if not code:
        raise TargetError("an agent expression is empty")
    if len(code) > MOST_BYTES:
        raise TargetError(f"an agent expression is longer than {MOST_BYTES} bytes")
    written = _take_apart(code)
    heights = _heights(written)
    reached = {at: written[at] for at in sorted(heights)}
    return Expression(code, MappingProxyType(reached), MappingProxyType(heights))


def _take_apart(code: bytes) -> dict[int, Instruction]:
    instructions: dict[int, Instruction] = {}
    at = 0
    while at < len(code):
        instructions[at] = instruction = _instruction(code, at)
        at = instruction.end
    return instructions


def _instruction(code: bytes, at: int) -> Instruction:
    opcode = OPCODES.get(code[at])
    if opcode is None:
        raise TargetError(f"agent expressions have no opcode {code[at]:#04x}")
    if opcode.refused:
        raise TargetError(f"the agent opcode {opcode.name} is not taken: {opcode.refused}")
    end = at + 1 + opcode.operand
    if end > len(code):
        raise _truncated(opcode)
    operand = int.from_bytes(code[at + 1 : end], "big")
    if opcode.name == "ext" and not operand:
        raise TargetError("the agent opcode ext extends from 1 bit or more")
    if opcode.name != "printf":
        return Instruction(at, end, opcode, operand)
    length = int.from_bytes(code[end : end + 2], "big")
    text = code[end + 2 : end + 2 + length]
    if end + 2 + length > len(code):
        raise _truncated(opcode)
    return Instruction(at, end + 2 + length, opcode, operand, parse_format(text, operand))


def _truncated(opcode: Opcode) -> TargetError:
    return TargetError(f"an agent expression ends within its opcode {opcode.name}")


def _heights(instructions: Mapping[int, Instruction]) -> dict[int, int]:
    """Follow every way through the code once; the stack's height says whether it is sound."""
    heights = {0: 0}
    open_ends = [0]
    while open_ends:
        at = open_ends.pop()
        instruction = instructions[at]
        name = instruction.opcode.name
        if heights[at] < instruction.needs:
            raise UnderflowError(f"the agent opcode {name} finds too little on the stack")
        after = heights[at] - instruction.pops + instruction.opcode.pushes
        if after > MOST_STACK:
            raise TargetError(f"an agent expression stacks more than {MOST_STACK} values")
        for target in instruction.targets:
            if target not in instructions:
                raise TargetError(f"the agent opcode {name} leads to {target}, which is no opcode")
            if target not in heights:
                heights[target] = after
                open_ends.append(target)
            elif heights[target] != after:
                raise TargetError("an agent expression's stack depends on the way it took")
    return heights
