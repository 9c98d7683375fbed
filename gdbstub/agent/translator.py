"""Makes one Python function of an expression, for those who evaluate it a million times.

Knows how each opcode looks in Python; what is more than a line calls the interpreter's function
for it. Within a block of instructions without a jump, values are names and the stack is known
here, so that nothing is pushed or popped when it runs; from block to block they are handed on in
s0, s1 and so on.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

from gdbstub.agent import interpreter
from gdbstub.agent.expression import AgentFault, Context, Expression, Instruction
from gdbstub.agent.interpreter import MASK, OF_TWO, TOP_BIT

_INLINE: Final = {
    "add": f"({{a}} + {{b}}) & {MASK:#x}",
    "sub": f"({{a}} - {{b}}) & {MASK:#x}",
    "mul": f"({{a}} * {{b}}) & {MASK:#x}",
    "bit_and": "{a} & {b}",
    "bit_or": "{a} | {b}",
    "bit_xor": "{a} ^ {b}",
    "equal": "1 if {a} == {b} else 0",
    "less_signed": f"1 if ({{a}} ^ {TOP_BIT:#x}) < ({{b}} ^ {TOP_BIT:#x}) else 0",
    "less_unsigned": "1 if {a} < {b} else 0",
}
_CALLED: Final = {name: OF_TWO[name].__name__ for name in OF_TWO.keys() - _INLINE.keys()}
_SCOPE: Final[dict[str, Any]] = {
    "AgentFault": AgentFault,
    "print_formatted": interpreter.print_formatted,
    **{called: OF_TWO[name] for name, called in _CALLED.items()},
}


@lru_cache(maxsize=1024)
def translate(expression: Expression) -> Callable[[Context], int]:
    """A function that gives what `interpreter.evaluate` does, and raises what it raises."""
    scope: dict[str, Any] = dict(_SCOPE)
    for at, instruction in expression.instructions.items():
        scope[f"format{at}"] = instruction.format
    exec(compile(source(expression), "<agent expression>", "exec"), scope)  # made here, of numbers
    made: Callable[[Context], int] = scope["evaluate"]
    return made


def source(expression: Expression) -> str:
    """The function as text."""
    lines = ["def evaluate(context):"]
    lines += ["    register = context.register", "    memory = context.memory"]
    blocks = list(_blocks(expression))
    if len(blocks) == 1 and blocks[0][-1].opcode.name == "end":
        lines += _indented(_block(expression, blocks[0]), 1)
        return "\n".join(lines)
    lines += [f"    laps = {expression.laps}", "    at = 0", "    while True:"]
    for block in blocks:
        lines.append(f"        if at == {block[0].offset}:")
        lines += _indented(_block(expression, block), 3)
    return "\n".join(lines)


def _indented(lines: Iterable[str], levels: int) -> list[str]:
    return ["    " * levels + line for line in lines]


def _blocks(expression: Expression) -> Iterable[list[Instruction]]:
    """Runs of instructions that are entered at the first and left at the last only."""
    instructions = list(expression.instructions.values())
    leaders = {0}
    for each in instructions:
        if each.opcode.name in ("goto", "if_goto"):
            leaders.update(each.targets)
    block: list[Instruction] = []
    for each in instructions:
        if each.offset in leaders and block:
            yield block
            block = []
        block.append(each)
    yield block


def _block(expression: Expression, block: list[Instruction]) -> Iterable[str]:
    """The statements of a block, its way out among them."""
    stack = [f"s{n}" for n in range(expression.heights[block[0].offset])]
    for instruction in block[:-1]:
        yield from _statements(instruction, stack)
    last = block[-1]
    match last.opcode.name:
        case "end":
            yield f"return {stack[-1] if stack else 0}"
        case "goto":
            yield from _hand_on(stack)
            yield from _jump(last.offset, last.operand)
        case "if_goto":
            condition = stack.pop()
            yield f"taken = {condition}"  # which may be one of the names that are handed on
            yield from _hand_on(stack)
            yield "if taken:"
            yield from _indented(_jump(last.offset, last.operand), 1)
            yield "else:"
            yield f"    at = {last.end}"
        case _:
            yield from _statements(last, stack)
            yield from _hand_on(stack)
            yield f"at = {last.end}"


def _hand_on(stack: list[str]) -> Iterable[str]:
    moves = [(f"s{n}", value) for n, value in enumerate(stack) if value != f"s{n}"]
    if moves:
        names, values = zip(*moves, strict=True)
        yield f"{', '.join(names)} = {', '.join(values)}"


def _jump(offset: int, target: int) -> Iterable[str]:
    if target <= offset:
        yield "laps -= 1"
        yield "if laps < 0:"
        yield "    raise AgentFault('the expression does not come to an end')"
    yield f"at = {target}"


def _statements(instruction: Instruction, stack: list[str]) -> Iterable[str]:
    """What an instruction without a jump does; `stack` is changed as it changes the stack."""
    operand = instruction.operand
    match instruction.opcode.name:
        case "const8" | "const16" | "const32" | "const64":
            stack.append(f"{operand:#x}")
            return
        case "dup":
            stack.append(stack[-1])
            return
        case "pick":
            stack.append(stack[-1 - operand])
            return
        case "pop":
            stack.pop()
            return
        case "swap":
            stack[-2:] = stack[-1], stack[-2]
            return
        case "rot":
            stack[-3:] = stack[-1], stack[-3], stack[-2]
            return
        case "printf":
            taken = [stack.pop() for _ in range(instruction.pops)]
            form = f"format{instruction.offset}"
            yield f"print_formatted(context, {form}, [{', '.join(taken)}])"
            return
    name = f"v{instruction.offset}"
    yield f"{name} = {_value(instruction, stack)}"
    stack.append(name)


def _value(instruction: Instruction, stack: list[str]) -> str:
    """The Python for the one value that an instruction makes of those it takes."""
    operand = instruction.operand
    match instruction.opcode.name:
        case "reg":
            return f"register({operand})"
        case "ref8" | "ref16" | "ref32" | "ref64" as name:
            return f"memory({stack.pop()}, {int(name[3:]) // 8})"
        case "ext" if operand < 64:
            sign = 1 << (operand - 1)
            return f"((({stack.pop()} & {2 * sign - 1:#x}) ^ {sign:#x}) - {sign:#x}) & {MASK:#x}"
        case "ext":
            return stack.pop()
        case "zero_ext":
            return f"{stack.pop()} & {2 ** min(operand, 64) - 1:#x}"
        case "log_not":
            return f"0 if {stack.pop()} else 1"
        case "bit_not":
            return f"{stack.pop()} ^ {MASK:#x}"
        case name:
            b = stack.pop()
            a = stack.pop()
            if name in _INLINE:
                return _INLINE[name].format(a=a, b=b)
            return f"{_CALLED[name]}({a}, {b})"
