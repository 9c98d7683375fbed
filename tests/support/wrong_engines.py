"""Engines that are wrong on purpose: the reference, but for one thing."""

from machine.engine import Decisions
from machine.machine import EngineMaker
from machine.reason import Reason
from machine.reference import Reference


class Wrong(Reference):
    """Gets a register or a word of memory wrong as soon as so many instructions are executed.

    `at_once`: only if it executes them, and as many more, in one run.
    """

    name = "wrong"

    def __init__(self, cpu, instructions, after, *, register=None, word=None, at_once=0):
        super().__init__(cpu, instructions)
        self._after = after
        self._register = register
        self._word = word
        self._at_once = at_once
        self._done = False

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        cpu = self._cpu
        left = self._after - cpu.executed
        if left <= 0 or cpu.time + left + self._at_once > until:
            return super().run(until, breakpoints, decisions)
        reason = super().run(cpu.time + left, breakpoints, decisions)
        if cpu.executed == self._after:
            if self._register is not None:
                cpu.r[self._register] ^= 1 << 8
            if self._word is not None:
                cpu.memory.store(self._word, cpu.memory.words[self._word >> 2] + 1)
        return reason


def wrong(after: int, **how: int) -> EngineMaker:
    """Make engines that are wrong after so many instructions since the machine was made."""
    return lambda cpu, instructions: Wrong(cpu, instructions, after, **how)
