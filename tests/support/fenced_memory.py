"""Runs random programs on the native engine with memory and its guard bytes between fences.

As a program, since a step over a fence ends the process: given first and last seed, and at which
end of their pages the buffers lie that are shorter. All other buffers of the engine have fences in
any case.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from engine_fuzz.loops import make_loops
from plain_model.programs import make_program

import machine.machine
from machine.events import SerialInput
from machine.machine import Machine
from machine.memory import Memory
from machine.native.engine import Native
from machine.native.host import Region
from machine.reference import Reference

PAGE = 4096


class Store:
    """Bytes of the host that are read and written as a map of a file is."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    def __getitem__(self, at: slice) -> bytes:
        return bytes(self._data[at])

    def __setitem__(self, at: slice, data: bytes) -> None:
        self._data[at] = data


class FencedMemory(Memory):
    """Memory whose words and guard bytes have a page that nobody may touch on either side."""

    at_the_end = False

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.fenced: Any = Region(size), Region(len(self.guard))
        words, guard = (region.bytes for region in self.fenced)
        if self.at_the_end:
            guard = guard[len(guard) - len(self.guard) :]
        else:
            guard = guard[: len(self.guard)]
        guard[:] = self.guard
        self._store = Store(words)
        self.words = words.cast("I")
        self.guard = guard


@contextmanager
def fenced() -> Iterator[None]:
    """Have machines that are made meanwhile have fenced memory."""
    machine.machine.Memory = FencedMemory
    try:
        yield
    finally:
        machine.machine.Memory = Memory


def main() -> None:
    """Run the programs; say how many instructions there were."""
    first, last = int(sys.argv[1]), int(sys.argv[2])
    FencedMemory.at_the_end = sys.argv[3] == "end"
    executed = 0
    for seed in range(first, last + 1):
        program, rng = (make_loops if seed % 2 else make_program)(seed), Random(seed)
        with fenced():
            native = Machine(program.memory_size, byte_ticks=program.byte_ticks, engine=Native)
        plain = Machine(program.memory_size, byte_ticks=program.byte_ticks, engine=Reference)
        for each in (native, plain):
            each.flash(program.segments)
            for tick, data in program.feeds:
                each.schedule(tick, SerialInput(data))
        tick = 0
        while tick < program.limit:
            tick = min(tick + rng.randrange(1, 700), program.limit)
            native.run(tick)
            plain.run(tick)
        if native.snapshot() != plain.snapshot():
            raise SystemExit(f"seed {seed} came out differently")
        executed += native.engine.executed - native.engine.stepped
    print(executed)


if __name__ == "__main__":
    main()
