"""What directives and pseudo-instructions take, declared once; checks and usage follow.

Knows kinds of operands. Must not know any directive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from toolchain.expressions import Expression, Name
from toolchain.grammar import Argument, Range, Register, Text
from toolchain.problems import WrongError


class Takes(Enum):
    """A kind of operand, in words."""

    NUMBER = "a number that is known here"
    VALUE = "an expression"
    TEXT = "a string"
    NAME = "a name"
    REGISTER = "a register"
    REGISTERS = "a register or a range of them"
    TARGET = "a label, an address or a register"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One operand by name; `repeated` operands come last, once or more often."""

    takes: Takes
    name: str
    optional: bool = False
    repeated: bool = False


Parameters = tuple[Parameter, ...]


def usage(word: str, parameters: Parameters) -> str:
    """Say how a directive or pseudo-instruction is written."""
    shown = ""
    for n, parameter in enumerate(parameters):
        comma = ", " if n else ""
        more = ", …" if parameter.repeated else ""
        operand = f"{comma}{parameter.name}{more}"
        shown += f"[{operand}]" if parameter.optional else operand
    return f"{word} {shown}".rstrip()


def bind(
    parameters: Parameters,
    arguments: Sequence[Argument],
    column: int,
    right: str,
    number: Callable[[Expression], int],
) -> list[Any]:
    """Give what each argument means to its parameter.

    `number` computes what must be known at once. Raises WrongError at `column` where arguments
    are too few or too many, and at an argument that is of another kind.
    """
    least = sum(not parameter.optional for parameter in parameters)
    repeats = bool(parameters) and parameters[-1].repeated
    if len(arguments) < least:
        missing = parameters[len(arguments)]
        raise WrongError(column, f"{missing.name} is missing: {missing.takes.value}", right)
    if len(arguments) > len(parameters) and not repeats:
        extra = arguments[len(parameters)]
        raise WrongError(extra.column, "this is one operand too many", right)
    padded = [*parameters, *parameters[-1:] * (len(arguments) - len(parameters))]
    return [
        _convert(parameter, argument, right, number)
        for parameter, argument in zip(padded, arguments, strict=False)
    ]


def _convert(
    parameter: Parameter, argument: Argument, right: str, number: Callable[[Expression], int]
) -> Any:
    match parameter.takes, argument:
        case Takes.TEXT, Text(text):
            return text
        case Takes.NAME, Name(name):
            return name
        case Takes.REGISTER, Register():
            return argument
        case Takes.REGISTERS, Register(n, column):
            return Range(n, n, column)
        case Takes.REGISTERS, Range(first, last, column):
            if first > last:
                raise WrongError(column, "this range runs backwards", "write the lower one first")
            return argument
        case Takes.TARGET, Register():
            return argument
        case ((Takes.TEXT | Takes.NAME | Takes.REGISTER | Takes.REGISTERS), _):
            pass
        case _, Register() | Range() | Text():
            pass
        case Takes.NUMBER, _:
            return number(argument)
        case ((Takes.VALUE | Takes.TARGET), _):
            return argument
    what = f"{parameter.name} must be {parameter.takes.value}"
    raise WrongError(argument.column, what, f"write `{right}`" if "`" not in right else right)
