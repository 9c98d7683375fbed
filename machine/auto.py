"""The engine that is right for most: the reference until a run is worth more, then a faster one.

Knows when to change over; must not know how any engine works.
"""

from collections.abc import Callable
from typing import Final

from isa_spec.instruction import InstructionSet
from machine.cpu import Cpu
from machine.engine import Decisions, Engine
from machine.reason import Reason
from machine.reference import Reference

SHORT_RUN: Final = 60_000
"""Instructions of a run for which nothing else is worth loading: what that takes, they take."""


class Auto:
    """Begins with the reference and goes on with the engine that `faster` makes."""

    def __init__(
        self,
        cpu: Cpu,
        instructions: InstructionSet,
        *,
        faster: Callable[[Cpu, InstructionSet], Engine],
    ) -> None:
        self._cpu = cpu
        self._instructions = instructions
        self._engine: Engine = Reference(cpu, instructions)
        self._faster = faster
        self._left = SHORT_RUN

    @property
    def name(self) -> str:
        """What executes instructions now."""
        return f"{self._engine.name} (chosen by auto)"

    @property
    def report(self) -> str:
        """What the engine that executes instructions now says."""
        return f"{self._engine.report} (chosen by auto)"

    def run(self, until: int, breakpoints: frozenset[int], decisions: Decisions) -> Reason:
        """Execute (see Engine)."""
        while self._left > 0:
            began = self._cpu.executed
            end = min(until, self._cpu.time + self._left)
            reason = self._engine.run(end, breakpoints, decisions)
            self._left -= self._cpu.executed - began
            if self._left <= 0:
                self._change_over()
            if reason is not Reason.BUDGET or end == until or self._cpu.time != end:
                return reason
        return self._engine.run(until, breakpoints, decisions)

    def forget(self) -> None:
        """Drop everything made from memory's contents."""
        self._engine.forget()

    def _change_over(self) -> None:
        self._engine.forget()
        self._engine = self._faster(self._cpu, self._instructions)
