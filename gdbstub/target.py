"""What a debugger may ask of a target: the `Target` protocol, its abilities, their values.

Knows the questions and the words of the answers; must not know packets, sockets, or any
machine. `Target` is what every target offers. An ability is a further protocol: a target has
it by having its methods, and what a target does not have is neither advertised to a client
nor answered.

Nothing here blocks. The owner of a target runs it on its own time and says
`Server.stopped(event)` (or `Session.stopped`) when it stops.
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Literal, Protocol, TypeAlias, runtime_checkable

# ------------------------------------------------------------------------------- values


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


WATCHPOINTS = frozenset({Reason.WRITE_WATCHPOINT, Reason.READ_WATCHPOINT, Reason.ACCESS_WATCHPOINT})


@dataclass(frozen=True, slots=True)
class Stop:
    """The program halted and can go on.

    `address` is the watched address and is there for a watchpoint only. `message` is a sentence
    for the client's console, shown before the stop reply of a resume, without a newline.
    """

    signal: int = Signal.TRAP
    reason: Reason = Reason.UNSAID
    address: int | None = None
    message: str = ""

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


# ------------------------------------------------------------------------------ protocols


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


@runtime_checkable
class Breakpoints(Protocol):
    """Stops before an instruction (`Z0`, `Z1`).

    The session remembers what is set: it calls for changes only, and clears all when its client
    leaves.
    """

    def set_breakpoint(self, kind: BreakpointKind, address: int) -> None:
        """Stop before the instruction at `address`. Raises TargetError where that cannot be."""
        ...

    def clear_breakpoint(self, kind: BreakpointKind, address: int) -> None:
        """Take back a `set_breakpoint`; one of the other kind at the same place stays."""
        ...


@runtime_checkable
class TargetDescription(Protocol):
    """Tells the client its registers (`qXfer:features:read`)."""

    @property
    def target_xml(self) -> str:
        """The whole document `target.xml` (GDB manual: Target Descriptions)."""
        ...


@runtime_checkable
class MemoryMap(Protocol):
    """Tells the client what is RAM and what is flash (`qXfer:memory-map:read`)."""

    @property
    def memory_map_xml(self) -> str:
        """The whole document (GDB manual: Memory Map Format)."""
        ...


@runtime_checkable
class Flash(Protocol):
    """Memory that is erased and programmed (`vFlashErase`, `vFlashWrite`, `vFlashDone`).

    The session checks and collects; the target is given all of it at once.
    """

    @property
    def flash_regions(self) -> Sequence[range]:
        """The addresses that can be flashed: ranges of step 1 that do not touch."""
        ...

    @property
    def flash_block_size(self) -> int:
        """Bytes erased together: erasing begins and ends at multiples of it."""
        ...

    def flash(self, erased: Sequence[range], writes: Sequence[FlashWrite]) -> None:
        """Erase, then write, all or nothing. Raises TargetError where that cannot be.

        `erased` are ranges within the regions, in the order they were asked for; `writes` lie
        inside them, in ascending order, without overlap.
        """
        ...


@runtime_checkable
class Monitor(Protocol):
    """Commands of the target's own (`qRcmd`, gdb's `monitor`)."""

    def monitor(self, command: str) -> str:
        """Carry out a command and say what came of it, in lines that end with a newline.

        Raises TargetError where it is unknown or failed, with a sentence that says what would be
        right.
        """
        ...


@runtime_checkable
class Killable(Protocol):
    """The program can be ended (`k`, `vKill`)."""

    def kill(self, *, stay: bool) -> None:
        """End the program. `stay`: the client is in extended mode and may start it again."""
        ...


@runtime_checkable
class Restartable(Protocol):
    """The program can be begun again: what extended mode (`!`, `R`) is for."""

    def restart(self) -> None:
        """Bring the program to its beginning, halted; after a `kill` too."""
        ...
