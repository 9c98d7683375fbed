"""The breakpoints and watchpoints that one client has set.

Knows that they are set, not counted, and that none outlives its client; must not know how they are
named on the wire, nor how a target stops at them.
"""

from gdbstub.agent.program import ALWAYS, BreakpointProgram
from gdbstub.target import (
    BreakpointKind,
    Breakpoints,
    ConditionalBreakpoints,
    Target,
    TargetError,
    ThreadPoints,
    WatchKind,
    Watchpoints,
)

MOST_POINTS = 65536


class Points:
    """What is set now; the target hears of changes only."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._breakpoints: dict[tuple[BreakpointKind, int], tuple[BreakpointProgram, int]] = {}
        self._watchpoints: dict[tuple[WatchKind, int, int], int] = {}

    def set_breakpoint(
        self,
        target: Breakpoints,
        kind: BreakpointKind,
        address: int,
        program: BreakpointProgram,
        thread: int,
    ) -> None:
        """Set it, or give the one that is set another program or thread. Raises TargetError."""
        before = self._breakpoints.get((kind, address))
        if before == (program, thread):
            return
        if before is None:
            self._check_room()
        if isinstance(target, ThreadPoints):
            target.set_thread_breakpoint(thread, kind, address, program)
        elif isinstance(target, ConditionalBreakpoints) and (
            program != ALWAYS or (before is not None and before[0] != ALWAYS)
        ):
            target.set_breakpoint_program(kind, address, program)
        elif program == ALWAYS:
            target.set_breakpoint(kind, address)
        else:
            raise TargetError("breakpoints of this target have no conditions and no commands")
        self._breakpoints[kind, address] = program, thread

    def clear_breakpoint(self, target: Breakpoints, kind: BreakpointKind, address: int) -> None:
        """Clear it at once, however often it was set; one that is not set is clear already."""
        if self._breakpoints.pop((kind, address), None) is not None:
            target.clear_breakpoint(kind, address)

    def set_watchpoint(
        self, target: Watchpoints, kind: WatchKind, address: int, length: int, thread: int
    ) -> None:
        """Set once what is set twice, unless it is for another thread. Raises TargetError."""
        before = self._watchpoints.get((kind, address, length))
        if before == thread:
            return
        if before is None:
            self._check_room()
        if isinstance(target, ThreadPoints):
            target.set_thread_watchpoint(thread, kind, address, length)
        elif before is None:
            target.set_watchpoint(kind, address, length)
        self._watchpoints[kind, address, length] = thread

    def clear_watchpoint(
        self, target: Watchpoints, kind: WatchKind, address: int, length: int
    ) -> None:
        """Clear it; one that is not set is clear already."""
        if self._watchpoints.pop((kind, address, length), None) is not None:
            target.clear_watchpoint(kind, address, length)

    def clear(self) -> None:
        """Clear all: the client leaves."""
        if isinstance(self._target, Breakpoints):
            for kind, address in sorted(self._breakpoints, key=lambda each: each[1]):
                self.clear_breakpoint(self._target, kind, address)
        if isinstance(self._target, Watchpoints):
            for watch, address, length in sorted(self._watchpoints, key=lambda each: each[1:]):
                self.clear_watchpoint(self._target, watch, address, length)

    def _check_room(self) -> None:
        if len(self._breakpoints) + len(self._watchpoints) >= MOST_POINTS:
            raise TargetError(f"no more than {MOST_POINTS} break- and watchpoints can be set")
