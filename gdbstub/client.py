"""What is remembered about one client, from its first packet to its last.

Knows what handlers of different packets must tell each other; must not know how bytes come and
go. Everything here dies with the connection, so that nothing leaks to the next client.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from gdbstub.files import OpenFiles
from gdbstub.flash_plan import FlashPlan
from gdbstub.points import Points
from gdbstub.registers import RegisterFile
from gdbstub.target import Stop, Target
from gdbstub.views import View

MOST_FAULTS = 1024


class Program(Enum):
    """What the program that the client debugs is doing."""

    HALTED = auto()
    RUNNING = auto()
    GONE = auto()
    """It ended, was killed, or the client has let go of it."""


@dataclass(slots=True)
class Client:
    """One connection's state.

    `supports` are the features that the client offered in qSupported. `console` is text for its
    user that goes out before the next reply. `leaving` closes the connection once what is to be
    sent has been.
    """

    target: Target
    packet_size: int
    view: View
    registers: RegisterFile
    points: Points
    supports: frozenset[str] = frozenset()
    program: Program = Program.HALTED
    attached: bool = False
    acknowledges: bool = True
    extended: bool = False
    leaving: bool = False
    flash_plan: FlashPlan | None = None
    files: OpenFiles = field(default_factory=OpenFiles)
    console: list[str] = field(default_factory=list)
    faults_told: set[str] = field(default_factory=set)

    def say(self, text: str) -> None:
        """Show lines on the client's console, ahead of the reply that is being made."""
        if text:
            self.console.append(text if text.endswith("\n") else text + "\n")

    def say_once(self, fault: str) -> None:
        """Show a line that this client has not been shown yet, and not for ever remember it."""
        if fault not in self.faults_told:
            if len(self.faults_told) >= MOST_FAULTS:
                self.faults_told.clear()
            self.faults_told.add(fault)
            self.say(fault)

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
        """Let go as the client asked (`D`): its break- and watchpoints go, the target runs on."""
        self.points.clear()
        self.attached = False
        self.program = Program.GONE
        self.target.detach()

    def abandon(self) -> None:
        """The client is gone: its break- and watchpoints go, the target stays as it is."""
        if self.attached:
            self.points.clear()
            self.attached = False
            self.target.abandon()
