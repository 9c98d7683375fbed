"""What a client and a target tell each other: signals, stops, resumes, errors.

Knows the words of the GDB manual where they are the target's words too; must not know packets.
`gdbstub.target` gives all of it to those who write a target.
"""

import errno
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TypeAlias


class Signal(IntEnum):
    """Why a program stopped, in GDB's own numbers (gdb/signals.def), which no host changes."""

    NONE = 0
    INT = 2
    QUIT = 3
    ILL = 4
    TRAP = 5
    ABRT = 6
    EMT = 7
    FPE = 8
    KILL = 9
    BUS = 10
    SEGV = 11
    SYS = 12
    TERM = 15


class Reason(Enum):
    """What stopped the program, as a stop reply names it (GDB manual: Stop Reply Packets)."""

    UNSAID = ""
    SOFTWARE_BREAKPOINT = "swbreak"
    HARDWARE_BREAKPOINT = "hwbreak"
    WRITE_WATCHPOINT = "watch"
    READ_WATCHPOINT = "rwatch"
    ACCESS_WATCHPOINT = "awatch"
    HISTORY_BEGIN = "replaylog:begin"
    """Going backwards, there is nothing before this."""
    HISTORY_END = "replaylog:end"
    """Going forwards in what was recorded, there is nothing after this."""


WATCHPOINTS = frozenset({Reason.WRITE_WATCHPOINT, Reason.READ_WATCHPOINT, Reason.ACCESS_WATCHPOINT})


@dataclass(frozen=True, slots=True)
class Stop:
    """The program halted and can go on.

    `address` is the watched address and is there for a watchpoint only. `message` is a sentence
    for the client's console, shown before the stop reply of a resume, without a newline. `fault`
    is one too, about a breakpoint that could not decide whether to stop and so did: a client is
    shown each such sentence once, however often it stops there.
    """

    signal: int = Signal.TRAP
    reason: Reason = Reason.UNSAID
    address: int | None = None
    message: str = ""
    fault: str = ""

    def __post_init__(self) -> None:
        if (self.reason in WATCHPOINTS) != (self.address is not None):
            raise ValueError("an address belongs to a watchpoint, and a watchpoint has one")


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended by itself with `status`, 0 to 255; it cannot go on."""

    status: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Killed:
    """The program was ended by `signal`; it cannot go on."""

    signal: int = Signal.KILL
    message: str = ""


StopEvent: TypeAlias = Stop | Exited | Killed


@dataclass(frozen=True, slots=True)
class Continue:
    """Run until something stops it; from `address` where that is given.

    `address` is any number below 2**64, which the target refuses where it is none of its own;
    `signal` is what the client delivers to the program, 0 for none.
    """

    address: int | None = None
    signal: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """Run one instruction; the fields are those of `Continue`."""

    address: int | None = None
    signal: int = 0


@dataclass(frozen=True, slots=True)
class RangeStep:
    """Step at least once and until pc is outside `start` ≤ pc < `end` (`vCont;r`).

    Both are any numbers below 2**64.
    Other reasons to stop (a breakpoint, an interrupt by the client) end it as well. A target that
    knows no ranges may take it for a `Step`: the client goes on by itself.
    """

    start: int
    end: int


Resume: TypeAlias = Continue | Step | RangeStep


@dataclass(frozen=True, slots=True)
class Register:
    """One register; its place in `Target.registers` is its number in GDB's packets.

    `bits` is a positive multiple of 8. `expedite` puts its value into each stop reply, which
    spares the client a question: worth it for pc, sp and the like.
    """

    name: str
    bits: int = 32
    expedite: bool = False


class BreakpointKind(Enum):
    """How the client wants a breakpoint made; many targets make no difference."""

    SOFTWARE = "software"
    HARDWARE = "hardware"


class WatchKind(Enum):
    """Which accesses a watchpoint stops before."""

    WRITE = "write"
    READ = "read"
    ACCESS = "access"
    """Both."""


@dataclass(frozen=True, slots=True)
class ThreadInfo:
    """One thread: `id`, its number, 1 or more; what it is called, and a few words on its state."""

    id: int
    name: str = ""
    extra: str = ""


@dataclass(frozen=True, slots=True)
class ThreadAction:
    """How a thread goes on; with `thread` None, every thread that no action before it names.

    With `action` None it stays halted.
    """

    action: Resume | None
    thread: int | None = None


@dataclass(frozen=True, slots=True)
class OsTable:
    """A table that `info os` shows: its one-word name, and rows with a cell for each column."""

    name: str
    title: str
    description: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class FlashWrite:
    """Bytes to program from `address` on."""

    address: int
    data: bytes


class TargetError(Exception):
    """What was asked cannot be done: `message` says why, as a sentence without a full stop.

    The client gets `E.message` where it understands words, else `E NN` with `code`, 0 to 255.
    """

    def __init__(self, message: str, code: int = errno.EINVAL) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
