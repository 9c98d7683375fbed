"""Lines without input: output goes to a file, or nowhere. Knows no more than that."""

import os
from typing import Final

from soclet.lines.line import LineError, Owner
from soclet.lines.outlet import Outlet


class Sink:
    """A line that nobody types on."""

    live: Final = False
    interactive: Final = False
    announcement: Final = None

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    @property
    def ready(self) -> bool:
        """Whether the file takes what is written fast enough."""
        return self._outlet.ready

    def write(self, data: bytes) -> None:
        """Write to the file."""
        self._outlet.write(data)

    def hold_input(self, held: bool) -> None:
        """There is none."""

    async def finish(self) -> None:
        """Wait until the file has everything."""
        await self._outlet.finish()

    def close(self) -> None:
        """Close the file."""
        self._outlet.close()


def open_file(argument: str, owner: Owner, _allow_remote: bool) -> Sink:
    """Write to a file, which is emptied first."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(argument, flags, 0o666)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise LineError(f"cannot write the serial line's file {argument}: {why}") from error
    return Sink(Outlet(owner, descriptor, argument, owned=True))


def open_none(_argument: str, owner: Owner, _allow_remote: bool) -> Sink:
    """Send nowhere."""
    return Sink(Outlet(owner, None, "nowhere"))
