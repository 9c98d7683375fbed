"""Ports that machine code uses by itself, and what it may take for granted of devices until when.

It knows the time, so it can load it, and keep the timer: whether its line is up, and when it will
be. Everything else that devices have to do with is looked at here, before machine code is entered:
which lines are up, until when no other goes up, what STATUS says. None of that changes but by an
access to a port that is stepped.

Knows the machine's own devices and the frame. Must not know a processor.
"""

import struct
from array import array
from enum import IntEnum
from typing import Final

from isa_spec.memory_map import (
    DEADLINE,
    MEMORY_SIZE,
    MEMORY_START,
    PENDING,
    RX,
    SERIAL_STATUS,
    TIME,
    TX,
    Port,
)
from isa_spec.traps import TIMER
from isa_spec.words import WORD
from machine.bus import Bus
from machine.device import LAST
from machine.native import frame
from machine.native.frame import Frame
from machine.native.host import Region
from machine.serial import Serial
from machine.timer import Timer

PORT_SHIFT: Final = 3
"""An entry of a port table: a word, then its kind; 8 bytes for each address of the I/O page."""
KIND_AT: Final = 4

MOST_SENT: Final = 4096
"""Bytes that machine code sends before Python takes them."""
MOST_RECEIVED: Final = 64
"""Bytes that it loads from RX before Python looks what more there is."""
SENT_SHIFT: Final = 4
"""What is known of one: its tick in 64 bits, and the byte."""


class LoadKind(IntEnum):
    """What a load from a port does: WORD gives the entry's, LINES those that are up.

    RECEIVE gives the next byte; as many as the entry's word says, after which it is stepped.
    """

    STEPPED = 0
    WORD = 1
    TIME = 2
    LINES = 3
    RECEIVE = 4


class StoreKind(IntEnum):
    """What a store to a port does: FORGET the timer's pairs, half of a DEADLINE, SEND a byte."""

    STEPPED = 0
    FORGET = 1
    DEADLINE = 2
    SEND = 3


class _Table:
    """What machine code does at each port, in one direction."""

    _entry: Final = struct.Struct("=II")

    def __init__(self) -> None:
        self._region: Final = Region(MEMORY_START << PORT_SHIFT)
        self.address: Final = self._region.address

    def set(self, port: Port, kind: int, word: int = 0) -> None:
        self._entry.pack_into(self._region.bytes, port.address << PORT_SHIFT, word, kind)


class Ports:
    """What is known of devices.

    until: the tick up to which it is true, 0 where it has to be looked at anew. lines: those that
    are up. times: the timer, as the frame has it from DUE on.
    """

    _sent: Final = struct.Struct("=QII")

    def __init__(self, bus: Bus, frame_: Frame) -> None:
        devices = bus.devices.values()
        self._bus: Final = bus
        self._timer: Final = next(device for device in devices if isinstance(device, Timer))
        self._serial: Final = next(device for device in devices if isinstance(device, Serial))
        self._others: Final = [device for device in devices if device is not self._timer]
        self._loads: Final = _Table()
        self._stores: Final = _Table()
        self._buffer: Final = Region(MOST_SENT << SENT_SHIFT)
        frame_.point(frame.PORT_LOADS, self._loads.address)
        frame_.point(frame.PORT_STORES, self._stores.address)
        self._received: Final = Region(4 * MOST_RECEIVED)
        frame_.point(frame.SENT, self._buffer.address)
        frame_.point(frame.RECEIVED, self._received.address)
        self.until = 0
        self.lines = 0
        self.times = (0, 0, 0)
        self._loads.set(TIME, LoadKind.TIME)
        self._loads.set(PENDING, LoadKind.LINES)
        self._loads.set(MEMORY_SIZE, LoadKind.WORD, bus.peek(MEMORY_SIZE.address, 0) or 0)
        self._stores.set(TIME, StoreKind.FORGET)
        self._stores.set(DEADLINE, StoreKind.DEADLINE)

    def look(self, now: int) -> None:
        """Look at all devices."""
        serial = self._serial
        self.until = min(device.deadline(now, WORD) for device in self._others)
        self.lines = self._bus.pending(now)
        due, latched, low = self._timer.save(now)
        self.times = due, _packed(latched), _packed(low)
        self._loads.set(SERIAL_STATUS, LoadKind.WORD, serial.peek(SERIAL_STATUS, now))
        self._stores.set(TX, StoreKind.STEPPED if serial.byte_ticks else StoreKind.SEND)
        self._give(b"" if serial.byte_ticks else serial.upcoming(MOST_RECEIVED + 1)[:-1])

    def _give(self, data: bytes) -> None:
        """Let these bytes be loaded from RX; another comes after them, so that no line changes."""
        self._received.bytes[: 4 * len(data)] = array("I", list(data)).tobytes()
        kind = LoadKind.RECEIVE if data else LoadKind.STEPPED
        self._loads.set(RX, kind, len(data))

    def end(self, now: int, stay: int) -> int:
        """Give the tick at which the budget of a stay is used up: its end, or the deadline.

        A deadline that has just been reached has its line up from now on.
        """
        due = self.times[0]
        if now < due:
            return min(due, stay)
        self.lines |= TIMER.bit
        return stay

    def took(self, times: tuple[int, int, int], lines: int, sent: int, received: int) -> None:
        """Take over what machine code did."""
        self.lines = lines
        if times != self.times:
            self.times = times
            due, latched, low = times
            self._timer.restore((due, _unpacked(latched), _unpacked(low)))
        if sent:
            taken = self._buffer.bytes[: sent << SENT_SHIFT]
            self._serial.sent += [(tick, byte) for tick, byte, _ in self._sent.iter_unpack(taken)]
            self._stores.set(TX, StoreKind.SEND)
        if received:
            self._serial.receive_loads(received)
            self.until = 0


LONGEST: Final = LAST - 1
"""The last tick that machine code gets to: beyond it time wraps."""


def _packed(half: int | None) -> int:
    return 0 if half is None else half | 1 << 32


def _unpacked(half: int) -> int | None:
    return half & WORD if half >> 32 else None
