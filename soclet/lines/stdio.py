"""Standard input and output as the line, where input is a script: a pipe, a file, anything.

Knows that such input counts as there from tick 0, however the host delivers it; a person at a
terminal is another module's. Neither descriptor is made non-blocking, for the shell has them too.
"""

import os
import select
import sys
from typing import Final

from soclet.lines.channel import Channel
from soclet.lines.line import READ_AHEAD, Line, Owner
from soclet.lines.outlet import Outlet
from soclet.lines.sink import Sink

_MOST_AHEAD: Final = 2 * READ_AHEAD
"""Bytes ahead of the guest beyond which input is left unread: a pipe may have no end."""


class ScriptedLine:
    """Input that is read ahead of the guest, and output that goes where standard output goes."""

    interactive: Final = False
    announcement: Final = None

    def __init__(self, owner: Owner, descriptor: int | None, outlet: Outlet) -> None:
        self._owner = owner
        self._outlet = outlet
        self._input: Channel | None = None
        if descriptor is not None:
            self._input = Channel(
                descriptor,
                received=self._received,
                ended=self._end,
                lost=self._end,
            )
            self._input.read(True)

    @property
    def live(self) -> bool:
        """Whether input may come that changes anything: not while some waits for the guest.

        Else a guest that sleeps and takes none would be waited for as long as a pipe is held up,
        or for ever where it has no end, though the rest of a script can wake nobody.
        """
        return self._input is not None and not self._owner.input_waiting

    @property
    def ready(self) -> bool:
        """Whether output is taken, and the guest cannot come to the end of what has been read."""
        self._read_on()
        return self._outlet.ready and self._far_enough

    @property
    def _far_enough(self) -> bool:
        return self._input is None or self._owner.input_waiting >= READ_AHEAD

    def write(self, data: bytes) -> None:
        """Write to standard output."""
        self._outlet.write(data)

    def hold_input(self, held: bool) -> None:
        """Scripted input is not held: see Line."""

    async def finish(self) -> None:
        """Wait until standard output has everything."""
        await self._outlet.finish()

    def close(self) -> None:
        """Let go of both descriptors, which are not ours to close."""
        if self._input is not None:
            self._input.stop()
            self._input = None
        self._outlet.close()

    def _read_on(self) -> None:
        if self._input is not None:
            self._input.read(self._owner.input_waiting < _MOST_AHEAD)

    def _received(self, data: bytes) -> None:
        self._owner.received(data)
        self._read_on()
        if self._far_enough:
            self._owner.ready_changed()

    def _end(self) -> None:
        if self._input is not None:
            self._input.stop()
            self._input = None
            self._owner.ready_changed()


def open_stdio(_argument: str, owner: Owner, _allow_remote: bool) -> Line:
    """Take standard input for a person's terminal if it is one, else for a script."""
    # A descriptor that was closed when the process began may since have become anything.
    given = sys.__stdin__ is not None
    outlet = _standard_output(owner)
    if given and os.isatty(0):
        from soclet.lines.terminal import TerminalLine

        return TerminalLine(owner, 0, outlet)
    return ScriptedLine(owner, 0 if given else None, outlet)


def open_output(owner: Owner) -> Line:
    """Take standard output alone: nobody types."""
    return Sink(_standard_output(owner))


def _standard_output(owner: Owner) -> Outlet:
    name = "standard output"
    if sys.__stdout__ is None:
        return Outlet(owner, None, name)
    if os.isatty(1):
        # A terminal says it is writable while it has room for a few bytes, and then blocks.
        try:
            flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
            return Outlet(owner, os.open(os.ttyname(1), flags), name, owned=True)
        except OSError:
            pass
    return Outlet(owner, 1, name, most=select.PIPE_BUF)
