"""What a target may be able to do beyond `Target`: each ability is a protocol.

Knows the questions, in the target's words; must not know packets. A target has an ability by
having its methods, and what it has not is neither advertised to a client nor answered.
`gdbstub.target` gives all of it to those who write a target.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from gdbstub.values import (
    BreakpointKind,
    FlashWrite,
    OsTable,
    StopEvent,
    ThreadAction,
    ThreadInfo,
    WatchKind,
)

if TYPE_CHECKING:
    from gdbstub.agent.program import BreakpointProgram


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
class ConditionalBreakpoints(Breakpoints, Protocol):
    """Decides by itself whether a breakpoint stops (`Z0` and `Z1` with agent expressions).

    Where a breakpoint's program cannot be carried out (AgentFault), the target stops there, with
    a sentence in the `fault` of its Stop.
    """

    def set_breakpoint_program(
        self, kind: BreakpointKind, address: int, program: "BreakpointProgram"
    ) -> None:
        """Have `program` decide before the instruction at `address`. Raises TargetError.

        It takes the place of whatever is set there under this kind, with or without a program; an
        empty one always stops. `clear_breakpoint` takes back this as well.
        """
        ...


@runtime_checkable
class Watchpoints(Protocol):
    """Stops before accesses to memory (`Z2`, `Z3`, `Z4`).

    The session remembers what is set: it calls for changes only, and clears all when its client
    leaves. The Stop names an address within what is watched, and the reason that fits the kind.
    """

    def set_watchpoint(self, kind: WatchKind, address: int, length: int) -> None:
        """Stop before an access that touches any of the `length` bytes from `address` on.

        length > 0, address + length ≤ 2**64; neither is aligned in any way. Raises TargetError
        where that cannot be.
        """
        ...

    def clear_watchpoint(self, kind: WatchKind, address: int, length: int) -> None:
        """Take back a `set_watchpoint` of exactly these; others, that overlap it too, stay."""
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
        """The whole document (GDB manual: Memory Map Format).

        A client keeps what it has read: a change is seen by the next one to connect.
        """
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

    def monitor(self, command: str) -> str | None:
        """Carry out a command and say what came of it, in lines that end with a newline.

        None: that takes time, and the owner says it, once, as `Server.answered` (or
        `Session.answered`); nothing else is asked of the target meanwhile but to `give_up`. Raises
        TargetError where the command is unknown or failed, with a sentence that says what would be
        right.
        """
        ...

    def give_up(self) -> None:
        """Leave the command that takes time, and be as before it: nobody waits for it any more."""
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
        """Bring the program to its beginning, halted; after a `kill` or its own end too."""
        ...

    def exited(self, *, stay: bool) -> None:
        """The client was told that the program has ended by itself (`W`).

        `stay`: it is in extended mode and may begin the program again.
        """
        ...


@runtime_checkable
class ExecFile(Protocol):
    """Shows the client the program's file (`qXfer:exec-file:read`, `vFile`), and nothing else."""

    @property
    def exec_file(self) -> str:
        """The name of the file the program is from: absolute, as the client is to call it."""
        ...

    def file(self, name: str) -> bytes | None:
        """The contents of `exec_file`, or of whatever else is to be seen; None for other names."""
        ...


@runtime_checkable
class Threads(Protocol):
    """More threads than one, each with registers and memory of its own.

    Everything is asked only while the target is halted. A thread that is not there any more is a
    TargetError. `Target`'s own registers and memory stay those of `current_thread`.
    """

    def current_thread(self) -> int:
        """The id of the thread that stopped, or would run next: one of `threads`."""
        ...

    def threads(self) -> Sequence[ThreadInfo]:
        """All threads, at least one."""
        ...

    def read_thread_register(self, thread: int, number: int) -> int | None:
        """As `Target.read_register`, of a thread."""
        ...

    def write_thread_register(self, thread: int, number: int, value: int) -> None:
        """As `Target.write_register`, of a thread."""
        ...

    def read_thread_memory(self, thread: int, address: int, length: int) -> bytes:
        """As `Target.read_memory`, as a thread sees it."""
        ...

    def write_thread_memory(self, thread: int, address: int, data: bytes) -> None:
        """As `Target.write_memory`, as a thread sees it."""
        ...

    def resume_threads(self, actions: Sequence[ThreadAction]) -> StopEvent | None:
        """As `Target.resume`, which is not called then.

        The first action that applies to a thread is its own; a thread with none stays halted. One
        of `actions` at least lets a thread go on. Raises TargetError where that cannot be done.
        """
        ...


@runtime_checkable
class ThreadPoints(Threads, ConditionalBreakpoints, Watchpoints, Protocol):
    """Is told for which thread a break- or watchpoint was set (`H`, then `Z`).

    What that means is the target's affair: a client chooses threads to look at them, too, and may
    have chosen the one that it looked at last. Called in place of the setters without a thread;
    what is set is cleared as theirs is.
    """

    def set_thread_breakpoint(
        self, thread: int, kind: BreakpointKind, address: int, program: "BreakpointProgram"
    ) -> None:
        """As `set_breakpoint_program`, while `thread` is chosen; an empty program always stops."""
        ...

    def set_thread_watchpoint(
        self, thread: int, kind: WatchKind, address: int, length: int
    ) -> None:
        """As `set_watchpoint`, while `thread` is chosen."""
        ...


@runtime_checkable
class ReverseExecution(Protocol):
    """Goes backwards (`bs`, `bc`). Both answer as `Target.resume` does.

    Where the beginning of history is reached, the Stop has `Reason.HISTORY_BEGIN`.
    """

    def reverse_step(self) -> StopEvent | None:
        """Undo one instruction."""
        ...

    def reverse_continue(self) -> StopEvent | None:
        """Go back until something stops it: a breakpoint, a watchpoint, an interrupt."""
        ...


@runtime_checkable
class OsData(Protocol):
    """Tables of an operating system, or of whatever is like one (`info os`)."""

    def os_tables(self) -> Sequence[OsTable]:
        """All tables as they are now."""
        ...
