"""The stack as it is now: who called the function that the machine is in, or was interrupted.

Goes by the program's frame information, and through handlers, and functions that have none, by
following their code as the script for gdb does: both show the same. Looks only; what registers and
memory hold may be anything. Must not know whom it is shown to.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Final

from isa_spec.registers import LINK, PC, PTBR, REGISTERS, SP, STATUS
from isa_spec.words import WORD
from machine.machine import Machine
from soclet import views
from soclet.gdb_client.parts.callers import Callers, Found, Values
from soclet.gdb_client.parts.frames import Context
from soclet.gdb_client.parts.functions import within
from soclet.gdb_client.parts.spaces import Space
from soclet.source_map import SourceMap
from toolchain.convention import CLOBBERED
from toolchain.program import FrameRow, How

if TYPE_CHECKING:
    from toolchain.images import Image
    from toolchain.program import FunctionFrame

MOST_FRAMES: Final = 64


@dataclass(frozen=True, slots=True)
class StackFrame:
    """A function on the stack. `pc`: what it executes next, or goes on with once it is returned to.

    registers: those that are known, by number. where: its pc with the program's name and line for
    it. interrupted: a handler came before pc; no call did. described: the program has frame
    information for it; where not, its caller was found by following its code and link.
    """

    pc: int
    registers: Values
    where: str
    interrupted: bool
    described: bool

    def show(self, number: int) -> str:
        """Give it as `#1 0x1088 <start+136>, fib.s:20`, with what there is to say of it."""
        notes = [
            note
            for note, holds in (
                ("interrupted", self.interrupted),
                ("no frame information", not self.described),
            )
            if holds
        ]
        return f"#{number} {self.where}" + (f" ({', '.join(notes)})" if notes else "")


class Backtrace:
    """Finds the frames of a machine, from the innermost on, as often as it is asked."""

    def __init__(self, machine: Machine, places: SourceMap, image: "Image | None" = None) -> None:
        self._machine: Final = machine
        self._places: Final = places
        self._image: Final = image

    def frames(self, most: int = MOST_FRAMES) -> list[StackFrame]:
        """Give them, as far as they can be found, up to a number."""
        return list(islice(self._frames(), most))

    def show(self, most: int = MOST_FRAMES) -> list[str]:
        """Give a line for each; one more where there are more."""
        found = self.frames(most + 1)
        lines = [frame.show(number) for number, frame in enumerate(found[:most])]
        return lines + (["(there are more frames)"] if len(found) > most else [])

    def _frames(self) -> Iterator[StackFrame]:
        frame: _Frame | None = _Frame.innermost(self._machine)
        seen = set[tuple[int | None, ...]]()
        while frame is not None and frame.identity not in seen:
            seen.add(frame.identity)
            row = self._row(frame)
            yield StackFrame(
                frame.pc,
                frame.registers,
                self._show(frame),
                frame.context.exact and len(seen) > 1,
                row is not None,
            )
            frame = self._outer(frame, row)

    def _outer(self, frame: "_Frame", row: FrameRow | None) -> "_Frame | None":
        """Find what has called, or was interrupted by, a frame's function."""
        start = self._places.start_in(within(frame.pc, frame.context), *frame.seen_by)
        callers = Callers(frame, frame.pc, frame.context, start)
        interrupted = callers.interrupted()
        if interrupted is not None and interrupted.registers.get(PC) is not None:
            return frame.outer(interrupted, exact=True)
        if row is not None:
            return frame.outer_by(row)
        return frame.outer(callers.caller(), exact=False)

    def _row(self, frame: "_Frame") -> FrameRow | None:
        """Give the frame row that holds where a frame is; None where the program has none."""
        address = within(frame.pc, frame.context)
        at = bisect_right(self._functions, address, key=lambda function: function.start)
        if not at or address >= self._functions[at - 1].end:
            return None
        if self._places.start_in(address, *frame.seen_by) is None:
            return None  # Other code is there.
        rows = self._functions[at - 1].rows
        found = bisect_right(rows, address, key=lambda row: row.address)
        return rows[found - 1] if found else None

    @cached_property
    def _functions(self) -> "tuple[FunctionFrame, ...]":
        return () if self._image is None else self._image.frames()

    def _show(self, frame: "_Frame") -> str:
        address, shown = within(frame.pc, frame.context), f"{frame.pc:#x}"
        start = self._places.start_in(address, *frame.seen_by)
        if start is not None:
            name = self._places.function_in(address, *frame.seen_by)
            offset = frame.pc - start
            shown += f" <{name}+{offset}>" if offset else f" <{name}>"
        line = self._places.line_in(address, *frame.seen_by)
        return shown if line is None else f"{shown}, {line.file}:{line.line}"


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame on the way outwards."""

    pc: int
    registers: Values
    context: Context
    seen_by: tuple[int, int]

    @classmethod
    def innermost(cls, machine: Machine) -> "_Frame":
        """Give that of the machine itself."""
        registers: Values = {
            register.number: machine.cpu.r[register.number] for register in REGISTERS
        }

        def now(address: int, length: int) -> bytes | None:
            data = views.read(machine, address, length)
            return data if len(data) == length else None

        seen_by = (machine.cpu.r[STATUS], machine.cpu.r[PTBR])
        return cls(machine.cpu.r[PC], registers, Context(exact=True, space=Space(now=now)), seen_by)

    @property
    def identity(self) -> tuple[int | None, ...]:
        """What no two frames have in common."""
        return self.pc, self.registers.get(SP), self.context.space.ptbr

    def register(self, number: int) -> int | None:
        """Give what a register holds in it; None where that is lost."""
        return self.registers.get(number)

    def outer(self, found: Found, *, exact: bool) -> "_Frame | None":
        """Give the next one, as it was found by following code."""
        pc = found.registers.get(PC)
        if pc is None or found.registers.get(SP) is None:
            return None
        status, ptbr = found.registers.get(STATUS), found.registers.get(PTBR)
        seen_by = self.seen_by
        if exact and status is not None:
            seen_by = (status, self.seen_by[1] if ptbr is None else ptbr)
        return _Frame(pc, found.registers, Context(exact=exact, space=found.space), seen_by)

    def outer_by(self, row: FrameRow) -> "_Frame | None":
        """Give the next one by a frame row."""
        base = self.registers.get(row.base)
        if base is None:
            return None
        frame_address, rules = base + row.offset & WORD, dict(row.rules)
        held = {
            number: value for number, value in self.registers.items() if number not in CLOBBERED
        }
        for number, rule in rules.items():
            at = frame_address + rule.offset & WORD
            match rule.how:
                case How.SAME:
                    held[number] = self.registers.get(number)
                case How.UNDEFINED:
                    held[number] = None
                case How.VALUE:
                    held[number] = at
                case How.OFFSET:
                    held[number] = self.context.space.word(at)
        exact = PC in rules and rules[PC].how is How.OFFSET
        held |= {SP: frame_address, PC: held.get(PC) if exact else held.get(LINK)}
        pc = held[PC]
        if pc is None:
            return None
        return _Frame(pc, held, Context(exact=exact, space=self.context.space), self.seen_by)
