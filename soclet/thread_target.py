"""The guest's processes as the threads of a debugger's target; without any, the CPU is the thread.

Knows gdbstub's abilities for threads and the processes that soclet.processes reads. Must not know
packets.
"""

import errno
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gdbstub.agent.program import BreakpointProgram
from gdbstub.target import (
    BreakpointKind,
    Continue,
    FlashWrite,
    OsTable,
    RangeStep,
    Step,
    StopEvent,
    TargetError,
    ThreadAction,
    ThreadInfo,
    WatchKind,
)
from isa_spec.registers import IMASK, IVEC, PC, STATUS
from isa_spec.words import WORD
from machine.events import WriteMemory
from soclet import description, monitor, os_tables, refusals, sentences, views
from soclet.processes.descriptor import DescriptorError, find, has_magic
from soclet.processes.source import Process, ThreadSource
from soclet.runner import Runner
from soclet.travel_target import TravelTarget

if TYPE_CHECKING:
    from soclet.live_run import LiveRun

CPU_THREAD: Final = 1
"""The thread that the CPU is while it runs no process."""

_OF_THE_CPU: Final = (IVEC, IMASK)
"""Privileged registers that are the same whichever process runs."""


_PC_SLOT: Final = [slot.number for slot in description.SLOTS].index(PC)


def thread_of(pid: int) -> int:
    """Give the number of a process's thread."""
    return CPU_THREAD + pid


class ThreadTarget(TravelTarget):
    """A target whose threads are the guest's processes.

    The process that runs is the thread that the CPU's own registers and memory are of; those of the
    others are what its kernel has saved. `own_space`: whether break- and watchpoints belong to the
    address space of the thread that was chosen when they were set, rather than to every one.
    `live_run`: what monitor commands that keep and compare need, where there is a folder for files.
    """

    def __init__(self, runner: Runner) -> None:
        self.source_problem = ""
        self.own_space = False
        self.live_run: LiveRun | None = None
        self._source: ThreadSource | None = None
        self._looked = False
        super().__init__(runner)

    def attach(self) -> None:
        """Halt; the guest's processes are to be looked for."""
        super().attach()
        self.own_space = False
        self._looked = False

    def reset(self) -> None:
        """Reset; they are to be looked for again."""
        super().reset()
        self._looked = False

    def reverse_continue(self) -> StopEvent | None:
        """Go back; they may be others there."""
        self._looked = False
        return super().reverse_continue()

    def arrived(self) -> None:
        """They may be others here."""
        super().arrived()
        self._looked = False

    def write_memory(self, address: int, data: bytes) -> None:
        """Write; a program that is loaded may bring processes of its own, or take some away."""
        super().write_memory(address, data)
        if self.source_problem or self._may_concern(address, len(data)):
            self._looked = False

    def flash(self, erased: Sequence[range], writes: Sequence[FlashWrite]) -> None:
        """Erase and write; they are to be looked for again."""
        super().flash(erased, writes)
        self._looked = False

    def _may_concern(self, address: int, length: int) -> bool:
        """Tell whether a descriptor may begin or go on in a range, or the one that is used does."""
        used = None if self._source is None else self._source.descriptor
        for start, size in views.pieces(self.machine, address, length, virtual=self.virtual):
            if start is not None and (
                has_magic(self.machine.memory, start, size)
                or (used is not None and used.is_in(start, size))
            ):
                return True
        return False

    @property
    def source(self) -> ThreadSource | None:
        """The guest's processes, as they were found; None where there are none.

        All of memory is searched for them, so not before somebody asks, and not after every write:
        that takes a stop's time many times over.
        """
        if not self._looked:
            self._look()
        return self._source

    def _look(self) -> None:
        """Find the guest's descriptor, or what is wrong with it."""
        self._looked = True
        self._source, self.source_problem = None, ""
        try:
            descriptor = find(self.machine.memory)
        except DescriptorError as error:
            self.source_problem = str(error)
        else:
            if descriptor is not None:
                self._source = ThreadSource(self.machine, descriptor)

    # Which there are

    def current_thread(self) -> int:
        """Give the thread that the CPU runs."""
        pid = None if self.source is None else self.source.current_pid()
        return CPU_THREAD if pid is None else thread_of(pid)

    def threads(self) -> Sequence[ThreadInfo]:
        """Give the CPU, or the process that it runs, and the other processes."""
        current = self.current_thread()
        found = {thread_of(each.pid): each for each in self._processes()}
        infos = [ThreadInfo(thread, each.name, self._told(each)) for thread, each in found.items()]
        if current not in found:
            name = "cpu" if current == CPU_THREAD else ""
            infos.insert(0, ThreadInfo(current, name, self._cpu_told()))
        return infos

    def _processes(self) -> Iterator[Process]:
        return iter(()) if self.source is None else self.source.processes()

    def _told(self, process: Process) -> str:
        """Tell the number, the mode and the state of a process."""
        if thread_of(process.pid) == self.current_thread():
            return f"process {process.pid}, {self._cpu_told()}"
        status = None if self.source is None else self.source.register(process, STATUS)
        mode = "" if status is None else sentences.mode(status)
        return ", ".join(text for text in (f"process {process.pid}", mode, process.state) if text)

    def _cpu_told(self) -> str:
        cpu = self.machine.cpu
        state = "running"
        if cpu.exit_status is not None:
            state = "off"
        elif cpu.check_stopped:
            state = "check-stopped"
        elif cpu.asleep:
            state = "sleeping"
        return f"{sentences.mode(cpu.r[STATUS])}, {state}"

    def os_tables(self) -> Sequence[OsTable]:
        """Give the processes, the last traps, the pages and the ports as tables (`info os`)."""
        return os_tables.tables(self.machine, self.source, self.places)

    # Their registers and memory

    def read_thread_register(self, thread: int, number: int) -> int | None:
        """Give what is in a register; None where the process's kernel has not saved it."""
        if thread == self.current_thread():
            return self.read_register(number)
        source, process = self._of(thread)
        ours = description.SLOTS[number].number
        if ours is None:
            return 0
        if ours in _OF_THE_CPU:
            return self.machine.cpu.r[ours]
        return source.register(process, ours)

    def write_thread_register(self, thread: int, number: int, value: int) -> None:
        """Change what a process's kernel has saved of it."""
        if thread == self.current_thread():
            self.write_register(number, value)
            return
        source, process = self._of(thread)
        slot = description.SLOTS[number]
        place = None if slot.number is None else source.place(process, slot.number)
        if place is not None and self.machine.memory.holds(place, 4):
            self.machine.post(WriteMemory(place, value.to_bytes(4, "little")))
        elif slot.number is not None or value:
            raise TargetError(f"{slot.name} of process {process.pid} is kept nowhere")

    def read_thread_memory(self, thread: int, address: int, length: int) -> bytes:
        """Give bytes as a process sees them."""
        space = self._space(thread)
        if space is None:
            return self.read_memory(address, length)
        data = views.read(self.machine, address, length, ptbr=space)
        if not data:
            why = refusals.of_reading(self.machine, address, ptbr=space)
            raise TargetError(why, errno.EFAULT)
        return data

    def write_thread_memory(self, thread: int, address: int, data: bytes) -> None:
        """Write bytes where a process sees them, or none."""
        space = self._space(thread)
        if space is None:
            self.write_memory(address, data)
        elif not views.write(self.machine, address, data, ptbr=space):
            why = refusals.of_writing(self.machine, address, len(data), ptbr=space)
            raise TargetError(why, errno.EFAULT)

    def _of(self, thread: int) -> tuple[ThreadSource, Process]:
        for each in self._processes():
            if self.source is not None and thread_of(each.pid) == thread:
                return self.source, each
        raise TargetError(f"thread {thread} is there no longer", errno.ESRCH)

    def _space(self, thread: int) -> int | None:
        """Give the page table of a process that does not run; None where the CPU's view is its."""
        if thread == self.current_thread() or not self.virtual:
            return None
        source, process = self._of(thread)
        return source.space(process)

    # Break- and watchpoints

    def set_thread_breakpoint(
        self, thread: int, kind: BreakpointKind, address: int, program: BreakpointProgram
    ) -> None:
        """Stop there; in the thread's address space only, where that was asked for."""
        self.set_breakpoint_program(kind, address, program, space=self._space_of_points(thread))

    def set_thread_watchpoint(
        self, thread: int, kind: WatchKind, address: int, length: int
    ) -> None:
        """Stop at accesses there; in the thread's address space only, where that was asked for."""
        self.set_watchpoint(kind, address, length, space=self._space_of_points(thread))

    def _space_of_points(self, thread: int) -> int | None:
        if not self.own_space:
            return None
        if thread == self.current_thread():
            return self.machine.cpu.space
        return self._space(thread)

    # Running them

    def resume_threads(self, actions: Sequence[ThreadAction]) -> StopEvent | None:
        """Go on: the guest's kernel decides which process runs when, whatever is to stay halted.

        A step of a process that does not run begins when its kernel lets it run.
        """
        current = self.current_thread()
        own = [each.action for each in actions if each.thread in (None, current)]
        if own and isinstance(own[0], Step | RangeStep):
            return self.resume(own[0])
        for each in actions:
            if each.thread not in (None, current) and isinstance(each.action, Step | RangeStep):
                return self._step_other(each.thread, each.action)
        first = own[0] if own and own[0] is not None else Continue()
        return self.resume(first)

    def _step_other(self, thread: int, action: Step | RangeStep) -> StopEvent | None:
        if isinstance(action, Step) and action.address is not None:
            self.write_thread_register(thread, _PC_SLOT, action.address & WORD)
            action = Step()
        source, process = self._of(thread)
        home = source.context(process)
        if home is None:
            raise TargetError(f"where process {process.pid} will go on is kept nowhere")
        return self.resume_at(action, home)

    # Commands

    def monitor(self, command: str) -> str | None:
        """Carry out a monitor command; None where it goes through history, which takes longer."""
        return monitor.execute(self, command)
