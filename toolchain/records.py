"""Images from files of records: Intel HEX and Motorola S-record, by bincopy.

Knows what such files say beside bytes. Must not know other formats.
"""

from collections.abc import Callable
from typing import Any

import bincopy

from toolchain.images import HEX, SREC, Image, ImageError, LoadSegment, Source


def read_hex(source: Source) -> Image:
    """Read Intel HEX; raise ImageError where a record is wrong or the last one missing."""
    return _read(
        source, HEX.name, "add_ihex", bincopy.unpack_ihex, {1}, "an end record, :00000001FF"
    )


def read_srec(source: Source) -> Image:
    """Read S-records; raise ImageError where a record is wrong or the last one missing.

    A start of 0 is what tools write who know of none, so it counts as not said.
    """
    return _read(
        source,
        SREC.name,
        "add_srec",
        bincopy.unpack_srec,
        {"7", "8", "9"},
        "an S7, S8 or S9 record",
    )


def _read(
    source: Source,
    kind: str,
    add: str,
    unpack: Callable[[str], tuple[Any, ...]],
    last: set[Any],
    ending: str,
) -> Image:
    try:
        text = source.data.decode("ascii")
    except UnicodeDecodeError:
        raise ImageError(f"{source.name}: not {kind}: it holds bytes that are no text") from None
    ended = False
    lines = text.splitlines()  # which knows more ends of lines than bincopy does
    for n, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            ended = unpack(line.strip())[0] in last
        except (bincopy.Error, ValueError) as error:
            raise ImageError(
                f"{source.name}:{n}: bad {kind} record: {error}; make the file anew"
            ) from None
    if not ended:
        raise ImageError(f"{source.name}: {kind} cut short; it must end with {ending}")
    file = bincopy.BinFile()
    try:
        getattr(file, add)("\n".join(lines))
    except bincopy.Error as error:
        raise ImageError(f"{source.name}: bad {kind}: {error}; give each address once") from None
    start = file.execution_start_address
    if kind == SREC.name and start == 0:
        start = None
    segments = tuple(LoadSegment(part.address, bytes(part.data)) for part in file.segments)
    return Image(source.name, kind, segments, start)
