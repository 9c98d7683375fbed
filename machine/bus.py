"""The bus: finds the device behind a port and gathers the interrupt lines. Knows no CPU."""

from collections.abc import Iterable
from typing import Final

from isa_spec.memory_map import MEMORY_START, Port
from machine.device import NEVER, Device


class Bus:
    """The devices of a machine by the addresses of their ports.

    Raises ValueError where two devices share a port's address or a name.
    """

    def __init__(self) -> None:
        self.devices: Final[dict[str, Device]] = {}
        self._ports: Final[dict[int, tuple[Device, Port]]] = {}

    def attach(self, devices: Iterable[Device]) -> None:
        """Put devices on the bus."""
        for device in devices:
            if device.name in self.devices:
                raise ValueError(f"device {device.name}: there is one of that name already")
            self.devices[device.name] = device
            for port in device.ports:
                if not 0 <= port.address < MEMORY_START:
                    raise ValueError(f"port {port.name}: {port.address:#x} is not in the I/O page")
                if port.address in self._ports:
                    raise ValueError(
                        f"port {port.name} of device {device.name}: {port.address:#x} is taken "
                        f"by {self._ports[port.address][1].name}"
                    )
                self._ports[port.address] = device, port

    def load(self, address: int, now: int) -> int | None:
        """Load from a port; None where no port can be loaded from at that address."""
        device, port = self._ports.get(address, (None, None))
        if device is None or port is None or port.load is None:
            return None
        return device.load(port, now)

    def store(self, address: int, word: int, now: int) -> bool:
        """Store to a port; False where no port can be stored to at that address."""
        device, port = self._ports.get(address, (None, None))
        if device is None or port is None or port.store is None:
            return False
        device.store(port, word, now)
        return True

    def peek(self, address: int, now: int) -> int | None:
        """Give what a load would see, without side effects; None where there is nothing."""
        device, port = self._ports.get(address, (None, None))
        if device is None or port is None or port.load is None:
            return None
        return device.peek(port, now)

    def pending(self, now: int) -> int:
        """Give all interrupt lines that are up, as bits of imask."""
        lines = 0
        for device in self.devices.values():
            lines |= device.pending(now)
        return lines

    def deadline(self, now: int, mask: int) -> int:
        """Give the earliest tick after `now` at which a line of `mask` goes up by itself."""
        if not mask:
            return NEVER
        return min(device.deadline(now, mask) for device in self.devices.values())
