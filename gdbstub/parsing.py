"""The small grammars that the arguments of many packets share.

Knows how numbers, places and threads are written; must not know which packet they came with.
Everything here raises TargetError for text that is not exactly of its grammar.
"""

import re
from typing import Final

from gdbstub.target import TargetError

ALL_THREADS: Final = -1
ANY_THREAD: Final = 0

_NUMBER: Final = re.compile(rb"0*[0-9a-fA-F]{1,16}")
_PLACE: Final = re.compile(rb"(0*[0-9a-fA-F]{1,16}),(0*[0-9a-fA-F]{1,16})")


def is_number(text: bytes) -> bool:
    """Whether this is what `number` takes."""
    return _NUMBER.fullmatch(text) is not None


def number(text: bytes) -> int:
    """A hexadecimal number of at most 64 bits, without sign or prefix; zeros may lead it."""
    if not is_number(text):
        raise TargetError("a hexadecimal number is wanted")
    return int(text, 16)


def place(text: bytes) -> tuple[int, int]:
    """`addr,length`."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise TargetError("an address and a length in hexadecimal are wanted")
    return int(match[1], 16), int(match[2], 16)


def place_and_data(text: bytes) -> tuple[int, int, bytes]:
    """`addr,length:data`, the data as it came."""
    head, colon, data = text.partition(b":")
    if not colon:
        raise TargetError("a colon and the data are wanted after address and length")
    return *place(head), data


def fields(text: bytes, count: int) -> list[bytes]:
    """So many fields with commas between them."""
    found = text.split(b",")
    if len(found) != count:
        raise TargetError(f"{count} fields with commas between them are wanted")
    return found


def thread(text: bytes) -> int:
    """The thread that is meant: `-1` for all, `0` for any, or the number of one.

    `p` before it is the multiprocess syntax, which is not offered and therefore an error.
    """
    return ALL_THREADS if text == b"-1" else number(text)
