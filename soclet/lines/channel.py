"""One descriptor read and written without blocking, whatever it is: socket, pty, terminal, pipe.

Knows descriptors and the loop; must not know who is at the other end, nor what the bytes mean.
The output that has not been taken stays here, where it can be counted and had back: that is what
the loop's own transports do not offer.
"""

import asyncio
import os
import select
from collections.abc import Callable
from typing import Final

READ_SIZE: Final = 65_536
"""Most bytes read at a time: a busy descriptor leaves the loop's turn to the others."""

CONGESTED: Final = 65_536
"""Bytes not yet taken above which a channel asks for a pause."""

EASED: Final = 16_384
"""Bytes not yet taken below which a pause is over."""

PATIENCE: Final = 5.0
"""Seconds without progress after which `drained` gives up."""


def _nothing() -> None:
    pass


class Channel:
    """A descriptor and its output buffer. It does not own the descriptor: `stop`, then close it.

    `received` is given what is read, never nothing; `ended` is told once when there will be no
    more; `lost` is told once when the other end is gone, from then on output is kept, not
    written; `eased` is told when a congestion is over. Reading begins with `read(True)`.

    `most` is the most bytes written at a time. For a descriptor that blocks, and may not be made
    not to because others share it, PIPE_BUF is what one that is writable always takes.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        received: Callable[[bytes], None] = lambda _data: None,
        ended: Callable[[], None] = _nothing,
        lost: Callable[[], None] = _nothing,
        eased: Callable[[], None] = _nothing,
        most: int = READ_SIZE,
    ) -> None:
        self.descriptor: Final = descriptor
        self.congested = False
        self.reading = False
        self.input_ended = False
        self.stopped = False
        self.error: OSError | None = None
        self._received = received
        self._ended = ended
        self._lost = lost
        self._eased = eased
        self._most = most
        self._output = bytearray()
        self._writing = False
        self._waits = True
        self._next_read: asyncio.Handle | None = None
        self._progress = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    @property
    def backlog(self) -> int:
        """Bytes written that the descriptor has not taken."""
        return len(self._output)

    @property
    def gone(self) -> bool:
        """Whether the other end has closed wholly, found without reading or writing."""
        poll = select.poll()
        poll.register(self.descriptor, 0)
        return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))

    def read(self, wanted: bool) -> None:
        """Read from now on, or leave what comes where it is."""
        wanted = wanted and not self.input_ended and not self.stopped
        if wanted == self.reading:
            return
        self.reading = wanted
        if wanted:
            if not self._watch(self._loop.add_reader, self._on_readable):
                self._next_read = self._loop.call_soon(self._read_directly)
        elif self._next_read is not None:
            self._next_read.cancel()
        else:
            self._loop.remove_reader(self.descriptor)

    def write(self, data: bytes) -> None:
        """Take bytes to be written as the descriptor takes them."""
        self._output += data
        if len(self._output) > CONGESTED:
            self.congested = True
        if not self._output or self._writing or self.stopped or self.error:
            return
        self._writing = True
        if not self._watch(self._loop.add_writer, self._on_writable):
            self._loop.call_soon(self._write_directly)

    def unsent(self) -> bytes:
        """What has been written and not been taken; all of it once the channel is stopped."""
        return bytes(self._output)

    def stop(self) -> None:
        """Have no more to do with the descriptor, which may be closed then. Calls nobody back."""
        self.read(False)
        self._stop_writing()
        self.stopped = True
        self._progress.set()

    async def drained(self) -> bool:
        """Wait until all is taken, as long as there is progress; tell whether it was."""
        while self._output and not self.stopped and not self.error:
            self._progress.clear()
            try:
                await asyncio.wait_for(self._progress.wait(), PATIENCE)
            except TimeoutError:
                break
        return not self._output

    def take_in(self) -> bytes:
        """Read what is there now; nothing where there is nothing, or no more will come."""
        return os.read(self.descriptor, READ_SIZE)

    def put_out(self, data: bytes) -> int:
        """Write what can be written now, and tell how much of it was."""
        return os.write(self.descriptor, data)

    # What the loop calls

    def _watch(
        self, add: Callable[[int, Callable[[], None]], None], callback: Callable[[], None]
    ) -> bool:
        """Have the loop call back; tell that it cannot where the descriptor is a regular file's.

        Such a one is always readable and writable.
        """
        if self._waits:
            try:
                add(self.descriptor, callback)
            except PermissionError:
                self._waits = False
        return self._waits

    def _read_directly(self) -> None:
        self._next_read = self._loop.call_soon(self._read_directly)
        self._on_readable()

    def _write_directly(self) -> None:
        if self._writing:
            self._on_writable()
        if self._writing:
            self._loop.call_soon(self._write_directly)

    def _on_readable(self) -> None:
        try:
            data = self.take_in()
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        if data:
            self._received(data)
            return
        self.read(False)
        self.input_ended = True
        self._ended()

    def _on_writable(self) -> None:
        try:
            taken = self.put_out(bytes(self._output[: self._most]))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        del self._output[:taken]
        self._progress.set()
        if not self._output:
            self._stop_writing()
        if self.congested and len(self._output) < EASED:
            self.congested = False
            self._eased()

    def _stop_writing(self) -> None:
        if self._writing and self._waits:
            self._loop.remove_writer(self.descriptor)
        self._writing = False

    def _fail(self, error: OSError) -> None:
        self.read(False)
        self._stop_writing()
        self.error = error
        self._progress.set()
        self._lost()
