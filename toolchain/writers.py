"""Programs and images as files: ELF, Intel HEX, S-record and raw.

Knows which file name asks for which format. A file is written whole or not at all.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from toolchain import images
from toolchain.files import replace_file
from toolchain.images import Format, Image, ImageError, LoadSegment
from toolchain.program import ENTRY, Program, Segment

LARGEST_GAP: Final = 2**24
"""The most bytes between segments that a raw file is filled up with."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A format that can be written."""

    format: Format
    write: Callable[[Program | Image], bytes]


def write_image(program: Program | Image, path: str | os.PathLike[str]) -> None:
    """Write a program or image in the format that the file's name asks for, ELF by default.

    Raises ImageError where the format cannot hold it or the file cannot be written; then the
    file is as it was before.
    """
    path = Path(path)
    data = encode_image(program, path.name)
    try:
        replace_file(path, data)
    except OSError as error:
        raise ImageError(
            f"{path}: cannot be written: {error.strerror}; name a file that can"
        ) from None


def encode_image(program: Program | Image, name: str) -> bytes:
    """Give a program or image in the format that a file's name asks for, ELF by default.

    Raises ImageError where the format cannot hold it.
    """
    if not program.segments:
        raise ImageError(f"{program.name}: nothing to write; a program has at least one byte")
    suffix = Path(name).suffix.lower()
    if suffix in images.ASSEMBLY.suffixes:
        raise ImageError(f"{name}: the name of an assembly source; write to .elf, .hex or .bin")
    chosen = next((writer for writer in WRITERS if suffix in writer.format.suffixes), WRITERS[0])
    return chosen.write(program)


def _elf(program: Program | Image) -> bytes:
    if isinstance(program, Image):
        raise ImageError(f"{program.name}: an image alone cannot be made an ELF file; assemble it")
    return program.elf()


def _hex(program: Program | Image) -> bytes:
    text: str = _records(program).as_ihex()
    return text.encode()


def _srec(program: Program | Image) -> bytes:
    text: str = _records(program).as_srec(address_length_bits=32)
    return text.encode()


def _records(program: Program | Image) -> Any:
    import bincopy

    file = bincopy.BinFile()
    for segment in program.segments:
        file.add_binary(segment.data, segment.address)
    file.execution_start_address = ENTRY
    return file


def _raw(program: Program | Image) -> bytes:
    segments: Sequence[Segment | LoadSegment] = program.segments
    if (first := segments[0]).address != ENTRY:
        raise ImageError(
            f"{program.name}: begins at {first.address:#x}, but a raw file says nothing of "
            f"addresses and is loaded at {ENTRY:#x}; write ELF, HEX or S-record"
        )
    data = bytearray()
    for segment in segments:
        gap = segment.address - ENTRY - len(data)
        if gap > LARGEST_GAP:
            raise ImageError(
                f"{program.name}: {gap} bytes of nothing before {segment.address:#x} would fill a "
                f"raw file; write ELF, HEX or S-record"
            )
        data += bytes(gap) + segment.data
    return bytes(data)


WRITERS: Final = (
    Writer(images.ELF, _elf),
    Writer(images.HEX, _hex),
    Writer(images.SREC, _srec),
    Writer(images.RAW, _raw),
)
"""The formats that can be written, the usual one first."""


__all__ = ["WRITERS", "encode_image", "write_image"]
