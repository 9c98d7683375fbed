"""A raw client of the remote protocol on a real socket, for what stock gdb would not send."""

import re
import socket

from rsp import frame

from soclet.description import SLOTS

PACKET = re.compile(rb"\$([^#]*)#[0-9a-f]{2}", re.DOTALL)
SIGTRAP = re.compile(rb"T05(?:[sh]wbreak:;)?thread:01;.*")
PC = next(number for number, slot in enumerate(SLOTS) if slot.name == "pc")
DEADLINE = 120
"""Seconds that only a hang takes."""


class Wire:
    """One connection. Acknowledgements are given and taken off by themselves until told not to."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.acknowledges = True
        self._came = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, payload):
        self.socket.sendall(frame(payload))

    def interrupt(self, times=1):
        self.socket.sendall(b"\x03" * times)

    def reply(self):
        """The payload of the next packet; None where the connection is closed before it."""
        while not (match := PACKET.search(self._came)):
            data = self.socket.recv(65536)
            if not data:
                return None
            self._came += data
        noise = self._came[: match.start()]
        assert not noise.strip(b"+"), noise
        assert self.acknowledges or not noise, "an acknowledgement in no-ack mode"
        self._came = self._came[match.end() :]
        if self.acknowledges:
            self.socket.sendall(b"+")
        return match[1]

    def ask(self, payload):
        self.send(payload)
        return self.reply()

    def said_and_reply(self):
        """What is shown on the console before a reply, and the reply."""
        said = b""
        while True:
            reply = self.reply()
            if reply is None or not re.fullmatch(rb"O([0-9a-f]{2})+", reply):
                return said.decode(), reply
            said += bytes.fromhex(reply[1:].decode())

    def command(self, text):
        """A monitor command's answer."""
        self.send(b"qRcmd," + text.encode().hex().encode())
        said, reply = self.said_and_reply()
        return said if reply == b"OK" else reply

    def no_acknowledgements(self):
        assert self.ask(b"QStartNoAckMode") == b"OK"
        self.acknowledges = False

    def register(self, number):
        return int.from_bytes(bytes.fromhex(self.ask(b"p%x" % number).decode()), "little")

    def rest(self):
        """All that comes until the connection is closed."""
        data, self._came = self._came, b""
        while more := self.socket.recv(65536):
            data += more
        return data


def little(number):
    """A register's value as packets have it."""
    return number.to_bytes(4, "little").hex().encode()


def stopped_at(wire, reply, address):
    """Check that a reply tells of a stop, and where."""
    assert SIGTRAP.fullmatch(reply), reply
    assert wire.register(PC) == address
