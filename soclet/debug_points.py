"""The points at which a debugger wants the machine to stop: breakpoints and watchpoints.

Knows what was set, decides by conditions and commands whether a breakpoint counts, and names what
was hit. Must not know packets, nor how a machine comes to a point.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from gdbstub.agent.expression import AgentFault
from gdbstub.agent.program import ALWAYS, BreakpointProgram, fault_sentence
from gdbstub.target import BreakpointKind, Reason, Stop, WatchKind
from isa_spec.registers import PC
from isa_spec.traps import Access
from machine.engine import Decisions
from machine.machine import Machine
from machine.watch import Watch
from soclet import description, views

Decide = Callable[["MachineContext"], bool]

_REASONS: Final = {
    BreakpointKind.SOFTWARE: Reason.SOFTWARE_BREAKPOINT,
    BreakpointKind.HARDWARE: Reason.HARDWARE_BREAKPOINT,
    WatchKind.WRITE: Reason.WRITE_WATCHPOINT,
    WatchKind.READ: Reason.READ_WATCHPOINT,
    WatchKind.ACCESS: Reason.ACCESS_WATCHPOINT,
}
_ACCESSES: Final = {
    WatchKind.WRITE: frozenset({Access.STORE}),
    WatchKind.READ: frozenset({Access.LOAD}),
    WatchKind.ACCESS: frozenset({Access.LOAD, Access.STORE}),
}


class MachineContext:
    """What an agent expression sees of a machine: memory as the CPU sees it now."""

    def __init__(self, machine: Machine, show: Callable[[str], None]) -> None:
        self._machine = machine
        self.show = show

    def register(self, number: int) -> int:
        """Give a register by gdb's number."""
        if not 0 <= number < len(description.SLOTS):
            raise AgentFault(f"there is no register {number}")
        ours = description.SLOTS[number].number
        return 0 if ours is None else self._machine.cpu.r[ours]

    def memory(self, address: int, size: int) -> int:
        """Give the number in `size` bytes."""
        data = views.read(self._machine, address & 0xFFFF_FFFF, size)
        if len(data) < size:
            raise AgentFault(f"there is nothing to be read at {address:#x}")
        return int.from_bytes(data, "little")


@dataclass(frozen=True, slots=True)
class _Breakpoint:
    """A breakpoint of one kind: what decides there, and in which address space it is.

    `program` is None where it always stops, `space` where it is in every one: else a ptbr.
    """

    program: Decide | None = None
    space: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether whoever comes there stops."""
        return self.program is None and self.space is None


class Points:
    """What one debugger has set."""

    def __init__(self, machine: Machine, show: Callable[[str], None]) -> None:
        self._machine = machine
        self._context = MachineContext(machine, show)
        self._breakpoints: dict[tuple[int, BreakpointKind], _Breakpoint] = {}
        self._watches: dict[tuple[WatchKind, int, int], Watch] = {}
        self._fault = ""

    def set_breakpoint(
        self,
        kind: BreakpointKind,
        address: int,
        program: BreakpointProgram = ALWAYS,
        *,
        space: int | None = None,
    ) -> None:
        """Set a breakpoint, in place of what is set there under this kind.

        `space`: only where that page table translates (a ptbr); None for everywhere.
        """
        conditional = program.conditions or program.commands
        decide = program.compile() if conditional else None
        self._breakpoints[address, kind] = _Breakpoint(decide, space)

    def clear_breakpoint(self, kind: BreakpointKind, address: int) -> None:
        """Take a breakpoint back."""
        self._breakpoints.pop((address, kind), None)

    def set_watchpoint(
        self, kind: WatchKind, address: int, length: int, *, space: int | None = None
    ) -> None:
        """Set a watchpoint."""
        watch = Watch(_ACCESSES[kind], address, address + length, space)
        self._watches[kind, address, length] = watch

    def clear_watchpoint(self, kind: WatchKind, address: int, length: int) -> None:
        """Take a watchpoint back."""
        self._watches.pop((kind, address, length), None)

    @property
    def addresses(self) -> frozenset[int]:
        """Where breakpoints are."""
        return frozenset(address for address, _ in self._breakpoints)

    @property
    def watches(self) -> tuple[Watch, ...]:
        """What is watched."""
        return tuple(self._watches.values())

    @property
    def decisions(self) -> Decisions:
        """What decides whether the machine stops there, of those that do not always."""
        decided: dict[int, Callable[[], bool]] = {}
        for address in self.addresses:
            here = self._at(address)
            if not any(each.is_plain for each in here.values()):
                decided[address] = partial(self._decide, address, tuple(here.values()))
        return decided

    def _decide(self, address: int, here: tuple[_Breakpoint, ...]) -> bool:
        """Carry out all programs of an address; any of them may stop."""
        self._fault = ""
        stops = False
        for each in here:
            if self._counts(each):
                try:
                    stops |= each.program is None or each.program(self._context)
                except AgentFault as fault:
                    self._fault = fault_sentence(address, fault)
                    stops = True
        return stops

    def _counts(self, breakpoint_: _Breakpoint) -> bool:
        """Tell whether the machine is in the address space of a breakpoint."""
        return breakpoint_.space in (None, self._machine.cpu.space)

    def _at(self, address: int) -> dict[BreakpointKind, _Breakpoint]:
        kinds = (kind for kind in BreakpointKind if (address, kind) in self._breakpoints)
        return {kind: self._breakpoints[address, kind] for kind in kinds}

    def breakpoint_stop(self) -> Stop:
        """Name the breakpoint at pc."""
        here = self._at(self._machine.cpu.r[PC])
        kind = next(kind for kind, each in here.items() if self._counts(each))
        fault, self._fault = self._fault, ""
        return Stop(reason=_REASONS[kind], fault=fault)

    def watchpoint_stop(self) -> Stop:
        """Name the watchpoint that was hit, and the address that is about to be accessed."""
        watched = self._machine.cpu.watched
        if watched is None:
            raise RuntimeError("no watchpoint was hit")
        kind = next(key[0] for key, watch in self._watches.items() if watch is watched.watch)
        return Stop(reason=_REASONS[kind], address=watched.address)
