"""Which target gdb is talking to, and what it says of addresses.

Knows how to tell our machine, and our files, from others': the script leaves those alone.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from isa_spec.registers import REGISTERS
from isa_spec.words import WORD
from soclet.gdb_client import api as gdb
from toolchain.elf import MACHINE, MAGIC

_NAMED = re.compile(r"<(?P<name>.+?)(?:\+(?P<offset>\d+))?(?: at .*)?>$")
_MACHINE_AT = 18
"""Where an ELF file's header says what machine it is for."""


def is_machine(architecture: gdb.Architecture) -> bool:
    """Tell whether gdb has our registers: it is then talking to our machine."""
    known = architecture.registers()
    return all(known.find(register.name) for register in REGISTERS if register.privileged)


def is_ours(architecture: gdb.Architecture, progspace: gdb.Progspace) -> bool:
    """Tell whether code is ours: our machine's, or with no machine there, our file's.

    gdb's full-screen mode asks for the file's architecture, which it does not know, rather than
    for the machine's.
    """
    if is_machine(architecture) or attached():
        return True
    if gdb.selected_inferior().pid or progspace.filename is None:
        return False
    return _is_our_file(progspace.filename)


@lru_cache
def _is_our_file(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            header = file.read(_MACHINE_AT + 2)
    except OSError:
        return False
    return header.startswith(MAGIC) and int.from_bytes(header[_MACHINE_AT:], "little") == MACHINE


def attached() -> bool:
    """Tell whether there is a machine of ours to ask."""
    inferior = gdb.selected_inferior()
    return bool(inferior.pid) and is_machine(inferior.architecture())


def named(address: int) -> str:
    """Give an address as gdb shows it: `0x1010 <start+16>`, the number alone without a name."""
    symbol = symbol_at(address)
    if symbol is None:
        return hex(address)
    name, offset = symbol
    return f"{address:#x} <{name}+{offset}>" if offset else f"{address:#x} <{name}>"


def symbol_at(address: int) -> tuple[str, int] | None:
    """Give the symbol at or before an address, and how far before it is.

    Not by the command `info symbol`: gdb would run a breakpoint's commands after it, before the
    stop is even told. gdb 12 has no other way, and goes without names.
    """
    if not hasattr(gdb, "format_address"):
        return None
    found = _NAMED.search(gdb.format_address(address))
    return None if found is None else (found["name"], int(found["offset"] or 0))


def number_of(read: Callable[[], gdb.Value]) -> int | None:
    """Give a register's value as a word; None where it is lost.

    A register that gdb is not to list is a vector of one word.
    """
    try:
        value = read()
        try:
            return int(value) & WORD
        except gdb.error:
            return int(value[0]) & WORD
    except gdb.error:
        return None
