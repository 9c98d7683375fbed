"""Watchpoints: ranges of addresses whose accesses stop the machine before they happen.

Addresses are those that the program uses, virtual where translation is on. Knows no debugger.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from isa_spec.traps import Access

WIDTH = 4
"""Bytes that a load or a store touches."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Stop before loads or stores, or both, that touch start ≤ address < end.

    With `ptbr`, only where translation is on and by that page table.
    """

    accesses: frozenset[Access]
    start: int
    end: int
    ptbr: int | None = None

    @property
    def words(self) -> range:
        """The addresses of the words that it touches."""
        return range(self.start & -WIDTH, self.end, WIDTH)


class Watched(Exception):  # noqa: N818 - an event of the machine, not an error of ours
    """An access that is watched is about to happen; nothing has changed yet.

    `address` is the first of the accessed bytes that is watched.
    """

    def __init__(self, watch: Watch, address: int) -> None:
        self.watch = watch
        self.address = address


def check(watches: Sequence[Watch], address: int, access: Access, ptbr: int | None) -> None:
    """Raise Watched where one of the watches is for this access.

    `ptbr` is the page table that translates it; None where translation is off.
    """
    for watch in watches:
        if (
            address < watch.end
            and address + WIDTH > watch.start
            and access in watch.accesses
            and watch.ptbr in (None, ptbr)
        ):
            raise Watched(watch, max(address, watch.start))
