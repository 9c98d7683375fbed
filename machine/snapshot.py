"""A machine's state at one point, as plain values that can be kept, compared and hashed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from machine.device import DeviceState
from machine.trapped import Entered


@dataclass(frozen=True, slots=True)
class CoreState:
    """All of a machine's state but memory, with what is no part of it but goes back with it.

    entered: the last traps and interrupts. output: how many bytes had left the serial line.
    """

    cpu: tuple[Any, ...]
    devices: Mapping[str, DeviceState]
    entered: tuple[Entered, ...]
    output: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that decides a machine's future, but for what comes from outside.

    cpu: registers, time and modes. devices: by name. pages: memory's pages that hold anything
    but zeros, by number. log_length: how many events had been logged.
    """

    memory_size: int
    cpu: tuple[Any, ...]
    devices: Mapping[str, DeviceState]
    pages: Mapping[int, bytes]
    log_length: int

    def hash(self) -> str:
        """Give a hexadecimal SHA-256 that is equal for equal states, whatever led to them."""
        digest = hashlib.sha256(repr((self.memory_size, self.cpu)).encode())
        digest.update(repr(sorted(self.devices.items())).encode())
        for page, data in sorted(self.pages.items()):
            digest.update(page.to_bytes(4, "little") + data)
        return digest.hexdigest()
