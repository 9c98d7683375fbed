"""Listings: a source beside the addresses and bytes that it became.

Knows columns. Must not know assembly.
"""

from collections.abc import Iterator
from typing import Final

from toolchain.program import ListedLine, Program

BYTES: Final = 8
"""Bytes shown on a line."""

LINES: Final = 4
"""Lines at most that show one source line's bytes."""


def listing(program: Program) -> Iterator[str]:
    """Give the lines of a program's listing: address, bytes, line number and text.

    Included files are where they are included; each change of file has a heading.
    """
    file = None
    for line in program.listed:
        if line.source.file != file:
            file = line.source.file
            yield f"; {file}"
        yield from _shown(line)


def _shown(line: ListedLine) -> Iterator[str]:
    rows = [line.data[at : at + BYTES] for at in range(0, len(line.data), BYTES)]
    first = rows[0] if rows else b""
    yield f"{_bytes(line.address, first)} {line.source.line:5}  {line.text}".rstrip()
    for n, row in enumerate(rows[1:LINES], 1):
        yield _bytes((line.address or 0) + n * BYTES, row).rstrip()
    if len(rows) > LINES:
        yield f"{'':8}  … {len(line.data)} bytes"


def _bytes(address: int | None, data: bytes) -> str:
    shown = f"{address:08x}" if address is not None else ""
    return f"{shown:8}  {data.hex(' '):{BYTES * 3 - 1}}"
