"""Code that has been compiled, for address spaces that come to the same instructions later.

Knows addresses as programs see them; must not know what is there in which space.
"""

from typing import Final

from machine.compiled.region import Unbound

MOST_VERSIONS: Final = 4
"""The most that is kept of one address; what was compiled first goes first."""
MOST_ADDRESSES: Final = 1 << 16
"""Addresses at which all is forgotten."""


class Library:
    """Compiled code by the addresses of its instructions."""

    def __init__(self) -> None:
        self._versions: Final[dict[int, list[Unbound]]] = {}

    def at(self, address: int) -> list[Unbound]:
        """Give what has been made of the instruction at an address, or of others there."""
        return self._versions.get(address, [])

    def add(self, unbound: Unbound) -> None:
        """Keep code."""
        if len(self._versions) > MOST_ADDRESSES:
            self._versions.clear()
        for address in unbound.instructions:
            versions = self._versions.setdefault(address, [])
            versions.append(unbound)
            del versions[:-MOST_VERSIONS]

    def clear(self) -> None:
        """Forget all."""
        self._versions.clear()
