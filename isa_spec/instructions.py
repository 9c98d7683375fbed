"""The base instruction set: a row and a body for each instruction (isa §2).

This is the only place that says what an instruction does. To add one is to add its row here, or
to a module like this one. A body's docstring is the manual's sentence.
"""

from typing import Final

from isa_spec.cpu import Cpu, Registers
from isa_spec.formats import CONDBR, GENERAL, WITH_VALUE
from isa_spec.instruction import Instruction, InstructionSet, Rows
from isa_spec.registers import EPC, ESTATUS, LINK, PC, STATUS
from isa_spec.traps import DIVISION, SYSTEM_CALL
from isa_spec.words import SIGN, WORD, quotient

_rows: Final = Rows()
instruction = _rows.instruction


@instruction(0x01, "mov a, value", WITH_VALUE)
def mov_value(r: Registers, a: int, value: int) -> None:
    """a ← value"""
    r[a] = value


@instruction(0x02, "mov a, b", GENERAL)
def mov(r: Registers, a: int, b: int) -> None:
    """a ← b"""
    r[a] = r[b]


@instruction(0x03, "mov a, [b]", GENERAL)
def load(cpu: Cpu, a: int, b: int) -> None:
    """a ← word at address b"""
    cpu.r[a] = cpu.load(cpu.r[b])


@instruction(0x04, "mov [a], b", GENERAL)
def store(cpu: Cpu, a: int, b: int) -> None:
    """word at address a ← b"""
    cpu.store(cpu.r[a], cpu.r[b])


@instruction(0x05, "add a, b", GENERAL)
def add(r: Registers, a: int, b: int) -> None:
    """a ← a + b modulo 2³²"""
    r[a] = (r[a] + r[b]) & WORD


@instruction(0x06, "sub a, b", GENERAL)
def sub(r: Registers, a: int, b: int) -> None:
    """a ← a − b modulo 2³²"""
    r[a] = (r[a] - r[b]) & WORD


@instruction(0x07, "mul a, b", GENERAL)
def mul(r: Registers, a: int, b: int) -> None:
    """a ← low word of a × b"""
    r[a] = (r[a] * r[b]) & WORD


@instruction(0x08, "div a, b", GENERAL)
def div(cpu: Cpu, a: int, b: int) -> None:
    """a ← a ÷ b, signed, toward zero; 0x80000000 ÷ −1 = 0x80000000; b = 0 is trap 7"""
    if cpu.r[b] == 0:
        cpu.trap(DIVISION, 0)
    cpu.r[a] = quotient(cpu.r[a], cpu.r[b]) & WORD


@instruction(0x09, "branch [a]", GENERAL)
def branch(cpu: Cpu, a: int) -> None:
    """pc ← a, then link ← address of the next instruction; a is read first"""
    target = cpu.r[a]
    cpu.r[LINK] = cpu.next
    cpu.next = target


@instruction(0x0A, "condbr a < value, target", CONDBR)
def condbr_less(cpu: Cpu, a: int, value: int, target: int) -> None:
    """if a < value, signed: pc ← target"""
    if cpu.r[a] ^ SIGN < value ^ SIGN:
        cpu.next = (cpu.r[PC] + target) & WORD


@instruction(0x0B, "condbr a == value, target", CONDBR)
def condbr_equal(cpu: Cpu, a: int, value: int, target: int) -> None:
    """if a = value: pc ← target"""
    if cpu.r[a] == value:
        cpu.next = (cpu.r[PC] + target) & WORD


@instruction(0x0C, "condbr a > value, target", CONDBR)
def condbr_greater(cpu: Cpu, a: int, value: int, target: int) -> None:
    """if a > value, signed: pc ← target"""
    if cpu.r[a] ^ SIGN > value ^ SIGN:
        cpu.next = (cpu.r[PC] + target) & WORD


@instruction(0x0D, "condbr a != value, target", CONDBR)
def condbr_different(cpu: Cpu, a: int, value: int, target: int) -> None:
    """if a ≠ value: pc ← target"""
    if cpu.r[a] != value:
        cpu.next = (cpu.r[PC] + target) & WORD


@instruction(0x10, "trap value", WITH_VALUE)
def trap(cpu: Cpu, value: int) -> None:
    """system call: trap 8"""
    cpu.trap(SYSTEM_CALL, value)


@instruction(0x11, "iret", GENERAL, privileged=True)
def iret(cpu: Cpu) -> None:
    """pc ← epc and status ← estatus, at once"""
    cpu.next = cpu.r[EPC]
    cpu.r[STATUS] = cpu.r[ESTATUS]


@instruction(0x12, "wait", GENERAL, privileged=True)
def wait(cpu: Cpu) -> None:
    """sleep until (pending and imask) ≠ 0, whatever status bit 2 is"""
    cpu.sleep()


@instruction(0x13, "brk", GENERAL)
def brk(cpu: Cpu) -> None:
    """breakpoint: completes and stops in the debugger where one is attached, else trap 9"""
    cpu.breakpoint()


BASE: Final = InstructionSet(_rows)
"""The instructions that every machine has."""

__all__ = ["BASE", "Instruction"]
