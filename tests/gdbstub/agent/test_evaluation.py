"""The interpreter computes what the manual says; the translated function does the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rsp import agent

from gdbstub.agent.expression import AgentFault, parse
from gdbstub.agent.interpreter import evaluate
from gdbstub.agent.opcodes import OPCODES
from gdbstub.agent.translator import translate
from gdbstub.target import TargetError


@pytest.fixture(autouse=True, scope="module")
def short_runs():
    """A loop without end is found in a hundredth of its time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gdbstub.agent.expression.MOST_TRAVEL", 2000)
        translate.cache_clear()
        yield
    translate.cache_clear()


class Context:
    """Registers n = 0xFFFFF000 + n; memory at a holds a's lowest byte, but for its first page."""

    def __init__(self):
        self.log = []

    def register(self, number):
        self.log.append(("register", number))
        if number >= 0x8000:
            raise AgentFault(f"register {number} has no value")
        return 0xFFFF_F000 + number

    def memory(self, address, size):
        self.log.append(("memory", address, size))
        if address < 0x1000 or address + size > 2**32:
            raise AgentFault(f"nothing is at {address:#x}")
        return int.from_bytes(bytes((address + n) & 0xFF for n in range(size)), "little")

    def show(self, text):
        self.log.append(("show", text))


def outcome(function):
    """Value or fault, and everything that the target was asked on the way."""
    context = Context()
    try:
        result = function(context)
    except AgentFault as fault:
        result = fault.message
    return result, context.log


def both(*instructions):
    """The value of both, or the message of the fault."""
    expression = parse(agent(*instructions, "end"))
    plain = outcome(lambda context: evaluate(expression, context))
    assert outcome(expression.compile()) == plain
    return plain[0]


def push(value):
    return f"const64 {value % 2**64:#x}"


@pytest.mark.parametrize(
    ("name", "a", "b", "value"),
    [
        ("add", 2**64 - 1, 2, 1),
        ("sub", 1, 2, -1),
        ("mul", -3, 5, -15),
        ("mul", 2**63, 2, 0),
        ("div_signed", 7, -2, -3),
        ("div_signed", -7, -2, 3),
        ("div_signed", -(2**63), -1, -(2**63)),
        ("div_unsigned", -7, 2, (2**64 - 7) // 2),
        ("rem_signed", -7, 2, -1),
        ("rem_signed", 7, -2, 1),
        ("rem_signed", -(2**63), -1, 0),
        ("rem_unsigned", -7, 10, (2**64 - 7) % 10),
        ("lsh", 3, 63, 2**63),
        ("lsh", 3, 64, 0),
        ("lsh", 3, -1, 0),
        ("rsh_signed", -8, 1, -4),
        ("rsh_signed", -8, 64, -1),
        ("rsh_signed", 8, -1, 0),
        ("rsh_unsigned", -1, 60, 15),
        ("rsh_unsigned", -1, 64, 0),
        ("bit_and", 0b1100, 0b1010, 0b1000),
        ("bit_or", 0b1100, 0b1010, 0b1110),
        ("bit_xor", 0b1100, 0b1010, 0b0110),
        ("equal", 5, 5, 1),
        ("equal", 5, 6, 0),
        ("less_signed", -1, 0, 1),
        ("less_signed", 0, 0, 0),
        ("less_unsigned", -1, 0, 0),
        ("less_unsigned", 0, -1, 1),
    ],
)
def test_two_values_make_one(name, a, b, value):
    assert both(push(a), push(b), name) == value % 2**64


@pytest.mark.parametrize(
    ("instruction", "a", "value"),
    [
        ("log_not", 0, 1),
        ("log_not", 2**63, 0),
        ("bit_not", 0, -1),
        ("ext 8", 0x180, -128),
        ("ext 8", 0x17F, 127),
        ("ext 1", 3, -1),
        ("ext 63", 2**62, -(2**62)),
        ("ext 64", 2**63, 2**63),
        ("ext 255", 2**63, 2**63),
        ("zero_ext 8", 0x1FF, 0xFF),
        ("zero_ext 0", 0x1FF, 0),
        ("zero_ext 64", -1, -1),
        ("zero_ext 255", -1, -1),
    ],
)
def test_one_value_makes_another(instruction, a, value):
    assert both(push(a), instruction) == value % 2**64


def test_constants_and_registers_are_pushed_without_their_sign():
    assert both("const8 0xff") == 0xFF
    assert both("const16 0xffff") == 0xFFFF
    assert both("const32 0xffffffff") == 0xFFFF_FFFF
    assert both("const64 0xffffffffffffffff") == 2**64 - 1
    assert both("reg 0x123") == 0xFFFF_F123


@pytest.mark.parametrize(("bits", "value"), [(8, 1), (16, 0x201), (32, 0x4030201)])
def test_memory_is_read_at_any_alignment_without_its_sign(bits, value):
    assert both("const32 0x2001", f"ref{bits}") == value
    assert both("const32 0x2001", "ref64") == 0x0807060504030201


@pytest.mark.parametrize(
    ("instructions", "stack"),
    [
        (("dup",), (1, 2, 3, 3)),
        (("pop",), (1, 2)),
        (("swap",), (1, 3, 2)),
        (("rot",), (3, 1, 2)),
        (("pick 0",), (1, 2, 3, 3)),
        (("pick 2",), (1, 2, 3, 1)),
    ],
)
def test_the_stack_is_moved_about(instructions, stack):
    for depth in range(len(stack)):
        found = both("const8 1", "const8 2", "const8 3", *instructions, *["pop"] * depth)
        assert found == stack[-1 - depth]


def test_without_a_value_on_the_stack_it_is_0():
    assert both() == 0


@pytest.mark.parametrize("name", ["div_signed", "div_unsigned", "rem_signed", "rem_unsigned"])
def test_division_by_zero_is_a_fault(name):
    assert both("const8 1", "const8 0", name) == "division by zero"


def test_what_the_target_cannot_give_is_a_fault():
    assert both("const8 4", "ref32") == "nothing is at 0x4"
    assert both("reg 0x8000") == "register 32768 has no value"


def test_a_jump_is_taken_where_the_value_is_not_zero():
    branches = ("if_goto 10", "const8 7", "goto 12", "const8 8")
    for condition, value in ((0, 7), (1, 8), (2, 8)):
        assert both(f"const8 {condition}", *branches) == value


def test_a_loop_adds_up_what_it_goes_through():
    loop = (
        *("const8 0", "const8 10"),  # sum, n
        *("swap", "pick 1", "add", "swap"),  # 4: sum += n
        *("const8 1", "sub", "dup", "if_goto 4", "pop"),
    )
    assert both(*loop) == 55


def test_values_are_handed_on_from_block_to_block_at_the_same_time():
    assert both("const8 1", "const8 2", "swap", "goto 8", "sub") == 1
    assert both("const8 1", "const8 2", "goto 7", "swap", "goto 11", "sub") == 1


@pytest.mark.parametrize("loop", [("goto 0",), ("const8 1", "if_goto 0"), ("const8 1", "goto 2")])
def test_a_loop_without_end_comes_to_one(loop):
    assert both(*loop) == "the expression does not come to an end"


def test_printf_shows_what_is_on_the_stack_the_first_argument_on_top():
    code = agent(
        *("const8 3", "const8 2", "const8 1"), *("const8 0", "const8 0"), "printf 3 %d-%d-%d", "end"
    )
    for evaluated in (parse(code).compile(), lambda context: evaluate(parse(code), context)):
        assert outcome(evaluated) == (0, [("show", "1-2-3")])


def test_printf_through_a_function_of_the_program_is_a_fault():
    message = "printf through a function of the program is not done here"
    assert both("const8 0", "const32 0x1000", "printf 0 hi") == message
    assert both("const32 0x1000", "const8 0", "printf 0 hi") == 0  # a channel says nothing


# ------------------------------------------------------------------------------- at random

PLAIN = [each for each in OPCODES.values() if not each.refused]
interesting = st.one_of(
    st.sampled_from([0, 1, 2, 63, 64, 255, 2**31, 2**32 - 1, 2**63, 2**64 - 1]),
    st.integers(0, 2**64 - 1),
)


@st.composite
def programs(draw):
    """Code that mostly is sound: it follows the height of the stack, and jumps among opcodes."""
    lines = [("const64", value) for value in draw(st.lists(interesting, max_size=6))]
    heights, height = list(range(len(lines))), len(lines)
    for _ in range(draw(st.integers(0, 25))):
        fitting = [each for each in PLAIN if each.pops <= height and each.name != "end"]
        opcode = draw(st.sampled_from(fitting))
        heights.append(height)
        match opcode.name:
            case "pick":
                if not height:
                    heights.pop()
                    continue
                operand = draw(st.integers(0, height - 1))
            case "printf":
                operand = draw(st.integers(0, min(3, height - 2)))
                height -= operand
            case "ext" | "zero_ext":
                operand = draw(st.integers(1, 70))
            case "if_goto" | "goto":
                after = height - opcode.pops
                level = [n for n, each in enumerate(heights[:-1]) if each == after]
                ahead = st.integers(len(lines), len(lines) + 9)
                operand = draw(st.one_of(st.sampled_from(level), ahead) if level else ahead)
            case _:
                operand = draw(interesting) % 2 ** (8 * opcode.operand)
        lines.append((opcode.name, operand))
        height += opcode.pushes - opcode.pops
    return assembled([*lines, ("end", 0)])


def assembled(lines):
    """Jumps to the n-th line become jumps to its offset."""

    def code(places):
        return [
            agent(
                f"{name} {places[min(operand, len(lines) - 1)]}"
                if name in ("goto", "if_goto")
                else f"printf {operand} {'%x ' * operand}\\n"
                if name == "printf"
                else f"{name} {operand}"
            )
            for name, operand in lines
        ]

    lengths = list(map(len, code([0] * len(lines))))
    return b"".join(code([sum(lengths[:n]) for n in range(len(lines))]))


@settings(max_examples=1500)
@given(programs())
def test_the_translated_function_does_what_the_interpreter_does(code):
    try:
        expression = parse(code)
    except TargetError:
        return  # a jump to a place with another height of stack
    plain = outcome(lambda context: evaluate(expression, context))
    assert outcome(expression.compile()) == plain
    assert isinstance(plain[0], str) or 0 <= plain[0] < 2**64


@settings(max_examples=500)
@given(st.lists(st.sampled_from(sorted(OPCODES)), max_size=30).map(bytes))
def test_so_it_does_for_code_that_nobody_would_write(code):
    try:
        expression = parse(code + agent("end"))
    except TargetError:
        return
    plain = outcome(lambda context: evaluate(expression, context))
    assert outcome(expression.compile()) == plain
