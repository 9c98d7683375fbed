"""The real machine behind the few words that lockstep tests need, and no more.

The only module of this package that knows the project.
"""

from typing import Any

from machine.events import SerialInput
from machine.machine import Machine
from plain_model.registers import REGISTER_NAMES


class MachineUnderTest:
    """The project's machine with its reference engine, run up to ticks."""

    def __init__(self, memory_size: int, byte_ticks: int) -> None:
        self.machine = Machine(memory_size, byte_ticks=byte_ticks)
        self.output = bytearray()
        self.ended = "limit"

    def load(self, address: int, data: bytes) -> None:
        """Flash bytes into physical memory."""
        self.machine.flash([(address, data)])

    def feed(self, tick: int, data: bytes) -> None:
        """Make bytes available on the serial line from this tick on."""
        self.machine.schedule(tick, SerialInput(data))

    def run_to(self, tick: int) -> None:
        """Run before the first instruction that would begin at this tick."""
        self.ended = self.machine.run(tick).value
        self.output += bytes(output.byte for output in self.machine.take_output())

    @property
    def registers(self) -> dict[str, int]:
        """The registers by name."""
        return dict(zip(REGISTER_NAMES, self.machine.cpu.r, strict=True))

    @property
    def time(self) -> int:
        """Ticks completed."""
        return self.machine.cpu.time

    @property
    def memory(self) -> bytes:
        """All of memory, from physical address 0."""
        return self.machine.memory.read(0, self.machine.memory.size)

    @property
    def pending(self) -> int:
        """The pending interrupts, masked or not."""
        return self.machine.bus.pending(self.time)

    @property
    def exit_status(self) -> int | None:
        """What the power-off port was given."""
        return self.machine.cpu.exit_status

    @property
    def devices(self) -> dict[str, Any]:
        """RX, TX, the timer's deadline and its half-done pairs."""
        devices = self.machine.bus.devices
        deadline, latched_high, stored_low = devices["timer"].save(self.time)
        rx, tx, *_ = devices["serial"].save(self.time)
        return {
            "RX": rx,
            "TX": tx,
            "deadline": deadline,
            "latched high word": latched_high,
            "stored low word": stored_low,
        }
