"""A tcp connection whose client speaks telnet. Knows both; what its bytes mean is telnet.py's."""

from collections.abc import Callable
from typing import Final

from soclet.lines.connection import TcpChannel
from soclet.lines.telnet import OFFER, Command, Decoder, Encoder, Talk

_MOST_READS: Final = 4
"""Reads on end that bring commands only, before the loop's turn goes to the others."""


class TelnetChannel(TcpChannel):
    """A channel that gives and takes the guest's bytes, and keeps telnet's to itself."""

    def __init__(
        self,
        descriptor: int,
        *,
        received: Callable[[bytes], None],
        lost: Callable[[], None],
        eased: Callable[[], None],
    ) -> None:
        super().__init__(descriptor, received=received, lost=lost, eased=eased)
        self._talk = Talk()
        self._encoder = Encoder()
        self._decoder = Decoder()
        self._own = Decoder()
        for command in OFFER:
            self._say(command)

    def write(self, data: bytes) -> None:
        """Take the guest's bytes to be written."""
        super().write(self._encoder.data(data))

    def take_in(self) -> bytes:
        """Read what was typed, and answer what else the client's program has to say."""
        for _ in range(_MOST_READS):
            stream = super().take_in()
            data = self._decoder.data(stream)
            for command in self._decoder.commands():
                answer = self._talk.answer(command)
                if answer is not None:
                    self._say(answer)
            if data or not stream:
                return data
        raise BlockingIOError

    def unsent(self) -> bytes:
        """What the guest sent and has not arrived."""
        return self._own.data(super().unsent())

    def _arrived(self, stream: bytes) -> None:
        """Read our own stream as far as it is past, to know in what state the rest begins."""
        self._own.data(stream)
        self._own.commands()

    def _say(self, command: Command) -> None:
        super().write(self._encoder.command(command))
