"""The manual's tables, each row derived from the row that everything else is derived from.

Knows which columns people want. Must not know how a manual is written down.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from isa_spec.formats import FORMATS, LENGTH, Format, Kind
from isa_spec.instruction import EXTENSIONS
from isa_spec.instructions import BASE
from isa_spec.memory_map import (
    DEFAULT_MEMORY,
    FIFO_BYTES,
    LARGEST_MEMORY,
    MEMORY_START,
    PORTS,
    SMALLEST_MEMORY,
)
from isa_spec.paging import ENTRY_FIELDS, LONGEST_TABLE, entry_mask
from isa_spec.registers import REGISTERS, RESET_PC, Register
from isa_spec.traps import VECTORS, Access
from isa_spec.words import WORD


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its name, which with the section makes its number, and its cells."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the titles of its columns, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def _registers() -> Iterator[Row]:
    """Neighbours that differ in nothing but their names share a row."""

    def sameness(register: Register) -> tuple[str, int, int, bool]:
        return register.meaning, register.mask, register.reset, register.privileged

    for (meaning, mask, reset, privileged), group in groupby(REGISTERS, sameness):
        registers = tuple(group)
        names = [register.name for register in registers if not register.name.startswith("r")]
        names += [alias for alias in registers[0].aliases if len(registers) == 1]
        yield Row(
            _span([register.name for register in registers], "-"),
            (
                _span([f"r{register.number}" for register in registers]),
                _code(", ".join(names)),
                meaning,
                "all" if mask == WORD else bits(mask),
                f"{reset:#x}" if reset > 9 else str(reset),
                "kernel" if privileged else "all",
            ),
        )


def _formats() -> Iterator[Row]:
    for form in FORMATS:
        yield Row(form.name.replace(" ", "-"), (form.name, ", ".join(_layout(form))))


def _layout(form: Format) -> Iterator[str]:
    for field in form.fields.values():
        first = field.shift // 8
        last = first + field.ones.bit_length() // 8 - 1
        where = f"byte {first}" if first == last else f"bytes {first}–{last}"
        what = {Kind.ZERO: "0", Kind.TARGET: "displacement"}.get(field.kind, field.name)
        yield f"{where} {what}{' (signed)' if field.signed else ''}"


def _instructions() -> Iterator[Row]:
    for row in BASE:
        yield Row(
            row.body.__name__,
            (
                f"0x{row.opcode:02X}",
                f"`{row.syntax}`",
                row.does,
                row.format.name,
                "kernel" if row.privileged else "all",
            ),
        )


def _entry() -> Iterator[Row]:
    for name, meaning in ENTRY_FIELDS.items():
        letter, _, words = meaning.rpartition(": ")
        yield Row(name, (bits(entry_mask(name)), letter, words))


def _vectors() -> Iterator[Row]:
    for vector in VECTORS:
        yield Row(vector.name, (str(vector.number), vector.what, vector.detail))


def _ports() -> Iterator[Row]:
    for port in PORTS:
        yield Row(port.name, (f"{port.address:#06x}", port.name, port.load or "", port.store or ""))


def _dwarf() -> Iterator[Row]:
    named = sorted((r.dwarf, r) for r in REGISTERS if r.dwarf is not None)
    for _, group in groupby(named, lambda entry: entry[1].number - entry[0]):
        entries = tuple(group)
        names = [register.name for _, register in entries]
        yield Row(_span(names, "-"), (_span(names), _span([str(number) for number, _ in entries])))


def bits(mask: int) -> str:
    """Name the bits of a mask that are set next to each other, as in “31–2”."""
    low, high = (mask & -mask).bit_length() - 1, mask.bit_length() - 1
    return str(low) if low == high else f"{high}–{low}"


def _span(names: list[str], to: str = "–") -> str:
    return names[0] if len(names) == 1 else f"{names[0]}{to}{names[-1]}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _size(size: int) -> str:
    for unit, name in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if size >> unit:
            return f"{size >> unit} {name}"
    return f"{size} bytes"


TABLES: Final = {
    "registers": Table(
        ("reg", "name", "meaning", "bits kept", "after reset", "mode"), tuple(_registers())
    ),
    "formats": Table(("format", "layout"), tuple(_formats())),
    "instructions": Table(("opcode", "assembly", "does", "format", "mode"), tuple(_instructions())),
    "entry": Table(("bits", "name", "meaning"), tuple(_entry())),
    "vectors": Table(("vector", "what", "detail (r25)"), tuple(_vectors())),
    "ports": Table(("address", "port", "load", "store"), tuple(_ports())),
    "dwarf": Table(("register", "number"), tuple(_dwarf())),
}
"""By the names under which the manual's text asks for them."""

FACTS: Final = {
    "register_count": str(len(REGISTERS)),
    "reset_pc": f"{RESET_PC:#06x}",
    "length": str(LENGTH),
    "extensions": f"0x{EXTENSIONS.start:02X}–0x{EXTENSIONS.stop - 1:02X}",
    "memory_start": f"{MEMORY_START:#06x}",
    "default_memory": _size(DEFAULT_MEMORY),
    "smallest_memory": _size(SMALLEST_MEMORY),
    "largest_memory": _size(LARGEST_MEMORY),
    "longest_table": str(LONGEST_TABLE),
    "fifo_bytes": str(FIFO_BYTES),
    **{access.name.lower(): f"0x{access:03x}" for access in Access},
}
"""What the manual's sentences take from the rows, by name."""
