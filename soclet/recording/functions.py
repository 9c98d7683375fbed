"""Which function an address is in, as a machine sees it: looked up once, since runs ask for ever.

What a name was when it was first asked for holds for the rest of a recording. Knows address
spaces; must not know what the names are for.
"""

from typing import Final

from isa_spec.registers import PTBR, STATUS, Status
from machine.machine import Machine
from soclet.source_map import SourceMap

Space = tuple[int, int]
"""Status and ptbr, as far as they tell where an address leads."""

_SPACE: Final = int(Status.KERNEL | Status.VIRTUAL)
_VIRTUAL: Final = int(Status.VIRTUAL)


class Functions:
    """The functions of a machine's program by address."""

    def __init__(self, machine: Machine, places: SourceMap) -> None:
        self._r: Final = machine.cpu.r
        self._places: Final = places
        self._names: Final[dict[tuple[int, int, int], str | None]] = {}

    @property
    def space(self) -> Space:
        """The present one."""
        status = self._r[STATUS] & _SPACE
        return status, self._r[PTBR] if status & _VIRTUAL else 0

    def at(self, address: int) -> str | None:
        """Give the function around an address as seen now; None where no name is known."""
        return self.within(address, self.space)

    def within(self, address: int, space: Space) -> str | None:
        """Give the function around an address as seen in a space."""
        key = (address, *space)
        if key not in self._names:
            self._names[key] = self._places.function_in(*key)
        return self._names[key]
