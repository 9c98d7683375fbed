"""The file around a capsule's sections: magic, version, then sections, each with its checksum.

Knows tags and bytes; must not know what sections hold. A section that a reader does not know is
passed over unless it is marked as required, so that later versions can add to the format.
"""

import zlib
from collections.abc import Collection, Mapping
from typing import Final

from construct import (
    Bytes,
    Checksum,
    ChecksumError,
    Const,
    ConstructError,
    Container,
    Flag,
    GreedyBytes,
    Int16ul,
    Int32ul,
    Prefixed,
    RawCopy,
    RepeatUntil,
    StreamError,
    Struct,
    Terminated,
    this,
)

from soclet.errors import UserError

MAGIC: Final = b"\x89soclet\n"
"""No text begins like this, and what mistakes it for text damages it."""

VERSION: Final = 1
"""Goes up when files are written that older readers must not read at all."""

Tag = bytes
"""Four letters."""

_LAST: Final[Tag] = b"LAST"

_HEADER: Final = Struct("magic" / Const(MAGIC), "version" / Int16ul)

_SECTION: Final = Struct(
    "body"
    / RawCopy(
        Struct("tag" / Bytes(4), "required" / Flag, "payload" / Prefixed(Int32ul, GreedyBytes))
    ),
    "checksum" / Checksum(Int32ul, zlib.crc32, this.body.data),
)

_SECTIONS: Final = Struct(
    "sections"
    / RepeatUntil(lambda section, _all, _context: section.body.value.tag == _LAST, _SECTION),
    Terminated,
)


_DAMAGED: Final = "the capsule is damaged: copy or record it again"


class CapsuleError(UserError):
    """A file is no capsule that can be read: what is wrong, and what would be right."""


def pack(sections: Mapping[Tag, bytes], required: Collection[Tag]) -> bytes:
    """Give the file that holds sections; those named in `required` no reader may pass over."""
    written = [
        Container(body=Container(value=Container(tag=tag, required=tag in required, payload=data)))
        for tag, data in (*sections.items(), (_LAST, b""))
    ]
    packed: bytes = _HEADER.build({"version": VERSION}) + _SECTIONS.build({"sections": written})
    return packed


def unpack(data: bytes, known: Collection[Tag]) -> dict[Tag, bytes]:
    """Give the known sections of a file. Raises CapsuleError where it must not be read."""
    if not data.startswith(MAGIC):
        raise CapsuleError("no capsule; `soclet run IMAGE --capsule FILE` makes one")
    try:
        version = _HEADER.parse(data).version
        if version > VERSION:
            raise CapsuleError(
                f"a capsule of version {version}, and this soclet reads up to {VERSION}: "
                "replay it with the soclet that wrote it, or a later one"
            )
        if version < 1:
            raise CapsuleError(_DAMAGED)
        parsed = _SECTIONS.parse(data[_HEADER.sizeof() :])
    except StreamError:
        raise CapsuleError("the capsule is cut short: copy or record it again") from None
    except (ChecksumError, ConstructError):
        raise CapsuleError(_DAMAGED) from None
    return _chosen([section.body.value for section in parsed.sections[:-1]], known)


def _chosen(bodies: list[Container], known: Collection[Tag]) -> dict[Tag, bytes]:
    sections: dict[Tag, bytes] = {}
    for body in bodies:
        if body.tag in sections:
            raise CapsuleError(f"the capsule has two sections {_shown(body.tag)}: record it again")
        if body.tag in known:
            sections[body.tag] = body.payload
        elif body.required:
            raise CapsuleError(
                f"the capsule needs a soclet that knows sections {_shown(body.tag)}: "
                "replay it with the soclet that wrote it, or a later one"
            )
    return sections


def _shown(tag: Tag) -> str:
    return tag.decode("ascii", "backslashreplace")
