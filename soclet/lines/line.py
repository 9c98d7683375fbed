"""What a serial line offers, what it asks of its owner, and how one is opened by its spec.

Knows the kinds of lines by name only, and loads the one that is asked for; must not know
descriptors, sockets, machines or ticks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol, cast

from soclet.errors import UserError

READ_AHEAD: Final = 262_144
"""Bytes of scripted input that are ahead of the guest before the machine may run.

No slice of the machine may be able to take as many, so that the guest never finds the line idle
while its input has not ended, however the host delivers it.
"""


class LineError(UserError):
    """A line cannot be opened: one sentence that says why and what would be right."""


class Owner(Protocol):
    """Who a line works for. Called on the loop's thread, also from within a call to the line."""

    def received(self, data: bytes) -> None:
        """Take bytes that were typed, in order, never none at all."""

    @property
    def input_waiting(self) -> int:
        """Bytes received that the guest has not taken into RX yet."""

    def ready_changed(self) -> None:
        """Look at `ready` and `live` again: either may have changed."""

    def end_requested(self) -> None:
        """End the run: somebody typed Ctrl-A x."""


class Line(Protocol):
    """The host's end of the guest's serial line."""

    @property
    def live(self) -> bool:
        """Whether more input may come from outside some day that could wake a sleeping guest."""

    @property
    def interactive(self) -> bool:
        """Whether a person may be typing."""

    @property
    def announcement(self) -> str | None:
        """The line that says where to connect, exactly as scripts read it; None where nowhere."""

    @property
    def ready(self) -> bool:
        """Whether the machine may run: output is not congested, scripted input is far enough ahead.

        To be asked before each slice; being asked is also the occasion to look how far scripted
        input must be read. The owner is told when False may have become True.
        """

    def write(self, data: bytes) -> None:
        """Take what the guest sent, always all of it; `ready` is what asks for a pause."""

    def hold_input(self, held: bool) -> None:
        """Stop reading while the guest is slow, or go on.

        Scripted input is not held: it is read as far ahead as `READ_AHEAD` needs, and no further.
        """

    async def finish(self) -> None:
        """Wait until all that was written is taken; give up after 5 s without progress."""

    def close(self) -> None:
        """Restore the terminal, remove the socket's file, close descriptors. A second call is none.

        What has not been taken yet is lost: see `finish`.
        """


Opener = Callable[[str, Owner, bool], Line]
"""Opens a line by what follows the kind's colon; the last says whether a remote host may come."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of line: how its spec is written, and the function of a module that opens it.

    announced: whether there is a place to connect to, which the line's announcement names.
    """

    form: str
    module: str
    opener: str
    announced: bool = False

    @property
    def takes_argument(self) -> bool:
        """Whether something follows the kind's name."""
        return ":" in self.form

    def load(self) -> Opener:
        """Import the module: a run pays for its own kind of line only."""
        return cast(Opener, getattr(import_module(f"soclet.lines.{self.module}"), self.opener))


KINDS: Final = {
    kind.form.partition(":")[0]: kind
    for kind in (
        Kind("stdio", "stdio", "open_stdio"),
        Kind("tcp:[HOST:]PORT", "server", "open_tcp", announced=True),
        Kind("telnet:[HOST:]PORT", "server", "open_telnet", announced=True),
        Kind("unix:PATH", "server", "open_unix", announced=True),
        Kind("pty", "pseudoterminal", "open_pty", announced=True),
        Kind("file:PATH", "sink", "open_file"),
        Kind("none", "sink", "open_none"),
    )
}


async def open_line(spec: str, owner: Owner, *, allow_remote: bool) -> Line:
    """Open the line that `spec` names, on the running loop.

    Raises LineError where the spec is none, or the host refuses.
    """
    name, colon, argument = spec.partition(":")
    kind = KINDS.get(name)
    if kind is None:
        forms = ", ".join(kind.form for kind in KINDS.values())
        raise LineError(f"{spec!r} is no serial line; it may be one of {forms}")
    if kind.takes_argument and not argument:
        raise LineError(f"serial line {spec!r} lacks what follows the colon: {kind.form}")
    if colon and not kind.takes_argument:
        raise LineError(f"serial line {spec!r} takes nothing after its name: {kind.form}")
    return kind.load()(argument, owner, allow_remote)
