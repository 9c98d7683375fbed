"""What is remembered about one client, from its first packet to its last.

Knows what handlers of different packets must tell each other; must not know how bytes come and
go. Everything here dies with the connection, so that nothing leaks to the next client.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from gdbstub.flash_plan import FlashPlan
from gdbstub.registers import RegisterFile
from gdbstub.target import BreakpointKind, Breakpoints, Stop, Target, TargetError

MOST_BREAKPOINTS = 65536


class Program(Enum):
    """What the program that the client debugs is doing."""

    HALTED = auto()
    RUNNING = auto()
    GONE = auto()
    """It ended, was killed, or the client has let go of it."""


@dataclass(slots=True)
class Client:
    """One connection's state.

    `supports` are the features that the client offered in qSupported; `advertised` are those
    that it is offered in turn. `console` is text for its user that goes out before the next
    reply. `leaving` closes the connection once what is to be sent has been.
    """

    target: Target
    packet_size: int
    registers: RegisterFile
    advertised: bytes = b""
    supports: frozenset[str] = frozenset()
    program: Program = Program.HALTED
    attached: bool = False
    acknowledges: bool = True
    extended: bool = False
    leaving: bool = False
    breakpoints: set[tuple[BreakpointKind, int]] = field(default_factory=set)
    flash_plan: FlashPlan | None = None
    console: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Show lines on the client's console, ahead of the reply that is being made."""
        if text:
            self.console.append(text if text.endswith("\n") else text + "\n")

    def take_console(self) -> Iterator[str]:
        """Give what was said, and forget it."""
        said, self.console = self.console, []
        return iter(said)

    def attach(self) -> None:
        """Halt the target for this client; do nothing where it is attached already."""
        if not self.attached:
            self.target.attach()
            self.attached = True
            self.program = Program.HALTED if isinstance(self.target.stop, Stop) else Program.GONE

    def detach(self) -> None:
        """Let go as the client asked (`D`): its breakpoints go, the target runs on."""
        self._clear_breakpoints()
        self.attached = False
        self.program = Program.GONE
        self.target.detach()

    def abandon(self) -> None:
        """The client is gone: its breakpoints go, the target stays as it is."""
        if self.attached:
            self._clear_breakpoints()
            self.attached = False
            self.target.abandon()

    def set_breakpoint(self, target: Breakpoints, kind: BreakpointKind, address: int) -> None:
        """Set once what is set twice. Raises TargetError."""
        if (kind, address) in self.breakpoints:
            return
        if len(self.breakpoints) >= MOST_BREAKPOINTS:
            raise TargetError(f"no more than {MOST_BREAKPOINTS} breakpoints can be set")
        target.set_breakpoint(kind, address)
        self.breakpoints.add((kind, address))

    def clear_breakpoint(self, target: Breakpoints, kind: BreakpointKind, address: int) -> None:
        """Clear it at once, however often it was set; one that is not set is clear already."""
        if (kind, address) in self.breakpoints:
            self.breakpoints.remove((kind, address))
            target.clear_breakpoint(kind, address)

    def _clear_breakpoints(self) -> None:
        if isinstance(self.target, Breakpoints):
            for kind, address in sorted(self.breakpoints, key=lambda each: each[1]):
                self.target.clear_breakpoint(kind, address)
        self.breakpoints.clear()
