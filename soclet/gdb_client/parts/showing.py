"""Registers, traps and translations in words, from what gdb has of them."""

from collections.abc import Iterator

from isa_spec.paging import (
    ENTRY_PAGE,
    NEEDED,
    OFFSET,
    PAGE_SHIFT,
    table_base,
    table_length,
)
from isa_spec.registers import CAUSE, DETAIL, EPC, PC, PTBR, REGISTERS, STATUS, Status
from isa_spec.traps import BY_NUMBER, Access
from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.spaces import NOW
from soclet.gdb_client.parts.target import named, number_of
from soclet.gdb_client.tables import CAUSE_VECTOR, ENTRY_BITS, GDB_NAMES, SHOWN, WORD_BYTES

_COLUMNS = 4


def _value(frame: gdb.Frame, number: int) -> int | None:
    return number_of(lambda: frame.read_register(GDB_NAMES[number][0]))


def registers(frame: gdb.Frame) -> str:
    """Show a frame's registers; those that it has lost as dashes."""
    held = {register.number: _value(frame, register.number) for register in REGISTERS}
    cells = [
        f"{SHOWN[number]:>8} " + ("--------" if value is None else f"{value:08x}")
        for number, value in held.items()
    ]
    lines = ["".join(cells[at : at + _COLUMNS]) for at in range(0, len(cells), _COLUMNS)]
    pc, status, cause = held[PC], held[STATUS], held[CAUSE]
    if pc is not None:
        lines.append(f"pc is {named(pc)}")
    if status is not None:
        words = [bit.name.lower() for bit in Status if status & bit and bit.name]
        lines.append(f"status: {', '.join(words) or 'user'}")
    if cause:
        lines.append(f"cause: {_cause(cause)}")
    return "\n".join(lines) + "\n"


def _cause(cause: int) -> str:
    vector = BY_NUMBER.get(cause & CAUSE_VECTOR)
    if vector is None:
        return f"vector {cause & CAUSE_VECTOR}"
    kinds = {int(access): access.name.lower() for access in Access}
    kind = f", {kinds.get(cause & ~CAUSE_VECTOR, 'access')}" if vector.access else ""
    return f"vector {vector.number}, {vector.what}{kind}"


def trap(frame: gdb.Frame) -> str:
    """Tell the trap that a frame's cause, detail and epc hold."""
    cause, detail, epc = (_value(frame, number) for number in (CAUSE, DETAIL, EPC))
    if cause is None or epc is None:
        return "the frame's cause and epc are lost: a later trap has overwritten them\n"
    if cause == 0:
        return "no trap and no interrupt was entered yet\n"
    vector = BY_NUMBER.get(cause & CAUSE_VECTOR)
    about = vector is not None and vector.detail != "0" and detail is not None
    shown = f" ({vector.detail}: {detail:#x})" if about and vector is not None else ""
    return f"{_cause(cause)}{shown}, from pc {named(epc)}\n"


def walk(address: int) -> str:
    """Tell how the page table translates an address, step by step."""
    return "\n".join(_steps(gdb.selected_frame(), address)) + "\n"


def _steps(frame: gdb.Frame, address: int) -> Iterator[str]:
    ptbr, status = _value(frame, PTBR), _value(frame, STATUS)
    if ptbr is None or status is None:
        yield "the frame's ptbr and status are lost"
        return
    if status & Status.VIRTUAL:
        yield "translation is on: this monitor cannot show the table, which lies elsewhere"
        return
    number, slot = address >> PAGE_SHIFT, table_base(ptbr) + WORD_BYTES * (address >> PAGE_SHIFT)
    yield f"translation is off; if it were on, {address:#x} would be in page {number:#x}"
    if number >= table_length(ptbr):
        yield f"the table has {table_length(ptbr):#x} entries: page not present"
        return
    entry = NOW.word(slot)
    if entry is None:
        yield f"its entry would be at {slot:#x}, where nothing is"
        return
    bits = [name for name, bit in ENTRY_BITS.items() if entry & bit]
    yield f"its entry at {slot:#x} is {entry:#010x}: {', '.join(bits) or 'no bits'}"
    if not entry & ENTRY_BITS["present"]:
        yield "page not present"
        return
    allowed = [access.name.lower() for access, bit in NEEDED.items() if entry & bit]
    who = "kernel and user" if entry & ENTRY_BITS["user"] else "kernel"
    yield f"{who} may {', '.join(allowed) or 'do nothing'}"
    yield f"{address:#x} is at physical {entry & ENTRY_PAGE | address & OFFSET:#x}"
