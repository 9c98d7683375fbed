"""What is remembered about one client, from its first packet to its last.

Knows what handlers of different packets must tell each other; must not know how bytes come and
go. Everything here dies with the connection, so that nothing leaks to the next client.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from gdbstub.files import OpenFiles
from gdbstub.flash_plan import FlashPlan
from gdbstub.parsing import ALL_THREADS, ANY_THREAD
from gdbstub.points import Points
from gdbstub.registers import RegisterFile
from gdbstub.target import Monitor, Stop, Target, TargetError, ThreadInfo, Threads
from gdbstub.views import ThreadView, View

MOST_FAULTS = 1024

THE_THREAD = 1
"""The number of the one thread of a target that knows none."""


class Program(Enum):
    """What the program that the client debugs is doing."""

    HALTED = auto()
    RUNNING = auto()
    COMMANDED = auto()
    """It stands still, but for what a command of the client's that takes time has it do."""
    GONE = auto()
    """It ended, was killed, or the client has let go of it."""


@dataclass(slots=True)
class Client:
    """One connection's state.

    `supports` are the features that the client offered in qSupported. `console` is text for its
    user that goes out before the next reply. `leaving` closes the connection once what is to be
    sent has been. `interrupt_due` is a Ctrl-C that came too early, for the next resume;
    `just_interrupted` says that the last Ctrl-C's stop was the last thing said. `view` and
    `registers` are those of the thread that it chose (`Hg`), `own_registers` those of the target
    itself; `resumed_thread` is what it chose with `Hc`. `is_lldb` says that it has spoken as only
    LLDB does, `bare_reads` that it takes the replies to `x` as older LLDBs do.
    """

    target: Target
    packet_size: int
    supports: frozenset[str] = frozenset()
    program: Program = Program.HALTED
    attached: bool = False
    acknowledges: bool = True
    extended: bool = False
    is_lldb: bool = False
    bare_reads: bool = False
    leaving: bool = False
    interrupt_due: bool = False
    just_interrupted: bool = False
    flash_plan: FlashPlan | None = None
    files: OpenFiles = field(default_factory=OpenFiles)
    console: list[str] = field(default_factory=list)
    faults_told: set[str] = field(default_factory=set)
    resumed_thread: int = ANY_THREAD
    threads_to_list: list[int] = field(default_factory=list)
    points: Points = field(init=False)
    threads: Threads | None = field(init=False)
    own_registers: RegisterFile = field(init=False)
    view: View = field(init=False)
    registers: RegisterFile = field(init=False)

    def __post_init__(self) -> None:
        self.points = Points(self.target)
        self.threads = self.target if isinstance(self.target, Threads) else None
        self.own_registers = RegisterFile(self.target, self.target)
        self.choose_thread(ANY_THREAD)

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

    @property
    def current_thread(self) -> int:
        """The thread that stopped."""
        return THE_THREAD if self.threads is None else self.threads.current_thread()

    @property
    def chosen_thread(self) -> int:
        """The thread that registers and memory are read of."""
        return self.view.thread if isinstance(self.view, ThreadView) else self.current_thread

    def all_threads(self) -> Sequence[ThreadInfo]:
        """All that there are."""
        return (ThreadInfo(THE_THREAD),) if self.threads is None else self.threads.threads()

    def check_thread(self, thread: int) -> None:
        """Raises TargetError where there is no such thread; any and all there always are."""
        if thread in (self.current_thread, ANY_THREAD, ALL_THREADS):
            return
        if all(thread != each.id for each in self.all_threads()):
            raise TargetError(f"there is no thread {thread}")

    def choose_thread(self, thread: int) -> None:
        """Read registers and memory of this thread; any and all mean the one that stopped."""
        if self.threads is None or thread <= ANY_THREAD or thread == self.current_thread:
            self.view, self.registers = self.target, self.own_registers
        else:
            self.view = ThreadView(self.threads, thread)
            self.registers = RegisterFile(self.target, self.view)

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

    def give_up(self) -> None:
        """Leave the command that takes time, where there is one."""
        if self.program is Program.COMMANDED and isinstance(self.target, Monitor):
            self.target.give_up()

    def abandon(self) -> None:
        """The client is gone: its break- and watchpoints go, the target stays as it is."""
        self.give_up()
        if self.attached:
            self.points.clear()
            self.attached = False
            self.target.abandon()
