"""Which source line each instruction of an ELF file is from: its .debug_line, read by pyelftools.

Imported only when a line is asked for. Knows nothing of sources, nor who made the file.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import PurePath
from typing import Any, Final

from elftools.elf.elffile import ELFFile

from toolchain.program import LineRow, LineSequence, SourceLine

_FILES_FROM_0: Final = 5
"""The version of DWARF from which files are counted from 0; from 1 before."""


def read_lines(data: bytes) -> tuple[LineSequence, ...]:
    """Give the line sequences of an ELF file, by address; none where its lines cannot be read."""
    try:
        return tuple(sorted(_sequences(data), key=lambda sequence: sequence.rows[0].address))
    except Exception:  # pyelftools has no one way to say that a file is malformed
        return ()


def read_directories(data: bytes) -> tuple[PurePath, ...]:
    """Give the directories that its units were made in, in order; files are named from them."""
    try:
        return tuple(dict.fromkeys(_directories(data)))
    except Exception:  # As above.
        return ()


def _directories(data: bytes) -> Iterator[PurePath]:
    file = ELFFile(BytesIO(data))
    if file.has_dwarf_info():
        for unit in file.get_dwarf_info().iter_CUs():
            found = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
            if found is not None:
                yield PurePath(found.value.decode(errors="replace"))


def _sequences(data: bytes) -> Iterator[LineSequence]:
    file = ELFFile(BytesIO(data))
    if not file.has_dwarf_info():
        return
    information = file.get_dwarf_info()
    for unit in information.iter_CUs():
        table = information.line_program_for_CU(unit)
        if table is not None:
            yield from _of_unit(table)


def _of_unit(table: Any) -> Iterator[LineSequence]:
    rows: list[LineRow] = []
    for entry in table.get_entries():
        state = entry.state
        if state is None:
            continue
        if not state.end_sequence:
            rows.append(
                LineRow(state.address, SourceLine(_file_name(table, state.file), state.line))
            )
        elif rows:
            yield LineSequence(tuple(rows), state.address)
            rows = []


def _file_name(table: Any, number: int) -> str:
    """Give a file's name as the table has it, with its directory unless that is the unit's own."""
    first = 0 if table.header.version >= _FILES_FROM_0 else 1
    file = table.header.file_entry[number - first]
    name: str = file.name.decode(errors="replace")
    if not file.dir_index:
        return name
    directory: bytes = table.header.include_directory[file.dir_index - first]
    return f"{directory.decode(errors='replace')}/{name}"
