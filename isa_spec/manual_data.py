"""The ISA as plain values, for programs in other languages. Knows the rows, and no file."""

from typing import Any

from isa_spec.formats import FORMATS, Field, Format
from isa_spec.instruction import EXTENSIONS, rows_as_data
from isa_spec.instructions import BASE
from isa_spec.memory_map import (
    DEFAULT_MEMORY,
    FIFO_BYTES,
    LARGEST_MEMORY,
    MEMORY_START,
    PORTS,
    SMALLEST_MEMORY,
    Port,
)
from isa_spec.paging import ENTRY_FIELDS, LONGEST_TABLE, PAGE, entry_mask
from isa_spec.registers import REGISTERS, Register
from isa_spec.traps import VECTOR_COUNT, VECTORS, Access, Vector


def isa_as_data() -> dict[str, Any]:
    """Give everything that is declared, as values that JSON can hold."""
    return {
        "registers": [_register(register) for register in REGISTERS],
        "formats": [_format(form) for form in FORMATS],
        "instructions": rows_as_data(BASE),
        "extension_opcodes": [EXTENSIONS.start, EXTENSIONS.stop - 1],
        "memory": {
            "start": MEMORY_START,
            "default_size": DEFAULT_MEMORY,
            "smallest_size": SMALLEST_MEMORY,
            "largest_size": LARGEST_MEMORY,
            "page_size": PAGE,
            "longest_table_pages": LONGEST_TABLE,
        },
        "page_table_entry": [
            {"name": name, "mask": entry_mask(name), "meaning": meaning}
            for name, meaning in ENTRY_FIELDS.items()
        ],
        "vector_count": VECTOR_COUNT,
        "vectors": [_vector(vector) for vector in VECTORS],
        "access_kinds": {access.name.lower(): int(access) for access in Access},
        "ports": [_port(port) for port in PORTS],
        "serial_fifo_bytes": FIFO_BYTES,
    }


def _register(register: Register) -> dict[str, Any]:
    return {
        "number": register.number,
        "name": register.name,
        "names": list(register.names),
        "meaning": register.meaning,
        "mask": register.mask,
        "reset": register.reset,
        "privileged": register.privileged,
        "dwarf": register.dwarf,
    }


def _format(form: Format) -> dict[str, Any]:
    return {"name": form.name, "fields": [_field(field) for field in form.fields.values()]}


def _field(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "kind": field.kind.value,
        "first_bit": field.shift,
        "bits": field.ones.bit_length(),
        "signed": field.signed,
        "scale": field.kind.scale,
    }


def _vector(vector: Vector) -> dict[str, Any]:
    return {
        "number": vector.number,
        "name": vector.name,
        "what": vector.what,
        "detail": vector.detail,
        "access_in_cause": vector.access,
        "epc_is_next": vector.after,
        "interrupt": vector.interrupt,
    }


def _port(port: Port) -> dict[str, Any]:
    return {
        "name": port.name,
        "address": port.address,
        "device": port.device,
        "load": port.load,
        "store": port.store,
    }
