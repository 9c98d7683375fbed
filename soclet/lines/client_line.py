"""A line whose client may come and go: what one sees of another, and what is kept between them.

Knows channels; must not know how a client is found, nor what its descriptor is.
"""

import asyncio
from typing import Final

from soclet.lines.channel import READ_SIZE, Channel
from soclet.lines.line import Owner
from soclet.lines.scrollback import ScrollBack

MOST_LEFT_BEHIND: Final = 1 << 20
"""Bytes typed by clients that have left, not yet wanted by the guest, beyond which no more are
read: what a client had typed before it left is the guest's, but a deaf guest's memory is bounded.
"""


class ClientLine:
    """What tcp, unix and pty lines share. One client at a time has the channel.

    Output goes to the client. With none it goes to the scroll-back, which the next one is shown
    first; so is what a client that left had not taken. Input comes from the client, after
    what those who left have still to be heard with.
    """

    live: Final = True
    interactive: Final = True

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._channel: Channel | None = None
        self._scroll_back = ScrollBack()
        self._left_behind = bytearray()
        self._giving = False
        self._held = False
        self._closed = False

    @property
    def ready(self) -> bool:
        """Whether the client, if there is one, keeps up."""
        return self._channel is None or not self._channel.congested

    def write(self, data: bytes) -> None:
        """Send to the client, or keep for the next."""
        if self._channel is None:
            self._scroll_back.append(data)
        else:
            self._channel.write(data)

    def hold_input(self, held: bool) -> None:
        """Stop reading, or go on."""
        self._held = held
        self._read_on()

    async def finish(self) -> None:
        """Wait for the client to take everything; with none there is nobody to wait for."""
        while (channel := self._channel) is not None:
            drained = await channel.drained()
            if channel is self._channel:
                if drained:
                    await self._settled(channel)
                return

    async def _settled(self, channel: Channel) -> None:
        """Wait until what the host has taken for the client cannot be lost by closing."""

    def _close_descriptor(self, channel: Channel) -> None:
        """The client has left, or is to: the channel is stopped."""
        raise NotImplementedError

    # Coming and going

    def _attach(self, channel: Channel) -> None:
        """Give a client the line."""
        self._channel = channel
        channel.write(self._scroll_back.take())
        self._read_on()

    def _detach(self) -> None:
        """The client is gone: keep what it had not taken, and what it had typed."""
        channel, self._channel = self._channel, None
        if channel is None:
            return
        self._keep_input(channel)
        self._scroll_back.put_back(channel.unsent())
        channel.stop()
        self._close_descriptor(channel)
        self._read_on()
        self._owner.ready_changed()

    def _eased(self) -> None:
        self._owner.ready_changed()

    # Input

    def _received(self, data: bytes) -> None:
        self._owner.received(data)

    def _keep_input(self, channel: Channel) -> None:
        """Read what is still there of a client that left."""
        while not channel.input_ended and len(self._left_behind) < MOST_LEFT_BEHIND:
            try:
                data = channel.take_in()
            except OSError:
                return
            if not data:
                return
            self._left_behind += data

    def _read_on(self) -> None:
        """Read from the client when that is not held, and its predecessors have been heard."""
        if self._channel is not None:
            self._channel.read(not self._held and not self._left_behind)
        if self._left_behind and not self._held and not self._giving and not self._closed:
            self._giving = True
            asyncio.get_running_loop().call_soon(self._give_left_behind)

    def _give_left_behind(self) -> None:
        self._giving = False
        if self._left_behind and not self._held and not self._closed:
            data = bytes(self._left_behind[:READ_SIZE])
            del self._left_behind[: len(data)]
            self._owner.received(data)
            self._read_on()

    def close(self) -> None:
        """Let the client go."""
        self._closed = True
        channel, self._channel = self._channel, None
        if channel is not None:
            channel.stop()
            self._close_descriptor(channel)
