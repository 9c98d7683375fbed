"""The journal's format: the pages that a commit writes, as one file. Knows no file, no lock.

It is the changes followed by their SHA-256, so that whatever happens to it can be told.
"""

import hashlib
from typing import Any, Final

from construct import Bytes, Const, Int32ul, Int64ul, PrefixedArray, Struct
from construct.core import ConstructError

from isa_spec.paging import PAGE, PAGE_SHIFT

_CHANGES: Final[Any] = Struct(
    "magic" / Const(b"soclet-journal-1"),
    "size" / Int64ul,
    "pages" / PrefixedArray(Int32ul, Struct("number" / Int32ul, "data" / Bytes(PAGE))),
)
_DIGEST_BYTES: Final = 32

Pages = list[tuple[int, bytes]]
"""Pages by number, each with its bytes."""


def build(size: int, pages: Pages) -> bytes:
    """Give the journal of a commit of pages to a file of `size` bytes."""
    changes: bytes = _CHANGES.build(
        {"size": size, "pages": [{"number": number, "data": data} for number, data in pages]}
    )
    return changes + hashlib.sha256(changes).digest()


def parse(journal: bytes) -> tuple[int, Pages]:
    """Give the size of the file that a journal is for, and the pages.

    Raises ValueError where it is not what `build` made.
    """
    changes, digest = journal[:-_DIGEST_BYTES], journal[-_DIGEST_BYTES:]
    if hashlib.sha256(changes).digest() != digest:
        raise ValueError("its digest is another")
    try:
        parsed = _CHANGES.parse(changes)
    except ConstructError as error:
        raise ValueError("it is no journal") from error
    pages = [(page.number, page.data) for page in parsed.pages]
    if any(number >= parsed.size >> PAGE_SHIFT for number, _ in pages):
        raise ValueError("it has pages beyond the end")
    return parsed.size, pages
