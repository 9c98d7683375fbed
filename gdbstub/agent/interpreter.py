"""Evaluates an expression plainly, one instruction after the other: what all else is held to.

Knows what each opcode computes, on values of 64 bits; must not know how code is checked, which an
`Expression` has been.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gdbstub.agent.expression import AgentFault, Context, Expression, Instruction
from gdbstub.agent.formats import Format

MASK: Final = 2**64 - 1
TOP_BIT: Final = 2**63


def signed(value: int) -> int:
    """The number that a value's 64 bits are in two's complement."""
    return value - 2 * (value & TOP_BIT)


def divide_unsigned(a: int, b: int) -> int:
    """Raises AgentFault where `b` is 0; so do the other three."""
    if b == 0:
        raise AgentFault("division by zero")
    return a // b


def divide_signed(a: int, b: int) -> int:
    """Rounds towards zero, as C does."""
    x, y = signed(a), signed(b)
    quotient = divide_unsigned(abs(x), abs(y))
    return (quotient if (x < 0) == (y < 0) else -quotient) & MASK


def remainder_unsigned(a: int, b: int) -> int:
    """What `divide_unsigned` leaves."""
    return a - b * divide_unsigned(a, b)


def remainder_signed(a: int, b: int) -> int:
    """What `divide_signed` leaves: it has the sign of `a`."""
    return (a - b * divide_signed(a, b)) & MASK


def shift_left(a: int, b: int) -> int:
    """All bits are gone from 64 on."""
    return (a << b) & MASK if b < 64 else 0


def shift_right_signed(a: int, b: int) -> int:
    """All bits are copies of the top one from 63 on."""
    return (signed(a) >> min(b, 63)) & MASK


def shift_right_unsigned(a: int, b: int) -> int:
    """All bits are gone from 64 on."""
    return a >> min(b, 64)


OF_TWO: Final[Mapping[str, Callable[[int, int], int]]] = MappingProxyType(
    {
        "add": lambda a, b: (a + b) & MASK,
        "sub": lambda a, b: (a - b) & MASK,
        "mul": lambda a, b: (a * b) & MASK,
        "div_signed": divide_signed,
        "div_unsigned": divide_unsigned,
        "rem_signed": remainder_signed,
        "rem_unsigned": remainder_unsigned,
        "lsh": shift_left,
        "rsh_signed": shift_right_signed,
        "rsh_unsigned": shift_right_unsigned,
        "bit_and": lambda a, b: a & b,
        "bit_or": lambda a, b: a | b,
        "bit_xor": lambda a, b: a ^ b,
        "equal": lambda a, b: int(a == b),
        "less_signed": lambda a, b: int(signed(a) < signed(b)),
        "less_unsigned": lambda a, b: int(a < b),
    }
)
"""Opcodes that make one value of two; `b` is the top of the stack."""


def extend(value: int, bits: int) -> int:
    """Copy bit `bits` - 1 into all above it; from 64 on there are none."""
    if bits >= 64:
        return value
    value &= (1 << bits) - 1
    return (value - 2 * (value & 1 << (bits - 1))) & MASK


def print_formatted(context: Context, form: Format, taken: list[int]) -> None:
    """Carry out a `printf`: `taken` is what it takes from the stack, the top first."""
    function, _channel, *arguments = taken
    if function:
        raise AgentFault("printf through a function of the program is not done here")
    context.show(form.render(arguments, context.memory))


def evaluate(expression: Expression, context: Context) -> int:
    """The value on the top of the stack at the end, 0 where there is none. Raises AgentFault."""
    stack: list[int] = []
    laps = expression.laps
    at = 0
    while True:
        instruction = expression.instructions[at]
        if instruction.opcode.name == "end":
            return stack[-1] if stack else 0
        target = _execute(instruction, stack, context)
        if target <= at:
            laps -= 1
            if laps < 0:
                raise AgentFault("the expression does not come to an end")
        at = target


def _execute(instruction: Instruction, stack: list[int], context: Context) -> int:
    """Carry out one instruction; give the offset of the next."""
    operand = instruction.operand
    match instruction.opcode.name:
        case "goto":
            return operand
        case "if_goto":
            return operand if stack.pop() else instruction.end
        case "const8" | "const16" | "const32" | "const64":
            stack.append(operand)
        case "reg":
            stack.append(context.register(operand))
        case "ref8" | "ref16" | "ref32" | "ref64" as name:
            stack.append(context.memory(stack.pop(), int(name[3:]) // 8))
        case "ext":
            stack.append(extend(stack.pop(), operand))
        case "zero_ext":
            stack.append(stack.pop() & ((1 << operand) - 1))
        case "log_not":
            stack.append(int(not stack.pop()))
        case "bit_not":
            stack.append(stack.pop() ^ MASK)
        case "dup":
            stack.append(stack[-1])
        case "pick":
            stack.append(stack[-1 - operand])
        case "pop":
            stack.pop()
        case "swap":
            stack[-2:] = stack[-1], stack[-2]
        case "rot":
            stack[-3:] = stack[-1], stack[-3], stack[-2]
        case "printf":
            assert instruction.format is not None
            taken = [stack.pop() for _ in range(instruction.pops)]
            print_formatted(context, instruction.format, taken)
        case name:
            b = stack.pop()
            stack.append(OF_TWO[name](stack.pop(), b))
    return instruction.end
