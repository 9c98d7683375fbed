"""Probes: what is put around an instruction's body where somebody observes what it does.

They are put there when the instruction is decoded, so that they cost nothing where nobody does.
Loaded only then. Knows rows, and how the machine's state shows what they did; no engine.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from isa_spec import instructions as rows
from isa_spec.instruction import Body, Decoded
from isa_spec.registers import LINK, MASKS, PC, PTBR, STATUS
from machine.coverage import Coverage, Covered
from machine.cpu import Cpu
from machine.happenings import (
    FLOW,
    Call,
    CallReturn,
    ModeChange,
    TableStore,
    TableSwitch,
    TrapReturn,
)
from machine.observation import Observation

Execute = Callable[[], None]

_EXECUTED: Final = int(Covered.EXECUTED)
_TAKEN: Final = int(Covered.TAKEN)
_NOT_TAKEN: Final = int(Covered.NOT_TAKEN)

_SYSTEM: Final = frozenset({ModeChange, TableSwitch, TableStore, TrapReturn})

_LEAVES: Final[frozenset[Body]] = frozenset({rows.mov, rows.load})
"""Rows that take the address they jump to out of a register or memory, as returns do."""


Anew = Callable[[int], None]
"""Has the instruction at a physical address decoded anew: less of it is to be seen."""


def probed(
    execute: Execute, decoded: Decoded, cpu: Cpu, seen: Observation, *, system: bool
) -> Execute:
    """Put probes around what executes an instruction, as far as somebody asked for what they see.

    `system`: it may change status or ptbr.
    """
    asked = seen.asked
    if system and asked & _SYSTEM:
        execute = partial(_watch_system, execute, decoded, cpu, seen)
    if asked & FLOW and (decoded.row.meaning.jumps or PC in decoded.written):
        execute = partial(_watch_flow, execute, PC in decoded.written, _told_of(decoded), cpu, seen)
    return execute


def covered(
    execute: Execute, unseen: Covered, cpu: Cpu, coverage: Coverage, decode_anew: Anew
) -> Execute:
    """Put a probe around what executes an instruction of which something is to be seen."""
    if unseen in (Covered.TAKEN, Covered.NOT_TAKEN):
        return partial(_cover_way, execute, int(unseen), cpu, coverage, decode_anew)
    return partial(_cover, execute, bool(unseen & ~Covered.EXECUTED), cpu, coverage, decode_anew)


def _cover(
    execute: Execute, decides: bool, cpu: Cpu, coverage: Coverage, decode_anew: Anew
) -> None:
    address, following = _fetched_from(cpu), cpu.next
    coverage.mark(address, _EXECUTED)
    decode_anew(address)
    execute()
    if decides:
        coverage.mark(address, _NOT_TAKEN if cpu.next == following else _TAKEN)


def _cover_way(
    execute: Execute, awaited: int, cpu: Cpu, coverage: Coverage, decode_anew: Anew
) -> None:
    following = cpu.next
    execute()
    if awaited == (_NOT_TAKEN if cpu.next == following else _TAKEN):
        address = _fetched_from(cpu)
        coverage.mark(address, awaited)
        decode_anew(address)


def _fetched_from(cpu: Cpu) -> int:
    """The physical address of the instruction at pc."""
    pc = cpu.r[PC]
    address = pc if cpu.space is None else cpu.mmu.look(pc)
    assert address is not None, "it was fetched there"
    return address


def _watch_system(execute: Execute, decoded: Decoded, cpu: Cpu, seen: Observation) -> None:
    r = cpu.r
    pc, status, ptbr = r[PC], r[STATUS], r[PTBR]
    execute()
    if decoded.row.body is rows.iret:
        seen.note(TrapReturn(cpu.time, pc, cpu.next))
    if PTBR in decoded.written:
        seen.note(TableSwitch(cpu.time, pc, ptbr, r[PTBR]))
        seen.guard_stores()
    seen.mode_is(cpu.time, pc, status, r[STATUS] & MASKS[STATUS])
    cpu.horizon = 0


def _told_of(decoded: Decoded) -> type[Call] | type[CallReturn] | None:
    """Give what going on elsewhere by an instruction is, beside the end of a block."""
    body = decoded.row.body
    if body is rows.branch:
        return CallReturn if LINK in decoded.operands else Call
    return CallReturn if body in _LEAVES and PC in decoded.written else None


def _watch_flow(
    execute: Execute,
    writes_pc: bool,
    told: type[Call] | type[CallReturn] | None,
    cpu: Cpu,
    seen: Observation,
) -> None:
    r = cpu.r
    pc = r[PC]
    execute()
    to = r[PC] & MASKS[PC] if writes_pc else cpu.next
    seen.block_ended(cpu.time, pc, to)
    if told is not None:
        seen.note(told(cpu.time, pc, to))
    cpu.horizon = 0
