"""Marks: what a machine was at points of a run, small enough to be kept several times a second.

Knows machines and the encoding of values; must not know files. What two states differ in can be
told of all but memory, of which a mark has only a digest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, Self

from construct import ConstructError

from isa_spec.registers import REGISTERS
from machine.cpu import SAVED
from machine.device import DeviceState
from machine.events import Position
from machine.fingerprint import Fingerprint
from machine.machine import Machine
from soclet.capsule.container import CapsuleError
from soclet.capsule.encoding import encoding_of


@dataclass(frozen=True, slots=True)
class State:
    """What a machine is: the CPU and the devices as a snapshot has them, and memory's digest."""

    cpu: tuple[Any, ...]
    devices: Mapping[str, DeviceState]
    memory: bytes

    @property
    def unattached(self) -> Self:
        """The same, without whether a debugger is attached."""
        at = 1 + SAVED.index("debugged")
        return replace(self, cpu=(*self.cpu[:at], *self.cpu[at + 1 :]))


_STATE: Final = encoding_of(State)


def order(position: Position, events: int) -> tuple[int, int, int]:
    """Give what tells which of two points of a run comes first, after so many of its events.

    Not the position alone: a reset turns time back though nothing happens meanwhile.
    """
    return position.happened, events, position.tick


@dataclass(frozen=True, slots=True)
class Mark:
    """What a machine was at a position, after so many of the run's events.

    `encoded`: the state, as it is written; equal states are written alike.
    """

    position: Position
    events: int
    encoded: bytes

    @property
    def order(self) -> tuple[int, int, int]:
        """Where the mark is in its run."""
        return order(self.position, self.events)

    @property
    def state(self) -> State:
        """The state. Raises CapsuleError where what is written is none."""
        try:
            state: State = _STATE.parse(self.encoded)
        except (ConstructError, UnicodeDecodeError) as error:
            raise CapsuleError("a mark of the capsule cannot be read: record it again") from error
        return state


class Marker:
    """Makes marks of a machine; for a machine there is one at a time (see Fingerprint)."""

    def __init__(self, machine: Machine) -> None:
        self._machine: Final = machine
        self._fingerprint: Final = Fingerprint(machine.memory)

    def state(self) -> State:
        """Give what the machine is now."""
        cpu = self._machine.cpu
        devices = self._machine.bus.devices.items()
        return State(
            cpu.save(),
            {name: device.save(cpu.time) for name, device in devices},
            self._fingerprint.digest(),
        )

    def mark(self, events: int) -> Mark:
        """Make a mark here, after so many events of the run."""
        return Mark(self._machine.position, events, _STATE.build(self.state()))


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two states differ in, by its name, with what each of them has."""

    what: str
    one: str
    other: str


class HasState(Protocol):
    """What has a CPU's and devices' states: a State, or a snapshot."""

    @property
    def cpu(self) -> tuple[Any, ...]:
        """The CPU's, as it saves it."""

    @property
    def devices(self) -> Mapping[str, DeviceState]:
        """The devices', by name."""


def differences(one: HasState, other: HasState) -> Iterator[Difference]:
    """Tell what two states differ in, but for memory: registers, the CPU's other state, devices."""
    for register in REGISTERS:
        values = [each.cpu[0][register.number] for each in (one, other)]
        if values[0] != values[1]:
            yield Difference(register.name, *map(hex, values))
    for name, *found in zip(SAVED, one.cpu[1:], other.cpu[1:], strict=True):
        if found[0] != found[1]:
            yield Difference(name.replace("_", " "), *map(repr, found))
    for name in sorted(one.devices.keys() | other.devices.keys()):
        states = (one.devices.get(name), other.devices.get(name))
        if states[0] != states[1]:
            yield Difference(name, *map(repr, states))


def state_differences(one: State, other: State) -> Iterator[Difference]:
    """Tell what two states differ in; of memory only that it does, and by which digests."""
    yield from differences(one, other)
    if one.memory != other.memory:
        yield Difference("memory's digest", *(each.memory.hex()[:16] for each in (one, other)))
