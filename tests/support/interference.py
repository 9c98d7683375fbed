"""What comes from outside into random programs, and the engines that have to take it."""

from functools import partial
from random import Random

from plain_model.programs import Program

from machine.compiled.engine import Compiled
from machine.engines import native_refusal
from machine.events import Event, HoldInterrupts, Reset, SerialInput, WriteMemory, WriteRegister
from machine.machine import EngineMaker
from machine.native.engine import Native
from machine.reference import Reference

ENGINES: dict[str, EngineMaker] = {
    "reference": Reference,
    "compiled": partial(Compiled, warm=1, stride=1, worthwhile=1),
}
if native_refusal() is None:
    ENGINES["native"] = Native


def interference(rng: Random, program: Program) -> Event:
    address = rng.randrange(0x1000, program.memory_size - 4)
    return rng.choice(
        (
            SerialInput(rng.randbytes(rng.choice((1, 3, 20)))),
            WriteRegister(rng.randrange(16), rng.getrandbits(32)),
            WriteMemory(address, rng.randbytes(4)),
            HoldInterrupts(held=rng.random() < 0.5),
            Reset(),
        )
    )
