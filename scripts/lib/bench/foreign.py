"""Runs a kernel for RISC-V on an emulator that is a Python library; itself a process of its own.

Knows the emulators, which are in the Python that runs this and not in ours; so nothing of ours is
here. The words are `unicorn` or `tinyrv`, a flat image, its address and that at which it is to be
stopped; or `py65` and how many times its loop is to go round. It prints seconds, the total that the
kernel gave, and how many instructions py65 has executed.
"""

import sys
import time
from pathlib import Path

MEMORY = 16 << 20
UART = 0x1000_0000


def unicorn(image: bytes, start: int, done: int) -> tuple[float, int]:
    """Run an image on unicorn."""
    from unicorn import UC_ARCH_RISCV, UC_MODE_RISCV32, Uc
    from unicorn.riscv_const import UC_RISCV_REG_A0

    machine = Uc(UC_ARCH_RISCV, UC_MODE_RISCV32)
    machine.mem_map(start, MEMORY)
    machine.mem_map(UART, 4096)
    machine.mem_write(start, image)
    started = time.perf_counter()
    machine.emu_start(start, done)
    return time.perf_counter() - started, machine.reg_read(UC_RISCV_REG_A0)


def tinyrv(image: bytes, start: int, done: int) -> tuple[float, int]:
    """Run an image on tinyrv."""
    from tinyrv import sim

    machine = sim(xlen=32)
    machine.copy_in(start, image)
    machine.pc = start
    step = machine.step
    started = time.perf_counter()
    while machine.pc != done:
        step(trace=False)
    return time.perf_counter() - started, machine.x[10] & 0xFFFF_FFFF


def py65(turns: int) -> tuple[float, int, int]:
    """Count a byte up, and another down, `turns` times on a 6502: a loop of its own."""
    from py65.devices.mpu6502 import MPU

    # ldx #0 / lda #0 / loop: clc / adc #3 / sta $10 / dex / bne loop: 256 turns of 5
    code = [0xA2, 0, 0xA9, 0, 0x18, 0x69, 3, 0x85, 0x10, 0xCA, 0xD0, 0xF8]
    rounds = turns // 256 + 1
    machine = MPU(memory=code + [0] * (0x10000 - len(code)))
    step = machine.step
    started = time.perf_counter()
    for _ in range(rounds):
        machine.pc = 0
        while machine.pc != len(code):
            step()
    return time.perf_counter() - started, machine.memory[0x10], rounds * (2 + 5 * 256)


def main(name: str, *words: str) -> None:
    """Do what the words say."""
    if name == "py65":
        print(*py65(int(words[0])))
        return
    image, start, done = Path(words[0]).read_bytes(), int(words[1]), int(words[2])
    print(*{"unicorn": unicorn, "tinyrv": tinyrv}[name](image, start, done))


if __name__ == "__main__":
    main(*sys.argv[1:])
