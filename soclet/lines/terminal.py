"""Standard input and output as the line, where input is a terminal and a person types.

Knows terminals and the keys that are meant for us and not for the guest; scripted input is
another module's.
"""

import asyncio
import atexit
import contextlib
import os
import signal
import termios
from enum import Enum
from typing import Final

from soclet.lines.channel import Channel
from soclet.lines.line import Owner
from soclet.lines.outlet import Outlet, say

ESCAPE: Final = 0x01
"""Ctrl-A: what comes next is meant for us."""

HELP: Final = (
    "",
    "Ctrl-A x       end the run",
    "Ctrl-A h       this help",
    "Ctrl-A Ctrl-A  send one Ctrl-A",
    "All other keys, Ctrl-C too, go to the guest.",
)

_MOST_TYPED_AHEAD: Final = 65_536
"""Bytes read while the guest is slow, so that Ctrl-A x is heard though it takes nothing."""


class TerminalLine:
    """A terminal made raw for the time being: each key goes to the guest as it is pressed.

    What is shown is not raw: a line feed still begins a line, for the guest as for our own words.
    """

    interactive: Final = True
    announcement: Final = None

    def __init__(self, owner: Owner, descriptor: int, outlet: Outlet) -> None:
        self._owner = owner
        self._outlet = outlet
        self._terminal: Final = descriptor
        self._keys = Keys()
        self._typed_ahead = bytearray()
        self._held = False
        self._ended = False
        self._closed = False
        self._before = termios.tcgetattr(descriptor)
        atexit.register(self._restore)
        self._make_raw()
        self._loop = asyncio.get_running_loop()
        with contextlib.suppress(ValueError, RuntimeError):
            # A shell that brings a stopped job back may have changed the terminal meanwhile.
            self._loop.add_signal_handler(signal.SIGCONT, self._make_raw)
        self._input = Channel(descriptor, received=self._read, ended=self._end, lost=self._end)
        self._input.read(True)

    @property
    def live(self) -> bool:
        """Whether the terminal is there."""
        return not self._ended

    @property
    def ready(self) -> bool:
        """Whether output is taken."""
        return self._outlet.ready

    def write(self, data: bytes) -> None:
        """Show what the guest sent."""
        self._outlet.write(data)

    def hold_input(self, held: bool) -> None:
        """Keep what is typed, or give it."""
        self._held = held
        self._give()

    async def finish(self) -> None:
        """Wait until the terminal has shown everything."""
        await self._outlet.finish()

    def close(self) -> None:
        """Give the terminal back as it was found."""
        if self._closed:
            return
        self._closed = True
        self._input.stop()
        self._outlet.close()
        with contextlib.suppress(ValueError, RuntimeError):
            self._loop.remove_signal_handler(signal.SIGCONT)
        atexit.unregister(self._restore)
        self._restore()

    def _make_raw(self) -> None:
        modes = termios.tcgetattr(self._terminal)
        modes[0] &= ~(
            termios.BRKINT
            | termios.ICRNL
            | termios.IGNBRK
            | termios.IGNCR
            | termios.INLCR
            | termios.INPCK
            | termios.ISTRIP
            | termios.IXON
            | termios.PARMRK
        )
        modes[2] = modes[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
        modes[3] &= ~(
            termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG
        )
        modes[6][termios.VMIN] = 1
        modes[6][termios.VTIME] = 0
        termios.tcsetattr(self._terminal, termios.TCSANOW, modes)

    def _restore(self) -> None:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._terminal, termios.TCSANOW, self._before)

    def _read(self, data: bytes) -> None:
        typed, wishes = self._keys.press(data)
        self._typed_ahead += typed
        self._give()
        for wish in wishes:
            match wish:
                case Wish.END:
                    self._owner.end_requested()
                case Wish.HELP:
                    self._help()

    def _give(self) -> None:
        if self._typed_ahead and not self._held:
            typed = bytes(self._typed_ahead)
            self._typed_ahead.clear()
            self._owner.received(typed)
        self._input.read(len(self._typed_ahead) < _MOST_TYPED_AHEAD)

    def _help(self) -> None:
        if os.isatty(1):
            self._outlet.write("".join(f"{line}\n" for line in HELP).encode())
        else:
            say("\r\n".join(HELP))

    def _end(self) -> None:
        self._ended = True
        self._owner.ready_changed()


class Wish(Enum):
    """What a person asks of us and not of the guest."""

    END = ord("x")
    HELP = ord("h")


_WISHES: Final = {wish.value for wish in Wish}


class Keys:
    """Tells the keys for the guest from those for us, which follow Ctrl-A.

    After it, Ctrl-A is sent once, and a key that means nothing to us is sent with the Ctrl-A.
    """

    def __init__(self) -> None:
        self._escaped = False

    def press(self, data: bytes) -> tuple[bytes, list[Wish]]:
        """Give what the guest is to have of these keys, and what is wished."""
        typed, wishes = bytearray(), []
        for key in data:
            if not self._escaped and key == ESCAPE:
                self._escaped = True
                continue
            if not self._escaped:
                typed.append(key)
            elif key in _WISHES:
                wishes.append(Wish(key))
            elif key == ESCAPE:
                typed.append(ESCAPE)
            else:
                typed += bytes((ESCAPE, key))
            self._escaped = False
        return bytes(typed), wishes
