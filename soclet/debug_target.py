"""The machine as a debugger's target: what gdbstub asks, answered by a machine and its runner.

Knows gdbstub's Target protocol and our machine, and brings them together; must not know packets.
"""

import errno
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

from gdbstub.agent.program import BreakpointProgram
from gdbstub.server import Server
from gdbstub.target import (
    BreakpointKind,
    Continue,
    Exited,
    FlashWrite,
    RangeStep,
    Register,
    Resume,
    Signal,
    Stop,
    StopEvent,
    TargetError,
    WatchKind,
)
from gdbstub.target import Reason as StopReason
from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import PAGE
from isa_spec.registers import CAUSE, PC
from isa_spec.traps import (
    ABSENT,
    DIVISION,
    ILLEGAL,
    MISALIGNED,
    NOTHING,
    PRIVILEGED,
    PROTECTED,
    SYSTEM_CALL,
)
from isa_spec.words import WORD
from machine.device import NEVER
from machine.events import Debugger, WriteRegister
from machine.machine import NotHalted
from machine.nvram import NvramError
from machine.reason import Reason
from soclet import description, goals, refusals, sentences, views
from soclet.debug_points import Points
from soclet.goals import Done, Outcome, StepInterrupts
from soclet.runner import End, Runner
from soclet.slices import FIRST_SLICE
from soclet.source_map import SourceMap

if TYPE_CHECKING:
    from soclet.recorded_run import Recording

_SIGNALS: Final = {
    ILLEGAL.number: Signal.ILL,
    PRIVILEGED.number: Signal.ILL,
    ABSENT.number: Signal.SEGV,
    PROTECTED.number: Signal.SEGV,
    MISALIGNED.number: Signal.BUS,
    NOTHING.number: Signal.BUS,
    DIVISION.number: Signal.FPE,
    SYSTEM_CALL.number: Signal.SYS,
}
"""The signal that fits the trap behind a check-stop; ABRT fits the others."""


def _check_address(address: int) -> None:
    if address > WORD:
        raise TargetError(refusals.of_address(address), errno.EFAULT)


class DebugTarget:
    """One machine, run by `runner`, as gdbstub's Target with the abilities that it has.

    `server` is set once it listens; until then nobody can be attached. `places` knows the names of
    the program that is run, once it is set to. `recording`: what the machine replays, if it does.
    """

    byte_order: Literal["little", "big"] = "little"
    flash_block_size = PAGE

    def __init__(self, runner: Runner) -> None:
        self.runner: Final = runner
        self.machine: Final = runner.machine
        self.server: Server | None = None
        self.places = SourceMap(self.machine)
        self.recording: Recording | None = None
        self.memory_map = description.MapKind.RAM
        self._points = Points(self.machine, self._show)
        self._stop: StopEvent = Stop()
        self._attached = False
        self._forget_client()

    def _forget_client(self) -> None:
        self.virtual = True
        self.step_interrupts = StepInterrupts.OVER
        self._power_off_told = False

    # Coming and going

    @property
    def attached(self) -> bool:
        """Whether a debugger is attached."""
        return self._attached

    @property
    def reachable(self) -> bool:
        """Whether a debugger may still come."""
        return self.server is not None

    @property
    def ready(self) -> bool:
        """Whether the debugger takes what is shown to it."""
        return self.server is None or self.server.ready

    def attach(self) -> None:
        """Halt, for a client that has come."""
        if not self.machine.halted:
            self.runner.halt()
            self._stop = Stop()
        self._forget_client()
        self._attached = True
        self._tell_cpu()

    def _tell_cpu(self) -> None:
        """Have `brk` stop or trap, unless a recording says what it did."""
        if self.machine.to_come is None and self.machine.cpu.debugged != self._attached:
            self.machine.post(Debugger(attached=self._attached))

    def detach(self) -> None:
        """Let the machine go on without a debugger."""
        self._attached = False
        self._tell_cpu()
        self.runner.start()

    def abandon(self) -> None:
        """Leave the machine as it is, halted or running, without a debugger."""
        self._attached = False
        self._tell_cpu()
        if isinstance(self._stop, Exited):
            self.runner.finish(End.POWER_OFF)
        elif not self.machine.halted:
            self.runner.start()

    def kill(self, *, stay: bool) -> None:
        """End the run, unless the client stays to begin it again."""
        self.runner.halt()
        if not stay:
            self.runner.finish(End.INTERRUPTED)

    def restart(self) -> None:
        """Begin again from reset, or a recording from its beginning, for a client that stayed."""
        self.runner.halt()
        if self.recording is None:
            self.reset()
        else:
            self.recording.rewind()
            self._begin()

    def exited(self, *, stay: bool) -> None:
        """The client knows of the power-off: the run is over, unless it may begin it again."""
        if not stay:
            self.runner.finish(End.POWER_OFF)

    # Registers and memory

    @property
    def registers(self) -> Sequence[Register]:
        """The registers by gdb's numbers."""
        return description.PACKET_REGISTERS

    @property
    def target_xml(self) -> str:
        """The registers' description."""
        return description.target_xml()

    @property
    def memory_map_xml(self) -> str:
        """What gdb may read and write."""
        return description.memory_map_xml(self.memory_map, self.machine.memory.size)

    def read_register(self, number: int) -> int | None:
        """Give a register's value."""
        ours = description.SLOTS[number].number
        return 0 if ours is None else self.machine.cpu.r[ours]

    def write_register(self, number: int, value: int) -> None:
        """Write a register; bits that it does not keep are cut off."""
        slot = description.SLOTS[number]
        if slot.number is None:
            # gdb writes back every register that it has saved, after a call for instance.
            if value:
                raise TargetError(f"{slot.name} is always 0 on this machine")
            return
        self.machine.post(WriteRegister(slot.number, value))

    def read_memory(self, address: int, length: int) -> bytes:
        """Give bytes as the CPU sees them now."""
        data = views.read(self.machine, address, length, virtual=self.virtual)
        if not data:
            why = refusals.of_reading(self.machine, address, virtual=self.virtual)
            raise TargetError(why, errno.EFAULT)
        return data

    def write_memory(self, address: int, data: bytes) -> None:
        """Write all of the bytes, or nothing."""
        if not views.write(self.machine, address, data, virtual=self.virtual):
            why = refusals.of_writing(self.machine, address, len(data), virtual=self.virtual)
            raise TargetError(why, errno.EFAULT)

    # Flash

    @property
    def flash_regions(self) -> Sequence[range]:
        """All of memory is battery-backed and can be flashed."""
        return (range(MEMORY_START, self.machine.memory.size),)

    def flash(self, erased: Sequence[range], writes: Sequence[FlashWrite]) -> None:
        """Erase to ones, then write, and commit at once; addresses are physical."""
        blanks = [(area.start, b"\xff" * len(area)) for area in erased]
        try:
            self.machine.flash([*blanks, *((write.address, write.data) for write in writes)])
            self.machine.commit()
        except (NotHalted, ValueError) as error:
            raise TargetError(f"{error}; nothing was flashed") from error
        except NvramError as error:
            raise TargetError(f"memory is flashed, but not the NVRAM file: {error}") from error

    # Breakpoints

    def set_breakpoint(self, kind: BreakpointKind, address: int) -> None:
        """Stop before the instruction at a virtual address."""
        _check_address(address)
        self._points.set_breakpoint(kind, address)
        self._give_points()

    def set_breakpoint_program(
        self,
        kind: BreakpointKind,
        address: int,
        program: BreakpointProgram,
        *,
        space: int | None = None,
    ) -> None:
        """Have conditions and commands decide before the instruction at a virtual address.

        `space`: only where that page table translates (a ptbr).
        """
        _check_address(address)
        self._points.set_breakpoint(kind, address, program, space=space)
        self._give_points()

    def clear_breakpoint(self, kind: BreakpointKind, address: int) -> None:
        """Take that back."""
        self._points.clear_breakpoint(kind, address)
        self._give_points()

    def set_watchpoint(
        self, kind: WatchKind, address: int, length: int, *, space: int | None = None
    ) -> None:
        """Stop before accesses to a range of virtual addresses; `space` as for breakpoints."""
        _check_address(address + length - 1)
        self._points.set_watchpoint(kind, address, length, space=space)
        self._give_points()

    def clear_watchpoint(self, kind: WatchKind, address: int, length: int) -> None:
        """Take that back."""
        self._points.clear_watchpoint(kind, address, length)
        self._give_points()

    def _give_points(self) -> None:
        self.runner.breakpoints = self._points.addresses
        self.runner.decisions = self._points.decisions
        self.runner.watches = self._points.watches

    def _show(self, text: str) -> None:
        if self.server is not None:
            self.server.console(text)

    # Running

    @property
    def stop(self) -> StopEvent:
        """Why the machine is halted."""
        return self._stop

    def resume(self, action: Resume) -> StopEvent | None:
        """Go on; a step that is over at once is answered at once."""
        return self.resume_at(action, None)

    def resume_at(self, action: Resume, home: goals.Context | None) -> StopEvent | None:
        """Go on; a step begins where pc, sp, ptbr and mode are those of `home`, unless None."""
        self._refuse_strange_addresses(action)
        if self.machine.cpu.exit_status is not None and self._power_off_told:
            self._stop = Exited(self.machine.cpu.exit_status)
            return self._stop
        self._power_off_told = False
        self._tell_cpu()
        match action:
            case RangeStep(start, end):
                goal: goals.Goal = goals.RangeStep(start, end, self._first_step(home))
            case Continue():
                self.runner.start()
                return None
            case _:
                goal = self._first_step(home)
        try:
            outcome = self.runner.advance(goal, FIRST_SLICE)
        except NvramError as error:
            raise TargetError(str(error)) from error
        if outcome in (Reason.BUDGET, Reason.ASLEEP, Reason.LIMIT):
            self.runner.start(goal)
            return None
        self._stop = self._event(outcome)
        return self._stop

    def _first_step(self, home: goals.Context | None) -> goals.Step:
        if home is None:
            return goals.Step(self.step_interrupts)
        return goals.Step(self.step_interrupts, home, ticks_left=NEVER)

    def _refuse_strange_addresses(self, action: Resume) -> None:
        if isinstance(action, RangeStep) or action.address is None:
            return
        _check_address(action.address)
        self.machine.post(WriteRegister(PC, action.address))

    def interrupt(self) -> StopEvent:
        """Halt the running machine: slices are short, so it is halted already."""
        self.runner.halt()
        self._stop = Stop(Signal.INT)
        return self._stop

    def reached(self, outcome: Outcome) -> None:
        """The runner's goal was reached: tell the client."""
        self._stop = self._event(outcome)
        if self.server is not None:
            self.server.stopped(self._stop)

    def reset(self) -> None:
        """Reset the halted machine (`monitor reset`)."""
        self.machine.reset()
        self._begin()

    def _begin(self) -> None:
        self._power_off_told = False
        self._stop = Stop()

    def _event(self, outcome: Outcome) -> StopEvent:
        """Say a stop, after what has to be said of a recording."""
        stop = self._stop_at(outcome)
        warning = "" if self.recording is None else self.recording.warning()
        return replace(stop, message=f"{warning}\n{stop.message}") if warning else stop

    def _stop_at(self, outcome: Outcome) -> StopEvent:
        """Say a stop as gdb's protocol has it, with a sentence where a person wants one."""
        machine = self.machine
        match outcome:
            case Reason.BREAKPOINT:
                return self._points.breakpoint_stop()
            case Reason.WATCHPOINT:
                return self._points.watchpoint_stop()
            case Reason.BRK:
                return Stop(message=sentences.brk(machine, self.places))
            case Reason.POWER_OFF:
                self._power_off_told = True
                return Stop(message=sentences.power_off(machine, self.places))
            case Reason.CHECK_STOP:
                signal = _SIGNALS.get(machine.cpu.r[CAUSE] & 0xFF, Signal.ABRT)
                return Stop(signal, message=sentences.check_stop(machine, self.places))
            case Reason.ASLEEP:
                return Stop(message=sentences.asleep(machine, self.places))
            case Reason.REPLAYED if self.recording is not None:
                return Stop(message=self.recording.told_end())
            case Reason.LIMIT:
                return Exited(124, f"the run's limit, tick {machine.cpu.time}, was reached")
            case Done.AT_BEGIN:
                return Stop(reason=StopReason.HISTORY_BEGIN)
            case Done.IN_HANDLER:
                return Stop(message=sentences.interrupted(machine, self.places))
            case Done.HANDLER_RUNS_ON:
                return Stop(
                    message=f"the interrupt's handler has not returned within "
                    f"{goals.LONGEST_HANDLER} ticks; stopped inside it, "
                    f"at pc {self.places.show(machine.cpu.r[PC])}"
                )
            case _:
                return Stop()
