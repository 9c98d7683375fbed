"""The table of opcodes: names, numbers, operands, and what each does to the height of the stack.

From the GDB manual's appendix on agent expressions. Knows nothing of what they compute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

_FLOATS: Final = "values here are whole numbers"
_TRACES: Final = "there are no tracepoints, and so nothing to collect for"
_VARIABLES: Final = "there are no trace state variables"


@dataclass(frozen=True, slots=True)
class Opcode:
    """One row of the manual.

    `operand` is the length in bytes of the number that follows it, most significant byte first. It
    needs `pops` values on the stack and leaves `pushes` in their place. `refused` says why code
    with it is not taken; it is empty where it is.
    """

    number: int
    name: str
    operand: int
    pops: int
    pushes: int
    refused: str = ""


_TABLE: Final = (
    Opcode(0x01, "float", 0, 0, 0, _FLOATS),
    Opcode(0x02, "add", 0, 2, 1),
    Opcode(0x03, "sub", 0, 2, 1),
    Opcode(0x04, "mul", 0, 2, 1),
    Opcode(0x05, "div_signed", 0, 2, 1),
    Opcode(0x06, "div_unsigned", 0, 2, 1),
    Opcode(0x07, "rem_signed", 0, 2, 1),
    Opcode(0x08, "rem_unsigned", 0, 2, 1),
    Opcode(0x09, "lsh", 0, 2, 1),
    Opcode(0x0A, "rsh_signed", 0, 2, 1),
    Opcode(0x0B, "rsh_unsigned", 0, 2, 1),
    Opcode(0x0C, "trace", 0, 2, 0, _TRACES),
    Opcode(0x0D, "trace_quick", 1, 1, 1, _TRACES),
    Opcode(0x0E, "log_not", 0, 1, 1),
    Opcode(0x0F, "bit_and", 0, 2, 1),
    Opcode(0x10, "bit_or", 0, 2, 1),
    Opcode(0x11, "bit_xor", 0, 2, 1),
    Opcode(0x12, "bit_not", 0, 1, 1),
    Opcode(0x13, "equal", 0, 2, 1),
    Opcode(0x14, "less_signed", 0, 2, 1),
    Opcode(0x15, "less_unsigned", 0, 2, 1),
    Opcode(0x16, "ext", 1, 1, 1),
    Opcode(0x17, "ref8", 0, 1, 1),
    Opcode(0x18, "ref16", 0, 1, 1),
    Opcode(0x19, "ref32", 0, 1, 1),
    Opcode(0x1A, "ref64", 0, 1, 1),
    Opcode(0x1B, "ref_float", 0, 1, 1, _FLOATS),
    Opcode(0x1C, "ref_double", 0, 1, 1, _FLOATS),
    Opcode(0x1D, "ref_long_double", 0, 1, 1, _FLOATS),
    Opcode(0x1E, "l_to_d", 0, 1, 1, _FLOATS),
    Opcode(0x1F, "d_to_l", 0, 1, 1, _FLOATS),
    Opcode(0x20, "if_goto", 2, 1, 0),
    Opcode(0x21, "goto", 2, 0, 0),
    Opcode(0x22, "const8", 1, 0, 1),
    Opcode(0x23, "const16", 2, 0, 1),
    Opcode(0x24, "const32", 4, 0, 1),
    Opcode(0x25, "const64", 8, 0, 1),
    Opcode(0x26, "reg", 2, 0, 1),
    Opcode(0x27, "end", 0, 0, 0),
    Opcode(0x28, "dup", 0, 1, 2),
    Opcode(0x29, "pop", 0, 1, 0),
    Opcode(0x2A, "zero_ext", 1, 1, 1),
    Opcode(0x2B, "swap", 0, 2, 2),
    Opcode(0x2C, "getv", 2, 0, 1, _VARIABLES),
    Opcode(0x2D, "setv", 2, 1, 1, _VARIABLES),
    Opcode(0x2E, "tracev", 2, 0, 1, _VARIABLES),
    Opcode(0x2F, "tracenz", 0, 2, 0, _TRACES),
    Opcode(0x30, "trace16", 2, 1, 1, _TRACES),
    Opcode(0x32, "pick", 1, 0, 1),  # and needs as many values as its operand says, and one
    Opcode(0x33, "rot", 0, 3, 3),
    Opcode(0x34, "printf", 1, 2, 0),  # and pops as many more as its operand says; a format follows
)

OPCODES: Final[Mapping[int, Opcode]] = MappingProxyType({each.number: each for each in _TABLE})
"""By number."""

BY_NAME: Final[Mapping[str, Opcode]] = MappingProxyType({each.name: each for each in _TABLE})
