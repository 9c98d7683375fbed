"""What a debugger may ask of a target: the `Target` protocol, its abilities, their values.

Knows the questions and the words of the answers; must not know packets, sockets, or any
machine. `Target` is what every target offers. An ability is a further protocol: a target has
it by having its methods, and what a target does not have is neither advertised to a client
nor answered.

Nothing here blocks. The owner of a target runs it on its own time and says
`Server.stopped(event)` (or `Session.stopped`) when it stops.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

from gdbstub.abilities import (
    Breakpoints,
    ConditionalBreakpoints,
    ExecFile,
    Flash,
    Killable,
    MemoryMap,
    Monitor,
    OsData,
    Restartable,
    ReverseExecution,
    TargetDescription,
    ThreadPoints,
    Threads,
    Watchpoints,
)
from gdbstub.values import (
    WATCHPOINTS,
    BreakpointKind,
    Continue,
    Exited,
    FlashWrite,
    Killed,
    OsTable,
    RangeStep,
    Reason,
    Register,
    Resume,
    Signal,
    Step,
    Stop,
    StopEvent,
    TargetError,
    ThreadAction,
    ThreadInfo,
    WatchKind,
)

__all__ = [
    "WATCHPOINTS",
    "BreakpointKind",
    "Breakpoints",
    "ConditionalBreakpoints",
    "Continue",
    "ExecFile",
    "Exited",
    "Flash",
    "FlashWrite",
    "Killable",
    "Killed",
    "MemoryMap",
    "Monitor",
    "OsData",
    "OsTable",
    "RangeStep",
    "Reason",
    "Register",
    "Restartable",
    "Resume",
    "ReverseExecution",
    "Signal",
    "Step",
    "Stop",
    "StopEvent",
    "Target",
    "TargetDescription",
    "TargetError",
    "ThreadAction",
    "ThreadInfo",
    "ThreadPoints",
    "Threads",
    "WatchKind",
    "Watchpoints",
]


@runtime_checkable
class Target(Protocol):
    """What every target offers.

    Everything but `attach`, `interrupt` and `abandon` is called only while the target is halted.
    """

    @property
    def registers(self) -> Sequence[Register]:
        """The registers in the order of their numbers; the same for the life of the target."""
        ...

    @property
    def byte_order(self) -> Literal["little", "big"]:
        """The order of the bytes of a register in the packets."""
        ...

    @property
    def stop(self) -> StopEvent:
        """Why the target is halted now (`?`). Asked only while it is."""
        ...

    def attach(self) -> None:
        """A client has come: halt, at once. Where it is halted already, change nothing."""
        ...

    def detach(self) -> None:
        """The client lets go (`D`): run on as if it had never been there."""
        ...

    def abandon(self) -> None:
        """The client has gone without a word: stay as it is, halted or running.

        Its breakpoints have been cleared before. Comes once after each `attach` that no `detach`
        has answered; after `kill` as well.
        """
        ...

    def read_register(self, number: int) -> int | None:
        """The value of a register, 0 ≤ value < 2**bits; None where it has no value now.

        `number` is an index of `registers`.
        """
        ...

    def write_register(self, number: int, value: int) -> None:
        """Change a register. Raises TargetError where it cannot be changed to this."""
        ...

    def read_memory(self, address: int, length: int) -> bytes:
        """The bytes from `address` on, fewer than `length` where only so many can be read.

        0 ≤ address < 2**64, length > 0. Raises TargetError where not even the first can be.
        """
        ...

    def write_memory(self, address: int, data: bytes) -> None:
        """Write all of `data`, or nothing and raise TargetError. `data` is not empty."""
        ...

    def resume(self, action: Resume) -> StopEvent | None:
        """Go on as `action` says.

        Where that is over at once (a step), the answer is why it stopped. Otherwise None; the
        target runs and its owner calls `stopped` later, once. Raises TargetError where it cannot
        go on; it is still halted then.
        """
        ...

    def interrupt(self) -> StopEvent | None:
        """Stop the running target (Ctrl-C): the stop, or None where `stopped` will bring it."""
        ...
