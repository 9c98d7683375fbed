"""Who called a function, or was interrupted by a handler: their registers, as numbers.

Knows how to ask the code about it. Must not know when gdb is to be told: see parts.unwinding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from isa_spec.formats import LENGTH
from isa_spec.registers import (
    CAUSE,
    EPC,
    ESTATUS,
    IVEC,
    LINK,
    PC,
    PTBR,
    REGISTERS,
    RESET_PC,
    SP,
    STATUS,
    Status,
)
from isa_spec.traps import VECTOR_COUNT
from soclet.gdb_client.parts.decoding import named_value
from soclet.gdb_client.parts.following import OVERWRITTEN, Cells, State, Step, Way, is_call
from soclet.gdb_client.parts.frames import Context
from soclet.gdb_client.parts.recovering import Recovery
from soclet.gdb_client.parts.spaces import NOW, Code, Space
from soclet.gdb_client.parts.walking import states_from, way_out
from soclet.gdb_client.tables import CAUSE_VECTOR, WORD_BYTES
from toolchain.convention import CLOBBERED

_KEPT = tuple(
    register.number
    for register in REGISTERS
    if not register.privileged and register.number not in (PC, *CLOBBERED)
)

Values = dict[int, int | None]
"""Registers by number; those that are lost have no value. No pc: there is nobody."""


class Registers(Protocol):
    """A frame whose caller is asked for."""

    def register(self, number: int) -> int | None:
        """Give what a register holds in the frame; None where that is lost."""


@dataclass(frozen=True, slots=True)
class Found:
    """The caller's registers; `stack` is what the frame that called or interrupted is told by."""

    registers: Values
    start: int | None
    stack: int | None
    space: Space


class Callers:
    """Finds the caller of one frame, at `pc`, in the function that begins at `start` if known."""

    def __init__(
        self, frame: Registers, pc: int, context: Context, start: int | None = None
    ) -> None:
        self._frame = frame
        self._pc = pc
        self._context = context
        self._code = Code(context.space)
        self._cells = Cells()
        self._start = start
        self._out = way_out(pc, self._code, self._cells, State())

    def _solve(self, state: State) -> Recovery:
        """Give numbers for what is known in a state that holds at pc."""
        return Recovery(state, self._cells, self._frame.register, self._context.space.word)

    # Handlers

    def interrupted(self) -> Found | None:
        """Give what a handler has interrupted; None where pc is in no handler."""
        found = self._handler()
        if found is None:
            return None
        start, state = found
        solve = self._solve(state)
        held = {register.number: solve.start(register.number) for register in REGISTERS}
        out = self._out
        if held[EPC] is None and out is not None and out.way is Way.TRAP_RETURN:
            held = self._held_at(out)
        registers = held | dict.fromkeys(OVERWRITTEN)
        registers |= {PC: held[EPC], STATUS: held[ESTATUS]}
        if registers[SP] is None:
            registers[PC] = None
        space = self._space_of(held[ESTATUS], held[PTBR])
        return Found(registers, start, solve.value(state.anchor), space)

    def _handler(self) -> tuple[int, State] | None:
        """Give the beginning of the handler that pc is in, and what is known at pc."""
        vectors = self._vectors()
        if self._start is not None and self._start in vectors:
            vectors = (self._start, *vectors)
        elif self._out is None or self._out.way is not Way.TRAP_RETURN:
            return None
        # Otherwise several handlers share the code, or no symbol says where its own begins.
        for start in dict.fromkeys(vectors):
            state = states_from(start, self._code, self._cells).get(self._pc)
            if state is not None:
                return start, state
        return None

    def _vectors(self) -> Sequence[int]:
        """Give the handlers that ivec leads to: the last trap's, then the nearest before pc."""
        ivec, cause = self._frame.register(IVEC), self._frame.register(CAUSE)
        table = (
            None
            if ivec is None
            else self._context.space.of_table(None).read(ivec, VECTOR_COUNT * WORD_BYTES)
        )
        if not table:
            return ()
        words = [
            int.from_bytes(table[at : at + WORD_BYTES], "little")
            for at in range(0, len(table), WORD_BYTES)
        ]
        last = [] if cause is None else words[cause & CAUSE_VECTOR :][:1]
        others = sorted(set(words), key=lambda word: (word > self._pc, abs(self._pc - word)))
        return [word for word in (*last, *others) if word and word % LENGTH == 0]

    def _held_at(self, out: Step) -> Values:
        """Give what the registers hold when a handler returns."""
        solve = self._solve(State())
        return {
            register.number: solve.value(out.state.registers[register.number])
            for register in REGISTERS
        }

    def _space_of(self, status: int | None, ptbr: int | None) -> Space:
        """Give the memory of code that had a status and a page table."""
        if status is None or not status & Status.VIRTUAL:
            return self._context.space.of_table(None)
        mine = self._frame.register(STATUS)
        if self._context.space == NOW and mine is not None and mine & Status.VIRTUAL:
            return self._context.space
        return self._context.space.of_table(ptbr)

    # Functions

    def caller(self) -> Found:
        """Give what has called the function that pc is in."""
        nowhere = self._context.exact and self._code(self._pc) is None
        if self._start == RESET_PC and not nowhere:
            registers: Values = {}
        else:
            registers = self._returned() or self._called(nowhere=nowhere)
        privileged = (register.number for register in REGISTERS if register.privileged)
        passed = {number: self._frame.register(number) for number in privileged}
        return Found(passed | registers, self._start, registers.get(SP), self._context.space)

    def _returned(self) -> Values | None:
        """Find the caller by where the function returns to; None where it does not return."""
        out = self._out
        found = None if out is None else self._returned_by(out)
        if found is None or None in found.values():
            # How far sp moves may be in a register that is no more than a number.
            held = list(State().registers)
            for number in CLOBBERED:
                value = None if number == LINK else self._frame.register(number)
                held[number] = held[number] if value is None else value
            out = way_out(self._pc, self._code, self._cells, State(tuple(held)))
            found = (None if out is None else self._returned_by(out)) or found
        return found

    def _returned_by(self, out: Step) -> Values | None:
        solve = self._solve(State())
        pc, sp = solve.value(out.target), solve.value(out.state.registers[SP])
        if out.way is not Way.RETURN or pc is None or sp is None:
            return None
        if self._code(pc) is None:
            return {SP: sp}
        return {n: solve.value(out.state.registers[n]) for n in _KEPT} | {PC: pc}

    def _called(self, *, nowhere: bool) -> Values:
        """Find the caller by what the function has done since it was called.

        `nowhere`: pc cannot be executed; a jump has led there, and nothing has been done.
        """
        state: State | None = State()
        if not nowhere:
            start = self._pc if self._start is None else self._start
            state = states_from(start, self._code, self._cells).get(self._pc)
        if state is None:
            return {}
        solve = self._solve(state)
        link = solve.start(LINK)
        if link is None or not self._leads_here(link):
            return {}
        return {number: solve.start(number) for number in _KEPT} | {PC: link}

    def _leads_here(self, link: int) -> bool:
        """Tell whether the call before an address is one of this function: link may be stale."""
        load, call = self._code(link - 2 * LENGTH), self._code(link - LENGTH)
        if call is None or not is_call(call):
            return False
        value = None if load is None else named_value(load)
        if value is not None and value[0] in (self._start, self._pc):
            return True
        return any(self._frame.register(number) == self._pc for number in call.registers)
