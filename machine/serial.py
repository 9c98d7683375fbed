"""The serial line's machine end: RX, TX and the bytes under way (isa §6). Knows no socket.

With a rate of 0 a byte leaves and arrives at once; else each byte takes `byte_ticks` on the line.
What moves by itself is worked out when somebody looks, from the tick at which it was due.
"""

from isa_spec.memory_map import FIFO_BYTES, RX, RX_AVAILABLE, SERIAL_STATUS, TX, TX_SPACE, Port
from isa_spec.traps import SERIAL_RX, SERIAL_TX
from machine.device import NEVER, DeviceState


class Serial:
    """RX and TX of 16 bytes each, the line's input that waits for room, and what was sent.

    `sent` holds what has left TX since it was last taken, as pairs of tick and byte: it is
    outside the machine already and so no part of its state.
    """

    name = "serial"
    ports = (RX, TX, SERIAL_STATUS)

    def __init__(self, byte_ticks: int = 0) -> None:
        self.byte_ticks = byte_ticks
        self.sent: list[tuple[int, int]] = []
        self._line = bytearray()
        self._arrives = 0
        self.reset()

    def reset(self) -> None:
        """Empty RX and TX; input that is still on the line comes after."""
        self._rx = bytearray()
        self._tx = bytearray()
        self._leaves = 0
        self._arrives = self.byte_ticks

    def receive(self, data: bytes, now: int) -> None:
        """Put input on the line at tick `now`."""
        self._move(now)
        if not self._line:
            self._arrives = now + self.byte_ticks
        self._line += data
        self._move(now)

    @property
    def waiting(self) -> int:
        """How many bytes of input wait on the line for room in RX."""
        return len(self._line)

    @property
    def departure(self) -> int:
        """The tick at which the next byte leaves TX; NEVER where none is in it."""
        return self._leaves if self._tx else NEVER

    def upcoming(self, most: int) -> bytes:
        """Give what loads of RX will give, up to so many, where the line has no rate."""
        return bytes(self._rx + self._line[:most])[:most]

    def receive_loads(self, count: int) -> None:
        """RX was loaded so often, where the line has no rate, each time with a byte waiting."""
        from_line = max(0, count - len(self._rx))
        del self._rx[:count], self._line[:from_line]
        self._move(0)

    def load(self, port: Port, now: int) -> int:
        """RX: take the next byte. STATUS: as peek."""
        word = self.peek(port, now)
        if port is RX and self._rx:
            if len(self._rx) == FIFO_BYTES:
                self._arrives = max(self._arrives, now)
            del self._rx[0]
            self._move(now)
        return word

    def peek(self, port: Port, now: int) -> int:
        """RX: the next byte, 0 where none waits. STATUS: what waits, and whether TX has space."""
        self._move(now)
        if port is RX:
            return self._rx[0] if self._rx else 0
        return RX_AVAILABLE * bool(self._rx) | TX_SPACE * self._has_space()

    def store(self, port: Port, word: int, now: int) -> None:  # noqa: ARG002 - only TX is stored to
        """TX: send the low 8 bits, where there is space."""
        self._move(now)
        if self._has_space():
            if not self._tx:
                self._leaves = now + self.byte_ticks
            self._tx.append(word & 0xFF)
            self._move(now)

    def pending(self, now: int) -> int:
        """17: a byte waits on RX. 18: there is space on TX."""
        self._move(now)
        return SERIAL_RX.bit * bool(self._rx) | SERIAL_TX.bit * self._has_space()

    def deadline(self, now: int, mask: int) -> int:
        """The next arrival where RX is empty; the next departure where TX is full."""
        self._move(now)
        ticks = [NEVER]
        if mask & SERIAL_RX.bit and self._line and not self._rx:
            ticks.append(self._arrives)
        if mask & SERIAL_TX.bit and not self._has_space():
            ticks.append(self._leaves)
        return min(ticks)

    def tell(self, now: int) -> list[str]:
        """Give what is in RX and TX, and what waits on the line."""
        self._move(now)
        lines = [f"RX holds {_shown(self._rx)}", f"TX holds {_shown(self._tx)}"]
        if self._line:
            lines.append(f"{len(self._line)} more bytes of input wait on the line")
        if self.byte_ticks:
            lines.append(f"a byte takes {self.byte_ticks} ticks on the line")
        return lines

    def save(self, now: int) -> DeviceState:
        """Give RX, TX, the line and the ticks of what is under way."""
        self._move(now)
        arrives = self._arrives if self._line and self.byte_ticks else 0
        leaves = self._leaves if self._tx else 0
        return bytes(self._rx), bytes(self._tx), bytes(self._line), arrives, leaves

    def restore(self, state: DeviceState) -> None:
        """Take back what `save` gave."""
        rx, tx, line, self._arrives, self._leaves = state
        self._rx, self._tx, self._line = bytearray(rx), bytearray(tx), bytearray(line)

    def _has_space(self) -> bool:
        return len(self._tx) < FIFO_BYTES

    def _move(self, now: int) -> None:
        """Let every byte that was due by `now` leave TX or enter RX, each at its tick."""
        while self._tx and self._leaves <= now:
            self.sent.append((self._leaves, self._tx.pop(0)))
            self._leaves += self.byte_ticks
        if self._line and self.byte_ticks == 0:
            room = FIFO_BYTES - len(self._rx)
            self._rx += self._line[:room]
            del self._line[:room]
        while self._line and self._arrives <= now and len(self._rx) < FIFO_BYTES:
            self._rx.append(self._line.pop(0))
            self._arrives += self.byte_ticks


def _shown(fifo: bytearray) -> str:
    """Give a FIFO's filling and bytes as a person reads them."""
    return f"{len(fifo)} of {FIFO_BYTES} bytes" + (f": {repr(bytes(fifo))[1:]}" if fifo else "")
