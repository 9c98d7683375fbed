"""What comes into a machine from outside, and the log of it. Knows no socket and no file.

Everything that is not the machine's own doing is one of these events, applied between two
instructions through one door, `Machine.post`. Replaying the log gives the same run.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

from machine.cpu import Cpu
from machine.serial import Serial
from machine.snapshot import Snapshot
from machine.timer import Timer


class Inside(Protocol):
    """The parts of a machine that events change."""

    cpu: Cpu
    serial: Serial
    timer: Timer

    def reset_all(self) -> None:
        """Reset the CPU and every device."""


class Event(Protocol):
    """Something from outside, as plain values."""

    def apply(self, machine: Inside) -> None:
        """Change the machine."""


@dataclass(frozen=True, slots=True)
class SerialInput:
    """Bytes put on the serial line."""

    data: bytes

    def apply(self, machine: Inside) -> None:
        """Put them on the line at the present tick."""
        machine.serial.receive(self.data, machine.cpu.time)


@dataclass(frozen=True, slots=True)
class WriteRegister:
    """A debugger's write to a register. A write to pc ends sleep."""

    number: int
    value: int

    def apply(self, machine: Inside) -> None:
        """Write it, cut to the bits that the register keeps."""
        machine.cpu.write_register(self.number, self.value)


@dataclass(frozen=True, slots=True)
class WriteMemory:
    """A debugger's write to physical memory."""

    address: int
    data: bytes

    def apply(self, machine: Inside) -> None:
        """Write it; the range is in memory."""
        machine.cpu.memory.write(self.address, self.data)


@dataclass(frozen=True, slots=True)
class Flash:
    """Segments flashed into a halted machine's memory: pairs of physical address and bytes."""

    segments: tuple[tuple[int, bytes], ...]

    def apply(self, machine: Inside) -> None:
        """Write them; their ranges are in memory."""
        for address, data in self.segments:
            machine.cpu.memory.write(address, data)


@dataclass(frozen=True, slots=True)
class FlipBits:
    """A fault: bits of a byte of physical memory, which is there, become the others."""

    address: int
    mask: int

    def apply(self, machine: Inside) -> None:
        """Flip them."""
        (byte,) = machine.cpu.memory.read(self.address, 1)
        machine.cpu.memory.write(self.address, bytes([byte ^ self.mask]))


@dataclass(frozen=True, slots=True)
class TimerDue:
    """The timer's deadline comes now, whatever it was set to."""

    def apply(self, machine: Inside) -> None:
        """Set it to the present tick."""
        machine.timer.due = machine.cpu.time


@dataclass(frozen=True, slots=True)
class Reset:
    """The reset line, or power coming back: memory stays (isa §1)."""

    def apply(self, machine: Inside) -> None:
        """Reset everything."""
        machine.reset_all()


@dataclass(frozen=True, slots=True)
class Debugger:
    """A debugger attaches or leaves: `brk` depends on it (isa §2)."""

    attached: bool

    def apply(self, machine: Inside) -> None:
        """Tell the CPU."""
        machine.cpu.debugged = self.attached


@dataclass(frozen=True, slots=True)
class HoldInterrupts:
    """A debugger holds interrupts back while it steps, or lets them through again."""

    held: bool

    def apply(self, machine: Inside) -> None:
        """Tell the CPU."""
        machine.cpu.held = self.held


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looks at the machine, at a position of a recording that it is fed.

    It changes nothing, and so nobody has to know of it who has the run again: it is not logged.
    """

    look: Callable[[], None]

    def apply(self, machine: Inside) -> None:  # noqa: ARG002 - whoever looks knows which machine
        """Have them look."""
        self.look()


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A point between two things that happen in a machine.

    `happened`: instructions executed and interrupts entered since the machine was made, which no
    reset turns back. `tick`: the time, which passes in sleep though nothing happens.
    """

    happened: int
    tick: int

    def __str__(self) -> str:
        return f"tick {self.tick}, step {self.happened}"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in a machine's history: a position, and how many events had been applied by then.

    Position alone does not tell: some of the events at one come before what somebody saw there,
    some after. A tick of 0 stands for the first state at that point, where time passes in sleep.
    """

    position: Position
    events: int

    @property
    def order(self) -> tuple[int, int, int]:
        """What tells which of two moments is the earlier; a reset turns ticks back."""
        return self.position.happened, self.events, self.position.tick


class EventLog:
    """The events of a run, each with the position at which it was applied.

    forgotten: how many of the first are not held any more, though they count.
    size: about how many bytes of the host's memory the others take.
    """

    def __init__(self, entries: tuple[tuple[Position, Event], ...] = ()) -> None:
        self._entries = list(entries)
        self.size = sum(map(_size_of, entries))
        self.forgotten = 0
        self._restored: Snapshot | None = None
        self._begin = 0

    def append(self, position: Position, event: Event) -> None:
        """Note an event that is being applied."""
        if isinstance(event, Look):
            return
        self._entries.append((position, event))
        self.size += _size_of(self._entries[-1])

    def begin_again(self, snapshot: Snapshot) -> None:
        """Note that the machine has become what it was at a snapshot."""
        self._restored, self._begin = snapshot, len(self)

    def since(self, snapshot: Snapshot) -> "EventLog":
        """Give what was logged since the machine was at a snapshot, to be replayed from there.

        The snapshot is the machine's own, or the one that it was restored to last. What was logged
        between a snapshot and being restored to it never happened. Raises ValueError where some of
        it is forgotten.
        """
        # Not by position: some of the events at the snapshot's own came before it, some after.
        own = snapshot is not self._restored
        start = max(self._begin, snapshot.log_length) if own else self._begin
        return EventLog(tuple(self.after(start)))

    def after(self, length: int) -> Iterator[tuple[Position, Event]]:
        """Give the events after so many; raise ValueError where some of those are forgotten."""
        if length < self.forgotten:
            raise ValueError(f"the first {self.forgotten} events are forgotten")
        return islice(self._entries, length - self.forgotten, None)

    def take_back(self, length: int) -> list[tuple[Position, Event]]:
        """Have only so many events logged; give the others."""
        taken = self._entries[length - self.forgotten :]
        del self._entries[length - self.forgotten :]
        self.size -= sum(map(_size_of, taken))
        return taken

    def forget(self, length: int) -> None:
        """Nobody will ask for the first events, so many: they still count, but are not held."""
        if length > self.forgotten:
            self.size -= sum(map(_size_of, self._entries[: length - self.forgotten]))
            del self._entries[: length - self.forgotten]
            self.forgotten = length

    def extend(self, entries: Iterable[tuple[Position, Event]]) -> None:
        """Note events that came after all others."""
        for entry in entries:
            self.append(*entry)

    def __iter__(self) -> Iterator[tuple[Position, Event]]:
        return self.after(0)

    def __getitem__(self, index: int) -> tuple[Position, Event]:
        return self._entries[index - self.forgotten]

    def __len__(self) -> int:
        return self.forgotten + len(self._entries)


_ENTRY_BYTES: Final = 320
"""What an event and its position take, beside the bytes that it brings."""


def _size_of(entry: tuple[Position, Event]) -> int:
    match entry[1]:
        case SerialInput(data) | WriteMemory(_, data):
            return _ENTRY_BYTES + len(data)
        case Flash(segments):
            return _ENTRY_BYTES + sum(len(data) for _, data in segments)
        case _:
            return _ENTRY_BYTES
