"""What a device is: ports, interrupt lines and deadlines. Knows no device in particular.

Devices are told the time; they keep none. A device says when its lines will change by
themselves, so that nothing has to ask it at every tick.
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol, runtime_checkable

from isa_spec.memory_map import Port

NEVER: Final = 1 << 64
"""A tick that no machine reaches: time has 64 bits (isa §3)."""

LAST: Final = NEVER - 1
"""The last tick before time wraps to 0."""

DeviceState = tuple[Any, ...]
"""All that a device knows, as plain values: numbers, bytes, None and tuples of them."""


class Device(Protocol):
    """Something behind ports of the I/O page.

    `now` is always the tick at which the accessing instruction began. Ports are used in the
    directions that they declare, and in no other; the bus sees to that.
    """

    @property
    def name(self) -> str:
        """What it is called; no two devices of a machine share it."""

    @property
    def ports(self) -> Sequence[Port]:
        """Its ports."""

    def load(self, port: Port, now: int) -> int:
        """Give the word that a load of a port sees, with the load's side effects."""

    def store(self, port: Port, word: int, now: int) -> None:
        """Take a word stored to a port."""

    def peek(self, port: Port, now: int) -> int:
        """Give the word that a load would see, without its side effects."""

    def pending(self, now: int) -> int:
        """Give the interrupt lines that are up, as bits of imask."""

    def deadline(self, now: int, mask: int) -> int:
        """Give the earliest tick after `now` at which a line of `mask` goes up by itself."""

    def reset(self) -> None:
        """Become what the device is after reset, at time 0."""

    def save(self, now: int) -> DeviceState:
        """Give all state, as it is at `now`."""

    def restore(self, state: DeviceState) -> None:
        """Take back what `save` gave."""


@runtime_checkable
class Telling(Protocol):
    """A device with more to tell a person than its ports show; a debugger's user asks for it."""

    def tell(self, now: int) -> Sequence[str]:
        """Give what it has to tell, in lines, changing nothing that the guest could see."""
