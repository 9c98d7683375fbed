"""Pseudo-instructions: what each expands to (isa §7).

Knows conventions: the stack, the link, the frame. Must not know encodings; it names rows of the
base instruction set by their syntax. Only `at` is destroyed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from isa_spec.registers import LINK, PC, SP
from toolchain.convention import AT, FP, SLOT
from toolchain.expressions import Expression, Number
from toolchain.grammar import Operand, Range, Register
from toolchain.operands import Parameter, Parameters, Takes
from toolchain.problems import WrongError


@dataclass(frozen=True, slots=True)
class Real:
    """One real instruction: the syntax of its row, and its operands."""

    syntax: str
    operands: tuple[Operand, ...]


Expansion = Iterator[Real]


@dataclass(frozen=True, slots=True)
class Pseudo:
    """A pseudo-instruction; `expand` gives its real instructions."""

    name: str
    parameters: Parameters
    expand: Callable[..., Expansion]


PSEUDO: Final[dict[str, Pseudo]] = {}


def pseudo(
    name: str, *parameters: Parameter
) -> Callable[[Callable[..., Expansion]], Callable[..., Expansion]]:
    """Declare the decorated function as the expansion of a pseudo-instruction."""

    def declare(expand: Callable[..., Expansion]) -> Callable[..., Expansion]:
        PSEUDO[name] = Pseudo(name, parameters, expand)
        return expand

    return declare


def real(syntax: str, *operands: int | Expression) -> Real:
    """Give a real instruction: registers by number, values as expressions."""
    return Real(
        syntax,
        tuple(Register(o, 0) if isinstance(o, int) else o for o in operands),
    )


@pseudo("nop")
def _nop() -> Expansion:
    """Do nothing for a tick."""
    yield real("mov a, b", 0, 0)


@pseudo("jmp", Parameter(Takes.TARGET, "label"))
def _jmp(target: Operand) -> Expansion:
    """Go on at a label."""
    if isinstance(target, Register):
        yield real("mov a, b", PC, target.number)
    else:
        yield real("mov a, value", PC, target)


@pseudo("call", Parameter(Takes.TARGET, "label"))
def _call(target: Operand) -> Expansion:
    """Go on at a label, the return address in link."""
    if isinstance(target, Register):
        yield real("branch [a]", target.number)
    else:
        yield real("mov a, value", AT, target)
        yield real("branch [a]", AT)


@pseudo("ret")
def _ret() -> Expansion:
    """Return to the address in link."""
    yield real("mov a, b", PC, LINK)


@pseudo("push", Parameter(Takes.REGISTERS, "register", repeated=True))
def _push(*ranges: Range) -> Expansion:
    """Put registers on the stack, the first named at the lowest address."""
    yield real("mov a, value", AT, Number(SLOT))
    for register in reversed(_stacked(ranges, "push")):
        yield real("sub a, b", SP, AT)
        yield real("mov [a], b", SP, register)


@pseudo("pop", Parameter(Takes.REGISTERS, "register", repeated=True))
def _pop(*ranges: Range) -> Expansion:
    """Take registers from the stack: undoes a push of the same list."""
    yield real("mov a, value", AT, Number(SLOT))
    for register in _stacked(ranges, "pop"):
        yield real("mov a, [b]", register, SP)
        yield real("add a, b", SP, AT)


@pseudo("enter", Parameter(Takes.VALUE, "bytes", optional=True))
def _enter(size: Expression | None = None) -> Expansion:
    """Begin a frame: keep link and fp, point fp at them, make room for locals below."""
    yield from _push(Range(FP, FP, 0), Range(LINK, LINK, 0))
    yield real("mov a, b", FP, SP)
    if size is not None:
        yield real("mov a, value", AT, size)
        yield real("sub a, b", SP, AT)


@pseudo("leave")
def _leave() -> Expansion:
    """End a frame that enter began; fp and link are the caller's again."""
    yield real("mov a, b", SP, FP)
    yield from _pop(Range(FP, FP, 0), Range(LINK, LINK, 0))


def _stacked(ranges: tuple[Range, ...], word: str) -> list[int]:
    for given in ranges:
        for number, why, right in (
            (AT, f"{word} itself uses at", "copy at to another register first"),
            (SP, f"sp changes while {word} runs", "copy sp to another register"),
            (PC, f"pc has no use in {word}", "to return, pop link and then ret"),
        ):
            if given.first <= number <= given.last:
                raise WrongError(given.column, why, right)
    return [n for given in ranges for n in range(given.first, given.last + 1)]
