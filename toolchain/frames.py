"""Where a function's caller is, before each of its instructions.

Follows the code from the function's first instruction through every jump, by toolchain.symbolic.
Must not know debugging formats. Where ways meet that disagree, nothing is known. `.cfi_` lines
have the last word where they stand: they act on the state that the line above leaves.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from heapq import heappop, heappush
from typing import Final

from isa_spec.instruction import Instruction
from isa_spec.registers import LINK, PC, REGISTERS, SP
from toolchain.convention import FP, KEPT
from toolchain.program import ENTRY, FrameRow, How, Rule
from toolchain.symbolic import FRAME, UNKNOWN, State, Step, Symbolic, step

Change = Callable[[State], State]
"""What a .cfi_ line does to the state."""

_ALL: Final = tuple(r.number for r in REGISTERS if r.dwarf is not None and r.number != SP)
_BASES: Final = (SP, FP, *(r.number for r in REGISTERS if r.dwarf is not None))


@dataclass(frozen=True, slots=True)
class Placed:
    """An instruction with the values of its operands, at its address."""

    address: int
    row: Instruction
    operands: tuple[int, ...]

    def step(self, state: State) -> Step:
        """Run it."""
        return step(self.row, self.operands, self.address, state)


def frame_rows(code: Sequence[Placed], changes: Mapping[int, Sequence[Change]]) -> list[FrameRow]:
    """Give a function's frame rows, one for each address where something is different.

    `changes`: the .cfi_ lines before an instruction, by its number. The function that the
    machine begins with has no caller.
    """
    if not code:
        return []
    entry = State()
    if code[0].address == ENTRY:
        entry = entry.with_register(LINK, UNKNOWN)
    rows: list[FrameRow] = []
    for placed, state in zip(code, _flow(code, changes, entry), strict=True):
        row = _row(placed, state, rows[-1] if rows else None)
        if not rows or (row.base, row.offset, row.rules) != (
            rows[-1].base,
            rows[-1].offset,
            rows[-1].rules,
        ):
            rows.append(row)
    return rows


def _flow(
    code: Sequence[Placed], changes: Mapping[int, Sequence[Change]], entry: State
) -> Iterator[State]:
    """Give the state before each instruction."""
    numbers = {placed.address: n for n, placed in enumerate(code)}
    states: dict[int, State] = {}
    waiting: list[int] = []

    def arrive(n: int, state: State) -> None:
        joined = states[n].join(state) if n in states else state
        if states.get(n) != joined:
            states[n] = joined
            heappush(waiting, n)

    def changed(n: int, state: State) -> State:
        return reduce(lambda known, change: change(known), changes.get(n, ()), state)

    arrive(0, changed(0, entry))
    while True:
        while waiting:
            n = heappop(waiting)
            done = code[n].step(states[n])
            for successor in done.successors:
                target = numbers.get(successor)
                if target is not None and target not in changes:
                    arrive(target, done.state)
            if n + 1 in changes and n + 1 < len(code):
                said = changed(n + 1, done.state)
                if states.get(n + 1) != said:
                    states.pop(n + 1, None)
                    arrive(n + 1, said)
        unreached = next((n for n in range(len(code)) if n not in states), None)
        if unreached is None:
            break
        arrive(unreached, code[unreached - 1].step(states[unreached - 1]).state)
    return (states[n] for n in range(len(code)))


def _row(placed: Placed, state: State, before: FrameRow | None) -> FrameRow:
    """Say how to find the caller before an instruction.

    A debugger looks a caller up at its call, so there link is what the call leaves of it.
    """
    done = placed.step(state)
    returning = done.state if done.is_call else state
    found = _frame_address(state)
    base, offset = found or ((before.base, before.offset) if before else (SP, 0))
    # What a handler interrupts expects all registers back, not only those that a callee keeps.
    interrupts = Symbolic(PC) in state.slots.values()
    rules = {number: _rule(number, state) for number in (_ALL if interrupts else KEPT)}
    rules[LINK] = _rule(LINK, returning) if found else Rule(How.UNDEFINED)
    if found is None and isinstance(state.registers[SP], int) and state.anchor is not None:
        base, offset = SP, state.anchor - state.registers[SP]
    return FrameRow(placed.address, base, offset, tuple(rules.items()))


def _frame_address(state: State) -> tuple[int, int] | None:
    for register in (state.base, *_BASES):
        if (distance := state.distance(register)) is not None:
            return register, distance
    return None


def _rule(register: int, state: State) -> Rule:
    """Say where the caller's value is: in a live slot, else still in place, else nowhere."""
    if register in state.values:
        return Rule(How.VALUE, state.values[register])
    sp = state.registers[SP]
    lowest = sp.offset if isinstance(sp, Symbolic) and sp.base == FRAME.base else None
    slots = sorted(at for at, held in state.slots.items() if held == Symbolic(register))
    live = [at for at in slots if lowest is None or at >= lowest]
    if live:
        return Rule(How.OFFSET, live[-1])
    if state.registers[register] == Symbolic(register):
        return Rule(How.SAME)
    return Rule(How.OFFSET, slots[-1]) if slots else Rule(How.UNDEFINED)
