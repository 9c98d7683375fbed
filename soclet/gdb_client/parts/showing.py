"""A frame's registers in words, from what gdb has of them."""

from isa_spec.registers import CAUSE, PC, REGISTERS, STATUS, Status
from isa_spec.traps import BY_NUMBER, Access
from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.target import named, number_of
from soclet.gdb_client.tables import CAUSE_VECTOR, GDB_NAMES, SHOWN

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
