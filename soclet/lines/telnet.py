"""The telnet protocol's bytes (RFC 854), as a terminal server speaks it. Sans-IO: knows no socket.

Each side's stream is data with commands in it, told apart by IAC, which is doubled in data. While
a side's BINARY (RFC 856) is off, a CR in its data that no LF follows has a NUL after it. `Encoder`
writes one side's stream, `Decoder` reads one, `Talk` decides what is said to a client's commands.
"""

import re
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import Final

IAC: Final = 0xFF
_CR: Final = 0x0D
_LF: Final = 0x0A
_NUL: Final = 0x00


class Verb(IntEnum):
    """What a command says of an option: the speaker will or will not, the other is to or not."""

    WILL = 251
    WONT = 252
    DO = 253
    DONT = 254


class Option(IntEnum):
    """The options that a console needs: each key sent at once, each byte let through."""

    BINARY = 0
    ECHO = 1
    SUPPRESS_GO_AHEAD = 3


_SE: Final = 240
_SB: Final = 250

_PLAIN_IN_BINARY: Final = re.compile(rb"(?:[^\xff]++|\xff\xff)*+")
_PLAIN: Final = re.compile(rb"(?:[^\xff\r]++|\xff\xff)*+")
"""A stream up to where a byte means something, or may once its next one has come."""


@dataclass(frozen=True, slots=True)
class Command:
    """One side's word on one option, a number from 0 to 255."""

    verb: Verb
    option: int

    def __bytes__(self) -> bytes:
        return bytes((IAC, self.verb, self.option))


class Encoder:
    """Writes a side's stream: data and commands, in the order in which they are given."""

    def __init__(self) -> None:
        self._binary = False
        self._after_cr = False

    def data(self, data: bytes) -> bytes:
        """Give what stands for data. A CR is never kept back: its NUL comes with what follows."""
        encoded = data.replace(b"\xff", b"\xff\xff")
        if self._binary or not data:
            return encoded
        owed = self._after_cr and data[0] != _LF
        self._after_cr = data[-1] == _CR
        return b"\0" * owed + re.sub(rb"\r(?=[^\n])", b"\r\0", encoded)

    def command(self, command: Command) -> bytes:
        """Give what stands for a command, which holds for the data after it."""
        owed = b"\0" * self._after_cr
        self._after_cr = False
        if command.option == Option.BINARY and command.verb in (Verb.WILL, Verb.WONT):
            self._binary = command.verb is Verb.WILL
        return owed + bytes(command)


class _Within(Enum):
    """Where in a stream the next byte is."""

    DATA = auto()
    CR = auto()
    COMMAND = auto()
    OPTION = auto()
    SUBNEGOTIATION = auto()
    SUBNEGOTIATION_IAC = auto()


class Decoder:
    """Reads a side's stream, cut anywhere: gives its data, and keeps its commands for `commands`.

    Subnegotiations and commands without an option are read over.
    """

    def __init__(self) -> None:
        self._within = _Within.DATA
        self._verb = Verb.WILL
        self._binary = False
        self._commands: list[Command] = []

    def commands(self) -> list[Command]:
        """Give the commands that have come since this was last asked."""
        commands, self._commands = self._commands, []
        return commands

    def data(self, stream: bytes) -> bytes:
        """Read the next bytes; give the data in them."""
        data = bytearray()
        at = 0
        while at < len(stream):
            if self._within is _Within.DATA:
                found = (_PLAIN_IN_BINARY if self._binary else _PLAIN).match(stream, at)
                assert found is not None, "the pattern also matches nothing"
                data += found[0].replace(b"\xff\xff", b"\xff")
                at = found.end()
            elif self._within is _Within.SUBNEGOTIATION:
                end = stream.find(b"\xff", at)
                at = end if end >= 0 else len(stream)
            if at < len(stream):
                data += self._step(stream[at])
                at += 1
        return bytes(data)

    def _step(self, byte: int) -> bytes:
        """Read a byte that may mean something; give the data that it stands for."""
        within, self._within = self._within, _Within.DATA
        match within:
            case _Within.OPTION:
                self._note(Command(self._verb, byte))
            case _Within.COMMAND if byte == IAC:
                return b"\xff"
            case _Within.COMMAND if byte in list(Verb):
                self._verb, self._within = Verb(byte), _Within.OPTION
            case _Within.COMMAND if byte == _SB:
                self._within = _Within.SUBNEGOTIATION
            case _Within.COMMAND:
                pass
            case _Within.SUBNEGOTIATION:
                self._within = _Within.SUBNEGOTIATION_IAC
            case _Within.SUBNEGOTIATION_IAC:
                self._within = _Within.DATA if byte == _SE else _Within.SUBNEGOTIATION
            case _Within.CR if byte == _NUL:
                pass
            case _ if byte == IAC:
                self._within = _Within.COMMAND
            case _ if byte == _CR and not self._binary:
                self._within = _Within.CR
                return b"\r"
            case _:
                return bytes((byte,))
        return b""

    def _note(self, command: Command) -> None:
        if command.option == Option.BINARY and command.verb in (Verb.WILL, Verb.WONT):
            self._binary = command.verb is Verb.WILL
        self._commands.append(command)


OFFER: Final = (
    Command(Verb.WILL, Option.ECHO),
    Command(Verb.WILL, Option.SUPPRESS_GO_AHEAD),
    Command(Verb.WILL, Option.BINARY),
    Command(Verb.DO, Option.SUPPRESS_GO_AHEAD),
    Command(Verb.DO, Option.BINARY),
)
"""What a client is told first: the guest echoes, each key is sent at once, as it is."""

MOST_ANSWERS: Final = 1000
"""Answers to a client; one that asks on and on, and may not even read them, gets no more."""

_ANSWERS: Final = {
    Verb.WILL: (Verb.DO, Verb.DONT),
    Verb.WONT: (Verb.DO, Verb.DONT),
    Verb.DO: (Verb.WILL, Verb.WONT),
    Verb.DONT: (Verb.WILL, Verb.WONT),
}
"""The words that agree to, and that decline, what a command is about."""


class Talk:
    """Answers a client after `OFFER`: what changes nothing of what was said is not answered.

    So two sides that agree, or that both answer answers, come to an end (RFC 1143).
    """

    def __init__(self) -> None:
        self._agreed = set(OFFER)
        self._left = MOST_ANSWERS

    def answer(self, command: Command) -> Command | None:
        """Give what is to be said to a command; None where nothing is."""
        agree, decline = (Command(verb, command.option) for verb in _ANSWERS[command.verb])
        asked = command.verb in (Verb.WILL, Verb.DO)
        if not self._left or asked == (agree in self._agreed):
            return None
        self._left -= 1
        if asked and agree in OFFER:
            self._agreed.add(agree)
            return agree
        self._agreed.discard(agree)
        return decline
