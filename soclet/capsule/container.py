"""The file around a capsule's sections: magic, version, then sections, each with its checksums.

Knows tags and bytes; must not know what sections hold. A file may be written section by section,
and be cut off anywhere: what is before the cut can be read. A section that a reader does not know
is passed over unless it is marked as required, so that later versions can add to the format.
"""

import io
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from construct import (
    Bytes,
    Checksum,
    ChecksumError,
    Const,
    ConstructError,
    Flag,
    GreedyBytes,
    Int16ul,
    Int32ul,
    Prefixed,
    RawCopy,
    StreamError,
    Struct,
    this,
)

from soclet.errors import UserError

MAGIC: Final = b"\x89soclet\n"
"""No text begins like this, and what mistakes it for text damages it."""

VERSION: Final = 2
"""Goes up when files are written that older readers must not read at all."""

Tag = bytes
"""Four letters."""

_LAST: Final[Tag] = b"LAST"

_HEADER: Final = Struct("magic" / Const(MAGIC), "version" / Int16ul)

_SECTION_1: Final = Struct(
    "body"
    / RawCopy(
        Struct("tag" / Bytes(4), "required" / Flag, "payload" / Prefixed(Int32ul, GreedyBytes))
    ),
    "checksum" / Checksum(Int32ul, zlib.crc32, this.body.data),
)
"""A section of version 1, whose files were written whole."""


def _crc(data_and_before: tuple[bytes, int]) -> int:
    return zlib.crc32(*data_and_before)


_SECTION: Final = Struct(
    "head" / RawCopy(Struct("tag" / Bytes(4), "required" / Flag, "length" / Int32ul)),
    "head_checksum"
    / Checksum(Int32ul, _crc, lambda this: (this.head.data, this["_params"]["before"])),
    "payload" / Bytes(this.head.value.length),
    "checksum" / Checksum(Int32ul, _crc, lambda this: (this.payload, this.head_checksum)),
)
"""A section. Each checksum goes on from the one before it, in the section before at first, so that
a section that is missing is noticed too. The head has one of its own: what is cut off is then told
from what is damaged."""


CUT_SHORT: Final = "the capsule is cut short: copy or record it again"
_DAMAGED: Final = "the capsule is damaged: copy or record it again"


class CapsuleError(UserError):
    """A file is no capsule that can be read: what is wrong, and what would be right."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section as it is written; one that is required no reader may pass over."""

    tag: Tag
    payload: bytes
    required: bool = True


@dataclass(frozen=True, slots=True)
class Contents:
    """The sections of a file, in order, and whether its last one was there."""

    sections: tuple[Section, ...]
    whole: bool


class Packer:
    """Gives a file's bytes as it grows."""

    def __init__(self) -> None:
        self._checksum = 0

    def begin(self) -> bytes:
        """Give what the file begins with."""
        header: bytes = _HEADER.build({"version": VERSION})
        return header

    def add(self, section: Section) -> bytes:
        """Give what a section adds to it."""
        head = {"tag": section.tag, "required": section.required, "length": len(section.payload)}
        values = {"head": {"value": head}, "payload": section.payload}
        written: bytes = _SECTION.build(values, before=self._checksum)
        self._checksum = Int32ul.parse(written[-Int32ul.sizeof() :])
        return written

    def end(self) -> bytes:
        """Give what it ends with."""
        return self.add(Section(_LAST, b""))


def pack(sections: Iterable[Section]) -> bytes:
    """Give the file that holds sections."""
    packer = Packer()
    return b"".join((packer.begin(), *map(packer.add, sections), packer.end()))


def unpack(data: bytes, known: Collection[Tag]) -> Contents:
    """Give the known sections of a file. Raises CapsuleError where it must not be read."""
    if not data.startswith(MAGIC):
        raise CapsuleError("no capsule; `soclet run IMAGE --capsule FILE` makes one")
    stream = io.BytesIO(data)
    try:
        sections = [*_sections(stream)]
    except StreamError:
        raise CapsuleError(CUT_SHORT) from None
    except (ChecksumError, ConstructError):
        raise CapsuleError(_DAMAGED) from None
    whole = bool(sections) and sections[-1].tag == _LAST
    if whole and stream.read(1):
        raise CapsuleError(_DAMAGED)
    return Contents(tuple(_chosen(sections[: -1 if whole else None], known)), whole)


def _sections(stream: BinaryIO) -> Iterator[Section]:
    """Read sections up to the last, or to where the file is cut off."""
    version = _HEADER.parse_stream(stream).version
    if version > VERSION:
        raise CapsuleError(
            f"a capsule of version {version}, and this soclet reads up to {VERSION}: "
            "replay it with the soclet that wrote it, or a later one"
        )
    if version < 1:
        raise CapsuleError(_DAMAGED)
    if version == 1:
        yield from _sections_1(stream)
        return
    before, tag = 0, b""
    while tag != _LAST:
        try:
            parsed = _SECTION.parse_stream(stream, before=before)
        except StreamError:
            return
        before, tag = parsed.checksum, parsed.head.value.tag
        yield Section(tag, parsed.payload, parsed.head.value.required)


def _sections_1(stream: BinaryIO) -> Iterator[Section]:
    tag = b""
    while tag != _LAST:
        body = _SECTION_1.parse_stream(stream).body.value
        tag = body.tag
        yield Section(tag, body.payload, body.required)


def _chosen(sections: Iterable[Section], known: Collection[Tag]) -> Iterator[Section]:
    for section in sections:
        if section.tag in known:
            yield section
        elif section.required:
            raise CapsuleError(
                f"the capsule needs a soclet that knows sections {shown(section.tag)}: "
                "replay it with the soclet that wrote it, or a later one"
            )


def shown(tag: Tag) -> str:
    """Give a tag as a person reads it."""
    return tag.decode("ascii", "backslashreplace")
