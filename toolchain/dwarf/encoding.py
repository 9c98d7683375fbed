"""What the sections of debugging information have in common: numbers, strings and units.

Knows encodings as constructs. Must not know what they are used for.
"""

import os
from typing import Any, Final

from construct import (
    Construct,
    CString,
    GreedyBytes,
    Int32ul,
    Prefixed,
    VarInt,
    stream_read,
    stream_write,
)

from toolchain.program import Program

ADDRESS: Final = Int32ul
ADDRESS_SIZE: Final = 4
STRING: Final = CString("utf8")
BLOCK: Final = Prefixed(VarInt, GreedyBytes)


class Sleb128(Construct):  # type: ignore[misc] # construct has no types
    """A signed number in as few groups of 7 bits as hold it, the lowest first."""

    def _parse(self, stream: Any, context: Any, path: str) -> int:  # noqa: ARG002
        value = shift = 0
        while True:
            byte: int = stream_read(stream, 1, path)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return value - (1 << shift) if byte & 0x40 else value

    def _build(self, value: int, stream: Any, context: Any, path: str) -> int:  # noqa: ARG002
        rest = value
        while not -0x40 <= rest < 0x40:
            stream_write(stream, bytes([rest & 0x7F | 0x80]), 1, path)
            rest >>= 7
        stream_write(stream, bytes([rest & 0x7F]), 1, path)
        return value


SLEB128: Final = Sleb128()


def unit(contents: bytes) -> bytes:
    """Give contents with their length before them."""
    built: bytes = Prefixed(Int32ul, GreedyBytes).build(contents)
    return built


def file_name(program: Program, file: str) -> str:
    """Give a file's name as seen from the directory of the program's source."""
    return os.path.relpath(file, program.directory)
