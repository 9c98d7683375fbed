"""A client of the remote protocol that asks one thing after the other, and as little as it can.

Knows packets as stock gdb sends them; must not know who answers.
"""

import re
import socket
from types import TracebackType
from typing import Final, Self

_PACKET: Final = re.compile(rb"\$([^#]*)#[0-9a-f]{2}", re.DOTALL)
_SPECIAL: Final = re.compile(rb"[#$}*]")
DEADLINE: Final = 60
"""Seconds that only a hang takes."""


class Refused(Exception):  # noqa: N818 - an answer like others
    """The server does not know the packet, or did not do what it says."""


def frame(payload: bytes) -> bytes:
    """Make a packet of a payload."""
    return b"$%b#%02x" % (payload, sum(payload) & 0xFF)


def escape(data: bytes) -> bytes:
    """Make binary data fit for a payload."""
    return _SPECIAL.sub(lambda found: bytes([0x7D, found[0][0] ^ 0x20]), data)


class Client:
    """One connection, past the words with which gdb begins.

    `features` are what the server offers; `packet_size` is the most bytes of a payload. There are
    no acknowledgements where the server can do without.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._acknowledges = True
        features = self.ask(b"qSupported:swbreak+;hwbreak+;vContSupported+").split(b";")
        self.features = frozenset(features)
        self.packet_size = next(
            int(feature.removeprefix(b"PacketSize="), 16)
            for feature in features
            if feature.startswith(b"PacketSize=")
        )
        if b"QStartNoAckMode+" in features:
            self.expect(b"QStartNoAckMode", b"OK")
            self._acknowledges = False
        # QEMU answers `p` only those who have asked for this.
        self.ask(b"qXfer:features:read:target.xml:0,ffb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def ask(self, payload: bytes) -> bytes:
        """Send a payload and give the reply's; raises Refused where the packet is unknown."""
        return self.exchange(frame(payload))

    def expect(self, payload: bytes, wanted: bytes) -> None:
        """Send a payload whose reply must begin so; raises Refused where it does not."""
        reply = self.ask(payload)
        if not reply.startswith(wanted):
            raise Refused(f"{payload[:40]!r} was answered with {reply[:40]!r}")

    def exchange(self, framed: bytes) -> bytes:
        """`ask` for a packet that is framed already."""
        self.send(framed)
        reply = self.reply()
        if not reply:
            raise Refused(f"{framed[:40]!r} is unknown to the server")
        return reply

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def reply(self) -> bytes:
        """Wait for the next packet; give its payload."""
        came = self._socket.recv(65536)
        while (found := _PACKET.search(came)) is None:
            more = self._socket.recv(65536)
            if not more:
                raise Refused("the server has closed the connection")
            came += more
        if self._acknowledges:
            self._socket.sendall(b"+")
        return found[1]
