"""The last of what the guest sent, for the next client to see. Knows bytes only."""

from typing import Final

KEPT: Final = 65_536
"""Bytes that are kept while nobody is attached."""


class ScrollBack:
    """Bytes that nobody has been shown, the oldest forgotten where there are too many."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def append(self, data: bytes) -> bytes:
        """Keep what has just been sent; give what is forgotten for it."""
        self._kept += data
        forgotten = bytes(self._kept[:-KEPT])
        del self._kept[: len(forgotten)]
        return forgotten

    def put_back(self, data: bytes) -> None:
        """Keep what was sent before all else, as far as there is room."""
        self._kept[:0] = data
        del self._kept[:-KEPT]

    def take(self) -> bytes:
        """Give all of it, to be shown."""
        kept = bytes(self._kept)
        self._kept.clear()
        return kept
