"""The machine: memory, CPU, devices and an engine put together, with one door for the outside.

Everything that comes from outside goes through `post`; what the guest sends comes out of
`take_output`. Between them the machine depends on nothing but its own state.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from isa_spec.instruction import InstructionSet
from isa_spec.instructions import BASE
from isa_spec.memory_map import DEFAULT_MEMORY
from isa_spec.registers import IMASK
from machine.agenda import Agenda, Mark
from machine.bus import Bus
from machine.cpu import Cpu
from machine.device import NEVER, Device
from machine.engine import UNDECIDED, Decisions, Engine
from machine.events import Event, EventLog, Flash, Moment, Position, Reset
from machine.memory import Memory
from machine.nvram import Nvram
from machine.outbox import Outbox, Output
from machine.reason import Reason
from machine.reference import Reference
from machine.serial import Serial
from machine.snapshot import CoreState, Snapshot
from machine.system import System
from machine.timer import Timer
from machine.watch import Watch

if TYPE_CHECKING:
    from machine.history import History
    from machine.observers import Observers

EngineMaker = Callable[[Cpu, InstructionSet], Engine]


_STOPS: Final = (Reason.BREAKPOINT, Reason.WATCHPOINT, Reason.OBSERVED, Reason.BRK)
"""Why an engine stops where nothing else would stop the machine."""


class NotHalted(RuntimeError):  # noqa: N818 - a refusal, named for what is not so
    """Memory can be flashed only while the CPU is halted."""


class Machine:
    """A System-on-Chip (isa.md), halted at reset with zeros in memory.

    `memory_size` is in bytes; `byte_ticks` is the time that a byte takes on the serial line;
    `devices` are further ones, put on the bus beside the machine's own. Raises ValueError for a
    size or devices that no machine can have. `nvram` is an open file whose bytes memory starts
    with, and which follows memory at every commit; its size must be `memory_size`.

    halted: whether the CPU stands still between calls of `run`. Whoever runs a machine slice by
    slice clears it meanwhile.
    """

    def __init__(
        self,
        memory_size: int = DEFAULT_MEMORY,
        *,
        byte_ticks: int = 0,
        devices: Iterable[Device] = (),
        instructions: InstructionSet = BASE,
        engine: EngineMaker = Reference,
        nvram: Nvram | None = None,
    ) -> None:
        self.memory: Final = Memory(memory_size)
        if nvram is not None:
            nvram.load_into(self.memory)
        self.bus: Final = Bus()
        self.cpu = Cpu(self.memory, self.bus)
        self.serial = Serial(byte_ticks)
        system = System(memory_size, self.bus.pending, self.cpu.power_off)
        self.timer = Timer()
        self.bus.attach((self.timer, self.serial, system, *devices))
        self.instructions: Final = instructions
        self.engine = engine(self.cpu, instructions)
        self.nvram: Final = nvram
        self.log = EventLog()
        self.halted = True
        self.history: History | None = None
        self.agenda: Final = Agenda()
        self.outbox: Final = Outbox(self.serial)

    # From outside

    def post(self, event: Event) -> None:
        """Apply an event now, and log it. The one door in.

        Where history is being repeated, it ends here and another one begins, unless this is just
        the event that comes next in it.
        """
        if self.history is not None:
            self.history.make_way_for(event)
        self._apply(event)

    def _apply(self, event: Event) -> None:
        self.log.append(self.position, event)
        event.apply(self)
        self.cpu.horizon = 0
        self.cpu.wake_if_due()

    def schedule(self, tick: int, event: Event) -> None:
        """Have an event posted when time reaches `tick`; at once where it has."""
        self.agenda.at_tick(tick, event)

    def feed(self, recording: EventLog, end: Position) -> None:
        """Have a recording's events posted at their positions while the machine runs.

        The machine is where the recording begins. `run` stops once at its end, REPLAYED. However
        the machine is run until then, all is as it was, as long as nothing else is posted.
        """
        self.agenda.record(recording, end)

    @property
    def to_come(self) -> int | None:
        """How many recorded events are still to come; None where none is replayed or repeated."""
        return self.agenda.recorded

    @property
    def repeats(self) -> bool:
        """Whether history brought the machine back, and it does again what it has done."""
        return self.agenda.repeats

    def reset(self) -> None:
        """Reset the machine, or power it up again; memory keeps its bytes (isa §1)."""
        self.post(Reset())

    power_cycle = reset

    def flash(self, segments: Iterable[tuple[int, bytes]]) -> None:
        """Write segments (physical address, bytes) into a halted machine's memory.

        Raises NotHalted while the CPU runs, ValueError, before anything is written, for a
        segment that is not in memory.
        """
        if not self.halted:
            raise NotHalted("the machine runs: halt it to flash it")
        segments = tuple(segments)
        for address, data in segments:
            if not self.memory.holds(address, len(data)):
                raise ValueError(
                    f"{len(data)} bytes at {address:#x} do not lie in memory, "
                    f"which is 0x1000 to {self.memory.size:#x}"
                )
        self.post(Flash(segments))

    def reset_all(self) -> None:
        """Reset the CPU and every device; for events."""
        # What was due to leave the serial line by now has left, though nobody has looked yet.
        self.serial.pending(self.cpu.time)
        self.cpu.reset()
        for device in self.bus.devices.values():
            device.reset()

    # Running

    def hand_over(self, engine: EngineMaker) -> None:
        """Have another engine execute from now on; nothing else changes."""
        self.engine.forget()
        self.engine = engine(self.cpu, self.instructions)

    @property
    def position(self) -> Position:
        """Where the machine is, in what has happened and in time."""
        return Position(self.cpu.executed + self.cpu.interrupts, self.cpu.time)

    def run(
        self,
        limit: int = NEVER,
        budget: int | None = None,
        *,
        breakpoints: frozenset[int] = frozenset(),
        decisions: Decisions = UNDECIDED,
        watches: tuple[Watch, ...] = (),
        observers: "Observers | None" = None,
        reviewers: "Observers | None" = None,
        skip_sleep: bool = True,
    ) -> Reason:
        """Execute until tick `limit`, or `budget` instructions, or something stops the machine.

        The limit ends the run before the instruction that would begin at that tick, and before an
        interrupt is entered there; a sleep is cut at it. `breakpoints` are addresses as the program
        sees them; the machine stops before their instructions, also before the first, unless one of
        `decisions` says no, and before instructions whose loads or stores are among `watches`
        (`Cpu.watched` tells which). `observers` are told of what they asked for, and may stop the
        machine after it (`Cpu.observation.stopped` tells what that was). `reviewers` are told in
        their place of what the machine repeats.

        Sleep passes at once where `skip_sleep` says so; else the machine stops ASLEEP. It stops
        ASLEEP too where nothing will ever wake it; time then stays where it is, and so never
        reaches the limit. It stops REPLAYED, once, at the end of a recording that it is fed, and
        PAUSED where history wants it to.
        """
        cpu, agenda = self.cpu, self.agenda
        cpu.heed(watches, reviewers if agenda.repeats else observers)
        last = NEVER if budget is None else cpu.executed + budget
        while True:
            if not agenda.idle:
                repeated = agenda.repeats
                if stop := self._admit_up_to_mark():
                    return stop
                if repeated and not agenda.repeats:
                    cpu.heed(watches, observers)
            if cpu.tell():
                return Reason.OBSERVED
            if cpu.exit_status is not None:
                return Reason.POWER_OFF
            if cpu.check_stopped:
                return Reason.CHECK_STOP
            if cpu.time >= limit:
                return Reason.LIMIT
            if cpu.asleep:
                wake = self.wake_tick()
                if wake == NEVER or not skip_sleep:
                    return Reason.ASLEEP
                self.pass_time(min(wake, limit))
                continue
            left = last - cpu.executed
            if left <= 0:
                return Reason.BUDGET
            until = min(limit, cpu.time + left)
            if not agenda.idle:
                if agenda.owes_interrupt(self.position) and cpu.enter_interrupt():
                    if cpu.tell():
                        return Reason.OBSERVED
                    continue
                until = min(until, agenda.next_tick(self.position, asleep=False))
            reason = self.engine.run(until, breakpoints, decisions)
            cpu.wake_if_due()
            if reason in _STOPS:
                # A stop after an instruction may be at the present, and is live then.
                if agenda.mark(self.position, asleep=cpu.asleep) is Mark.PRESENT:
                    self._pass_present()
                return reason

    def wake_tick(self) -> int:
        """Give the tick at which a sleeping machine wakes if nothing new comes; NEVER if none.

        Scheduled input counts where the mask lets the serial line through (isa §3), and whatever
        else is scheduled or was recorded in this sleep, though it may turn out to wake nobody.
        """
        cpu, mask = self.cpu, self.cpu.r[IMASK]
        coming = self.agenda.wake_tick(self.position, mask, self.serial.byte_ticks)
        return min(self.bus.deadline(cpu.time, mask), coming)

    def pass_time(self, tick: int) -> None:
        """Let a sleeping machine's time pass up to `tick`, or until an event wakes it."""
        cpu = self.cpu
        while True:
            cpu.wake_if_due()
            self._admit()
            if not cpu.asleep or cpu.time >= tick:
                return
            due = min(tick, self.agenda.next_tick(self.position, asleep=True))
            cpu.skew += due - cpu.time
            cpu.time = due

    def _admit(self) -> None:
        """Apply the events that are due."""
        while event := self.agenda.take_due(self.position, asleep=self.cpu.asleep):
            self._apply(event)

    def _admit_up_to_mark(self) -> Reason | None:
        """Apply the events that are due, past the present, up to where the run is to stop."""
        agenda, stop = self.agenda, None
        while True:
            here, asleep = self.position, self.cpu.asleep
            match agenda.mark(here, asleep=asleep):
                case Mark.PRESENT:
                    self._pass_present()
                case Mark.PAUSE:
                    agenda.pass_mark()
                    stop = Reason.PAUSED
                case Mark.END if stop is None:
                    agenda.pass_mark()
                    return Reason.REPLAYED
                case _:
                    event = None if stop else agenda.take_due(here, asleep=asleep)
                    if event is None:
                        return stop
                    self._apply(event)

    def _pass_present(self) -> None:
        self.agenda.pass_mark()
        if self.history is not None:
            self.history.caught_up()

    def take_output(self) -> list[Output]:
        """Give the bytes that have left the serial line since the last call. The one door out.

        What was given before is not given again where history is repeated.

        What the guest wrote before is committed first, so that whoever reads them can rely on it.
        Raises NvramError where it cannot be; nothing is lost then, and the call can be repeated.
        """
        self.serial.pending(self.cpu.time)
        if self.serial.sent:
            self.commit()
        return self.outbox.take()

    def commit(self) -> None:
        """Bring the NVRAM file, where there is one, up to what memory holds now.

        While history is repeated the file stays at what memory held furthest on.

        Raises NvramError where that fails; the file, with the journal beside it, then still
        holds one whole state.
        """
        if self.nvram is not None and not self.repeats:
            self.nvram.commit(self.memory)

    # State

    def snapshot(self) -> Snapshot:
        """Give all state, to be restored or compared."""
        return Snapshot(
            self.memory.size,
            self.cpu.save(),
            {name: device.save(self.cpu.time) for name, device in self.bus.devices.items()},
            dict(self.memory.pages()),
            len(self.log),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Become what the machine was at a snapshot. What was still to come is forgotten.

        Raises ValueError for a snapshot of a machine with other memory or other devices.
        """
        if (snapshot.memory_size, snapshot.devices.keys()) != (
            self.memory.size,
            self.bus.devices.keys(),
        ):
            raise ValueError("the snapshot is of a machine with other memory or other devices")
        self.memory.restore(dict(snapshot.pages))
        self.take_core_state(CoreState(snapshot.cpu, snapshot.devices, (), self.outbox.departed))
        self.agenda.clear()
        self.log.begin_again(snapshot)
        if self.history is not None:
            self.history.begin_again()

    @property
    def moment(self) -> Moment:
        """Where the machine is in its history."""
        return Moment(self.position, len(self.log))

    def core_state(self) -> CoreState:
        """Give all state but memory."""
        devices = {name: each.save(self.cpu.time) for name, each in self.bus.devices.items()}
        return CoreState(self.cpu.save(), devices, tuple(self.cpu.entered), self.outbox.departed)

    def take_core_state(self, state: CoreState) -> None:
        """Take back what `core_state` gave."""
        self.cpu.restore(state.cpu)
        for name, values in state.devices.items():
            self.bus.devices[name].restore(values)
        self.cpu.entered.clear()
        self.cpu.entered.extend(state.entered)
        self.outbox.go_back(state.output)

    def hash(self) -> str:
        """Give a hexadecimal hash of all state."""
        return self.snapshot().hash()

    def replay(self, log: EventLog, to: Position) -> None:
        """Run to a position, applying a log's events where they were applied before.

        The machine is at or before the first of them. Raises ValueError where it takes another
        course than it took when they were logged.
        """
        before = len(self.log)
        self.feed(log, to)
        while (reason := self.run()) is Reason.BRK:
            pass
        self.agenda.forget_recording()
        if reason is not Reason.REPLAYED or self.position != to:
            raise ValueError(f"the replay reached {self.position}, not {to}")
        if list(self.log)[before:] != list(log):
            raise ValueError("the replay took another course: events came at other positions")
