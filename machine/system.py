"""The system's own ports: power-off, pending interrupts, the size of memory (isa §6)."""

from collections.abc import Callable

from isa_spec.memory_map import MEMORY_SIZE, PENDING, POWER_OFF, Port
from machine.device import NEVER, DeviceState


class System:
    """Ports that show or change the machine as a whole; they have no state of their own."""

    name = "system"
    ports = (POWER_OFF, PENDING, MEMORY_SIZE)

    def __init__(
        self,
        memory_size: int,
        all_pending: Callable[[int], int],
        power_off: Callable[[int], None],
    ) -> None:
        self._memory_size = memory_size
        self._all_pending = all_pending
        self._power_off = power_off

    def load(self, port: Port, now: int) -> int:
        """As peek: nothing here has side effects."""
        return self.peek(port, now)

    def peek(self, port: Port, now: int) -> int:
        """PENDING: all lines that are up. SIZE: the first address beyond memory."""
        return self._all_pending(now) if port is PENDING else self._memory_size

    def store(self, port: Port, word: int, now: int) -> None:  # noqa: ARG002 - only POWER_OFF
        """POWER_OFF: the low 8 bits are the exit status."""
        self._power_off(word & 0xFF)

    def pending(self, now: int) -> int:  # noqa: ARG002
        """No line."""
        return 0

    def deadline(self, now: int, mask: int) -> int:  # noqa: ARG002
        """Nothing happens by itself."""
        return NEVER

    def reset(self) -> None:
        """Nothing to forget."""

    def save(self, now: int) -> DeviceState:  # noqa: ARG002
        """No state."""
        return ()

    def restore(self, state: DeviceState) -> None:
        """No state."""
