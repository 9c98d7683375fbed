"""Bytes to packets and back, without a socket.

Knows the shape of packets (GDB manual: Overview of the remote protocol); must not know what any
packet means, nor who sends it. `Framing` turns the bytes of a client into events; however they
are cut into chunks, the events are the same, and no bytes whatever make it raise.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import ClassVar, Final, TypeAlias
from zlib import adler32

ACK: Final = b"+"
NACK: Final = b"-"
INTERRUPT: Final = b"\x03"

# ------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Packet:
    """A whole packet; `payload` is what lay between `$` and `#`, its escapes undone."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """`+`: the other side has got the last packet."""


@dataclass(frozen=True, slots=True)
class Nack:
    """`-`: the other side asks for the last packet again."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """0x03 outside a packet: Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A packet that was never finished: a new `$` came before its `#`."""


@dataclass(frozen=True, slots=True)
class BadChecksum:
    """A packet whose bytes do not add up to its checksum, or whose checksum is no number."""


@dataclass(frozen=True, slots=True)
class Oversize:
    """A packet that was longer than agreed, and was dropped."""


@dataclass(frozen=True, slots=True)
class NotGdb:
    """The first bytes are those of another protocol; nothing more comes from this client."""


Event: TypeAlias = Packet | Ack | Nack | Interrupt | Malformed | BadChecksum | Oversize | NotGdb

# ------------------------------------------------------------------------------- encoding

# The mark of an escape comes first, since the others bring it in.
_ESCAPES: Final = tuple((bytes([byte]), bytes([0x7D, byte ^ 0x20])) for byte in b"}#$*")
_ESCAPED: Final = re.compile(rb"}(.)", re.DOTALL)
_UNESCAPES: Final = {bytes([byte]): bytes([byte ^ 0x20]) for byte in range(256)}

# A run is its byte, `*`, and a printable count + 29. Counts that would be mistaken for framing
# (`#`, `$`, and `*`, `+`, `-`, `}` for the sake of careless clients) give way to smaller ones.
_RUN: Final = re.compile(rb"(.)\1{3,97}", re.DOTALL)
_COUNTS: Final = [count for count in range(3, 98) if chr(count + 29) not in "#$*+-}"]


def checksum(data: bytes | bytearray | memoryview) -> int:
    """The sum of the bytes modulo 256.

    Adler-32 keeps 1 + that sum modulo 65521 in its lower half, which 256 bytes cannot exceed;
    so C does the work at a hundred times the speed of `sum`.
    """
    if len(data) <= 256:
        return (adler32(data) - 1) & 0xFF
    view = memoryview(data)
    return sum(adler32(view[at : at + 256]) - 1 for at in range(0, len(view), 256)) & 0xFF


def escape(data: bytes) -> bytes:
    """Make `data` fit for a payload (GDB manual: Binary Data)."""
    for byte, escaped in _ESCAPES:
        data = data.replace(byte, escaped)
    return data


def escape_within(data: bytes, room: int) -> tuple[bytes, int]:
    """As much of the beginning of `data`, escaped, as fits `room` bytes; and how much that is."""
    escaped = escape(data)
    if len(escaped) > room:
        escaped = escaped[:room].removesuffix(b"}")
    return escaped, len(escaped) - escaped.count(b"}")


def unescape(payload: bytes) -> bytes:
    """Undo `escape`; an escape with nothing behind it stays as it is."""
    return _ESCAPED.sub(lambda match: _UNESCAPES[match[1]], payload)


def _shorten(match: re.Match[bytes]) -> bytes:
    byte, repeats = match[1], len(match[0]) - 1
    count = max(count for count in _COUNTS if count <= repeats)
    return byte + b"*" + bytes([count + 29]) + byte * (repeats - count)


def compress(payload: bytes) -> bytes:
    """Run-length encode an escaped payload (GDB manual: Overview)."""
    return _RUN.sub(_shorten, payload)


def encode(payload: bytes, *, run_length: bool = False) -> bytes:
    """Frame a reply whose binary data is escaped already."""
    if run_length:
        payload = compress(payload)
    return b"$%b#%02x" % (payload, checksum(payload))


def encode_notification(payload: bytes) -> bytes:
    """Frame a notification, which nobody acknowledges (GDB manual: Notification Packets)."""
    return b"%%%b#%02x" % (payload, checksum(payload))


# ------------------------------------------------------------------------------- decoding

_OPENINGS: Final = (
    *(b"%b " % method for method in b"GET HEAD POST PUT DELETE OPTIONS CONNECT PATCH".split()),
    b"PRI * HTTP/2",
    b"SSH-",
    b"\x16\x03",  # the hello of TLS
)
_MARK: Final = re.compile(rb"[$+\x03-]")
_MARKS: Final[Mapping[int, Event]] = MappingProxyType(
    {ACK[0]: Ack(), NACK[0]: Nack(), INTERRUPT[0]: Interrupt()}
)
_ONE_SHORT: Final = re.compile(rb"\$([^#$}]{0,250})#([0-9a-f]{2})")
_END: Final = re.compile(rb"[#$]")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{2}")


class State(Enum):
    """Where in the stream the next byte stands."""

    OPENING = auto()
    BETWEEN = auto()
    PAYLOAD = auto()
    CHECKSUM = auto()
    DROPPING = auto()
    CLOSED = auto()


class Framing:
    """The decoding side of one connection.

    `packet_size` is what is advertised as PacketSize: the most bytes between `$` and `#`, as
    they are sent. No more than that and four bytes of framing is ever kept between two calls.
    """

    def __init__(self, packet_size: int) -> None:
        self._packet_size = packet_size
        self._state = State.OPENING
        self._pending = bytearray()
        self._scanned = 0
        self._payload = b""

    @property
    def state(self) -> State:
        """Where the stream stands now."""
        return self._state

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the client; give the events that they complete."""
        if self._state is State.BETWEEN and not self._pending:
            # What nearly every chunk is: one short packet, whole. It spares the state table.
            whole = _ONE_SHORT.fullmatch(data)
            if whole is not None and self._is_sound(*whole.groups()):
                return [Packet(whole[1])]
        self._pending += data
        events: list[Event] = []
        while self._pending and self._STEPS[self._state](self, events):
            pass
        return events

    def _is_sound(self, payload: bytes, digits: bytes) -> bool:
        return len(payload) <= self._packet_size and checksum(payload) == int(digits, 16)

    # Each of these stands for one state. It takes what it can from the pending bytes and says
    # whether to go on; False means that more bytes are needed.

    def _opening(self, events: list[Event]) -> bool:
        if self._pending.startswith(_OPENINGS):
            events.append(NotGdb())
            self._state = State.CLOSED
            return True
        head = bytes(self._pending)
        self._state = State.BETWEEN
        if any(opening.startswith(head) for opening in _OPENINGS):
            self._state = State.OPENING
            return False
        return True

    def _between(self, events: list[Event]) -> bool:
        mark = _MARK.search(self._pending)
        if mark is None:
            self._pending.clear()
            return False
        byte = self._pending[mark.start()]
        del self._pending[: mark.end()]
        if byte in _MARKS:
            events.append(_MARKS[byte])
        else:
            self._state = State.PAYLOAD
        return True

    def _in_payload(self, events: list[Event]) -> bool:
        end = self._pending.find(b"#", self._scanned)
        restart = self._pending.find(b"$", self._scanned, end if end >= 0 else None)
        length = restart if restart >= 0 else end if end >= 0 else len(self._pending)
        if length > self._packet_size:
            events.append(Oversize())
            self._state = State.DROPPING
        elif restart >= 0:
            events.append(Malformed())
            del self._pending[: restart + 1]
        elif end >= 0:
            self._payload = bytes(self._pending[:end])
            del self._pending[: end + 1]
            self._state = State.CHECKSUM
        else:
            self._scanned = length
            return False
        self._scanned = 0
        return True

    def _in_checksum(self, events: list[Event]) -> bool:
        if len(self._pending) < 2:
            return False
        digits = bytes(self._pending[:2])
        self._state = State.BETWEEN
        if not _HEX.fullmatch(digits):
            # What came in its place may be the next packet, so it is not taken.
            events.append(BadChecksum())
            return True
        del self._pending[:2]
        if int(digits, 16) != checksum(self._payload):
            events.append(BadChecksum())
        else:
            events.append(
                Packet(unescape(self._payload) if b"}" in self._payload else self._payload)
            )
        return True

    def _dropping(self, _events: list[Event]) -> bool:
        """Pass over an oversize packet: to its `#`, or to the `$` of the next."""
        mark = _END.search(self._pending)
        if mark is None:
            self._pending.clear()
            return False
        self._state = State.PAYLOAD if mark[0] == b"$" else State.BETWEEN
        del self._pending[: mark.end()]
        return True

    def _closed(self, _events: list[Event]) -> bool:
        self._pending.clear()
        return False

    _STEPS: ClassVar[Mapping[State, Callable[["Framing", list[Event]], bool]]] = MappingProxyType(
        {
            State.OPENING: _opening,
            State.BETWEEN: _between,
            State.PAYLOAD: _in_payload,
            State.CHECKSUM: _in_checksum,
            State.DROPPING: _dropping,
            State.CLOSED: _closed,
        }
    )
