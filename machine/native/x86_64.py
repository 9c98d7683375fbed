"""Encodings of the x86-64 instructions that templates are made of, as data and a few shapes.

Knows the processor's manual (Intel SDM volume 2), and only what is needed of it. Must not know
what the machine code is for.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Reg(IntEnum):
    """The general registers by their numbers; used as 32 bits unless said otherwise."""

    RAX = 0
    RCX = 1
    RDX = 2
    RBX = 3
    RSP = 4
    RBP = 5
    RSI = 6
    RDI = 7
    R8 = 8
    R9 = 9
    R10 = 10
    R11 = 11
    R12 = 12
    R13 = 13
    R14 = 14
    R15 = 15


@dataclass(frozen=True, slots=True)
class Mem:
    """Memory at base + index × scale + disp; the scale is 1, 2, 4 or 8."""

    base: Reg
    disp: int = 0
    index: Reg | None = None
    scale: int = 1


Operand = Reg | Mem


class Alu(IntEnum):
    """Two-operand arithmetic: the number that stands in all of its opcodes."""

    ADD = 0
    OR = 1
    AND = 4
    SUB = 5
    CMP = 7


class Unary(IntEnum):
    """One-operand arithmetic of opcode F7: the number in the middle of its ModRM byte."""

    NEG = 3
    IDIV = 7


class Shift(IntEnum):
    """Shifts and rotations by a constant: the number in the middle of their ModRM byte."""

    ROR = 1
    SHL = 4
    SHR = 5


class Cond(IntEnum):
    """Conditions of jumps: the low four bits of their opcodes."""

    BELOW = 0x2
    NOT_BELOW = 0x3
    EQUAL = 0x4
    NOT_EQUAL = 0x5
    NOT_ABOVE = 0x6
    ABOVE = 0x7
    NEGATIVE = 0x8
    LESS = 0xC
    GREATER = 0xF


def encode(
    opcode: bytes, reg: int, rm: Operand, *, wide: bool = False, immediate: bytes = b""
) -> bytes:
    """Give an instruction with a ModRM byte; `wide` makes it one of 64 bits."""
    rex = 0x48 if wide else 0x40
    rex |= (reg & 8) >> 1
    if isinstance(rm, Reg):
        rex |= rm >> 3
        tail = bytes((0xC0 | (reg & 7) << 3 | rm & 7,))
    else:
        rex |= rm.base >> 3
        if rm.index is not None:
            rex |= (rm.index & 8) >> 2
        tail = _memory(reg & 7, rm)
    prefix = b"" if rex == 0x40 else bytes((rex,))
    return prefix + opcode + tail + immediate


_SCALES: Final = {1: 0x00, 2: 0x40, 4: 0x80, 8: 0xC0}


def _memory(reg: int, rm: Mem) -> bytes:
    """The ModRM byte and what follows it, for an operand in memory."""
    if rm.disp == 0 and rm.base & 7 != Reg.RBP:
        mode, disp = 0x00, b""
    elif -0x80 <= rm.disp < 0x80:
        mode, disp = 0x40, rm.disp.to_bytes(1, "little", signed=True)
    else:
        mode, disp = 0x80, rm.disp.to_bytes(4, "little", signed=True)
    if rm.index is None and rm.base & 7 != Reg.RSP:
        return bytes((mode | reg << 3 | rm.base & 7,)) + disp
    index = Reg.RSP if rm.index is None else rm.index
    return bytes((mode | reg << 3 | 4, _SCALES[rm.scale] | (index & 7) << 3 | rm.base & 7)) + disp


def _word(value: int) -> bytes:
    return (value & 0xFFFF_FFFF).to_bytes(4, "little")


def alu(operation: Alu, to: Operand, source: Operand | int, *, wide: bool = False) -> bytes:
    """Give to ← to OP source. A constant has 32 bits; in a wide operation its sign is extended."""
    if not isinstance(source, (Reg, Mem)):
        value = (source + 0x8000_0000) % (1 << 32) - 0x8000_0000
        if -0x80 <= value < 0x80:
            immediate = value.to_bytes(1, "little", signed=True)
            return encode(b"\x83", operation, to, wide=wide, immediate=immediate)
        return encode(b"\x81", operation, to, wide=wide, immediate=_word(value))
    if isinstance(to, Reg):
        return encode(bytes((operation << 3 | 3,)), to, source, wide=wide)
    assert isinstance(source, Reg), "x86 has no operation from memory to memory"
    return encode(bytes((operation << 3 | 1,)), source, to, wide=wide)


def mov(to: Operand, source: Operand | int, *, wide: bool = False) -> bytes:
    """Give to ← source. A constant has 32 bits."""
    if not isinstance(source, (Reg, Mem)):
        if isinstance(to, Reg):
            prefix = b"\x41" if to & 8 else b""
            return prefix + bytes((0xB8 | to & 7,)) + _word(source)
        return encode(b"\xc7", 0, to, wide=wide, immediate=_word(source))
    if isinstance(to, Reg):
        return encode(b"\x8b", to, source, wide=wide)
    assert isinstance(source, Reg), "x86 has no move from memory to memory"
    return encode(b"\x89", source, to, wide=wide)


def mov_address(to: Reg, address: int) -> bytes:
    """Give to ← a constant of 64 bits."""
    return bytes((0x49 if to & 8 else 0x48, 0xB8 | to & 7)) + address.to_bytes(8, "little")


def lea(to: Reg, address: Mem) -> bytes:
    """Give to ← the address itself, cut to 32 bits."""
    return encode(b"\x8d", to, address)


def lowest_bit(to: Reg, source: Reg) -> bytes:
    """Give to ← the number of the lowest bit that is set in source."""
    return encode(b"\x0f\xbc", to, source)


def imul(to: Reg, source: Operand) -> bytes:
    """Give to ← the low word of to × source."""
    return encode(b"\x0f\xaf", to, source)


def imul_constant(to: Reg, source: Operand, value: int) -> bytes:
    """Give to ← the low word of source × value."""
    return encode(b"\x69", to, source, immediate=_word(value))


def unary(operation: Unary, operand: Operand) -> bytes:
    """Give operand ← OP operand; IDIV takes edx:eax and gives the quotient in eax."""
    return encode(b"\xf7", operation, operand)


def shift(operation: Shift, operand: Operand, count: int, *, wide: bool = False) -> bytes:
    """Give operand ← operand shifted or rotated."""
    return encode(b"\xc1", operation, operand, wide=wide, immediate=bytes((count,)))


def test(one: Reg, other: Reg) -> bytes:
    """Set the flags of one AND other."""
    return encode(b"\x85", other, one)


def alu_byte(operation: Alu, memory: Mem, value: int) -> bytes:
    """Give memory ← memory OP value, of one byte."""
    return encode(b"\x80", operation, memory, immediate=bytes((value,)))


def test_byte(memory: Mem, value: int) -> bytes:
    """Set the flags of a byte in memory AND a constant."""
    return encode(b"\xf6", 0, memory, immediate=bytes((value,)))


def exchange_byte(memory: Mem, register: Reg) -> bytes:
    """Give memory ← the low byte of ecx or edx where memory is that of eax; the flags say equal."""
    return encode(b"\x0f\xb0", register, memory)


def movups_load(xmm: int, memory: Mem) -> bytes:
    """Give xmm ← 16 bytes."""
    return encode(b"\x0f\x10", xmm, memory)


def movups_store(memory: Mem, xmm: int) -> bytes:
    """Give 16 bytes ← xmm."""
    return encode(b"\x0f\x11", xmm, memory)


def push(register: Reg) -> bytes:
    """Push all 64 bits."""
    return (b"\x41" if register & 8 else b"") + bytes((0x50 | register & 7,))


def pop(register: Reg) -> bytes:
    """Pop all 64 bits."""
    return (b"\x41" if register & 8 else b"") + bytes((0x58 | register & 7,))


def jump_to(target: Operand) -> bytes:
    """Jump to an address held in a register or in memory."""
    return encode(b"\xff", 4, target)


def jcc(condition: Cond) -> bytes:
    """Give the opcode of a conditional jump; the distance, 32 bits, follows."""
    return bytes((0x0F, 0x80 | condition))


CDQ: Final = b"\x99"
"""Extend the sign of eax into edx."""
RET: Final = b"\xc3"
JMP: Final = b"\xe9"
CALL: Final = b"\xe8"
"""Opcodes; the distance, 32 bits from the instruction's end, follows."""
