"""The machine's registers as gdb is to see them: their numbers, groups and types.

gdb knows no such machine, so it is told that this is an ARM whose first 17 registers are ours in
other places; what does not fit there rides along in a feature of our own. Everything follows
from isa_spec.registers. Must not know packets.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final
from xml.sax.saxutils import quoteattr

from gdbstub.target import Register as PacketRegister
from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import PAGE
from isa_spec.registers import CAUSE, ESTATUS, LINK, PC, REGISTERS, SP, STATUS, Register, Status
from isa_spec.traps import VECTORS, Access

_ARM_SLOTS: Final = {SP: "sp", LINK: "lr", PC: "pc"}
"""What the ARM feature calls the registers that are not in their own place there."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A register as gdb numbers it; `number` is ours, None for the constant 0 that ARM needs."""

    name: str
    number: int | None
    group: str
    type: str


def _arm_slots() -> Iterator[Slot]:
    by_dwarf = sorted((r for r in REGISTERS if r.dwarf is not None), key=lambda r: r.dwarf or 0)
    for register in by_dwarf:
        name = _ARM_SLOTS.get(register.number, register.name)
        kind = {"sp": "data_ptr", "pc": "code_ptr", "lr": "hidden"}.get(name, "uint32")
        yield Slot(name, register.number, "hidden" if name == "lr" else "general", kind)
    # Bit 5 would say that the code is Thumb.
    yield Slot("cpsr", None, "hidden", "hidden")


def _own_slots() -> Iterator[Slot]:
    for register in REGISTERS:
        if register.number != PC and (register.dwarf is None or register.number in _ARM_SLOTS):
            yield Slot(register.name, register.number, _group(register), _type(register))


def _group(register: Register) -> str:
    return "system" if register.privileged else "general"


def _type(register: Register) -> str:
    types = {
        STATUS: "status",
        ESTATUS: "status",
        CAUSE: "cause",
        SP: "data_ptr",
        LINK: "code_ptr",
    }
    return types.get(register.number, "uint32")


SLOTS: Final = (*_arm_slots(), *_own_slots())
"""The registers in the order of gdb's numbers."""

_EXPEDITED: Final = (PC, SP, LINK)
PACKET_REGISTERS: Final = tuple(
    PacketRegister(slot.name, 32, expedite=slot.name in {_ARM_SLOTS[n] for n in _EXPEDITED})
    for slot in SLOTS
)


@cache
def target_xml() -> str:
    """Give the document that describes the registers (GDB manual: Target Descriptions)."""
    arm = tuple(_arm_slots())
    lines = [
        '<?xml version="1.0"?>',
        '<!DOCTYPE target SYSTEM "gdb-target.dtd">',
        '<target version="1.0">',
        "<architecture>arm</architecture>",
        "<osabi>none</osabi>",
        '<feature name="org.gnu.gdb.arm.core">',
        '<vector id="hidden" type="uint32" count="1"/>',
        *(_register(number, slot) for number, slot in enumerate(arm)),
        "</feature>",
        '<feature name="soclet.system">',
        *_types(),
        *(_register(number, slot) for number, slot in enumerate(SLOTS[len(arm) :], len(arm))),
        "</feature>",
        "</target>",
    ]
    return "\n".join(lines) + "\n"


def _register(number: int, slot: Slot) -> str:
    return (
        f'<reg name={quoteattr(slot.name)} bitsize="32" regnum="{number}" '
        f"type={quoteattr(slot.type)} group={quoteattr(slot.group)}/>"
    )


def _types() -> Iterator[str]:
    yield '<flags id="status" size="4">'
    for bit in Status:
        at = bit.bit_length() - 1
        yield f'<field name="{bit.name}" start="{at}" end="{at}"/>'
    yield "</flags>"
    yield '<enum id="cause" size="4">'
    yield '<evalue name="NONE" value="0"/>'
    for vector in VECTORS:
        name = vector.name.upper().replace("-", "_")
        for access in Access if vector.access else (Access.LOAD,):
            kind = f"_{access.name}" if vector.access else ""
            yield f'<evalue name="{name}{kind}" value="{vector.number | access}"/>'
    yield "</enum>"


class MapKind(Enum):
    """What a debugger is told that memory is (`monitor memory-map`)."""

    RAM = "ram"
    FLASH = "flash"


def memory_map_xml(kind: MapKind, memory_size: int) -> str:
    """Give the document that says what gdb may read and write (GDB manual: Memory Map Format).

    Nothing is left out, since gdb refuses by itself what lies outside, and virtual addresses and
    the I/O page are to be reached. As flash, gdb erases and programs memory for `load`, and
    refuses to write variables in it; what lies outside memory stays RAM.
    """
    if kind is MapKind.RAM:
        regions = [_region("ram", 0, _ADDRESSES)]
    else:
        regions = [
            _region("ram", 0, MEMORY_START),
            _region("flash", MEMORY_START, memory_size),
            _region("ram", memory_size, _ADDRESSES),
        ]
    return "\n".join([*_MAP_HEAD, "<memory-map>", *regions, "</memory-map>"]) + "\n"


_ADDRESSES: Final = 1 << 32
_MAP_HEAD: Final = (
    '<?xml version="1.0"?>',
    '<!DOCTYPE memory-map PUBLIC "+//IDN gnu.org//DTD GDB Memory Map V1.0//EN"',
    '  "http://sourceware.org/gdb/gdb-memory-map.dtd">',
)


def _region(kind: str, start: int, stop: int) -> str:
    block = f'<property name="blocksize">{PAGE:#x}</property>' if kind == "flash" else ""
    return f'<memory type="{kind}" start="{start:#x}" length="{stop - start:#x}">{block}</memory>'
