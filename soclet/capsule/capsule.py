"""What a capsule holds, how one is made of a run, and how the run is made of it again.

Knows machines and sections; must not know command lines, debuggers or serial lines.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from machine.device import Device
from machine.events import EventLog, Position
from machine.machine import EngineMaker, Machine
from machine.nvram import Nvram
from machine.reference import Reference
from machine.snapshot import Snapshot
from soclet.capsule.container import (
    CUT_SHORT,
    CapsuleError,
    Contents,
    Packer,
    Section,
    shown,
    unpack,
)
from soclet.capsule.events import Entry
from soclet.capsule.marks import Mark
from soclet.capsule.parts import Ending, KeptImage, Origin
from soclet.capsule.sections import (
    BASE,
    ENDING,
    EVENTS,
    IMAGE,
    KINDS,
    LINE,
    MARK,
    ORIGIN,
    SAVED,
    VOID,
    Kind,
)
from soclet.files import write_whole
from toolchain.input_files import read_bytes

UNFINISHED: Final = "unfinished"
"""How a run ended of which nobody could write it down."""


@dataclass(frozen=True, slots=True)
class Capsule:
    """A run: the state that it began at, what came from outside since, and how it ended.

    `byte_ticks`: of the machine's serial line. `ending`: None where the process that recorded the
    run ended before it was done; the run goes to the last of its marks then. `image`: what is in
    memory, for names and lines; the run itself needs only the base. `marks`: what the machine was
    on the way.
    """

    byte_ticks: int
    base: Snapshot
    events: tuple[Entry, ...]
    ending: Ending | None
    origin: Origin
    image: KeptImage | None = None
    marks: tuple[Mark, ...] = ()

    @property
    def end(self) -> Position:
        """Where the run ends, as far as it was recorded."""
        return self.marks[-1].position if self.ending is None else self.ending.position

    @property
    def ended(self) -> str:
        """The word for how it ended."""
        return UNFINISHED if self.ending is None else self.ending.ended

    @property
    def reason(self) -> str:
        """Why it ended, for a person."""
        if self.ending is None:
            return f"recorded up to {self.end}; the recording process ended before it was done"
        return self.ending.reason or self.ending.ended

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises UserError where that fails."""
        write_whole(path, self.encode())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file. Raises CapsuleError, whose line begins with the file's name."""
        return cls.decode(read(path), path)

    def encode(self) -> bytes:
        """Give the file's bytes."""
        packer = Packer()
        sections = map(packer.add, self._sections())
        return b"".join((packer.begin(), *sections, b"" if self.ending is None else packer.end()))

    def _sections(self) -> Iterator[Section]:
        yield from head(self.byte_ticks, self.base, self.origin, self.image)
        yield EVENTS.section(self.events)
        yield from map(MARK.section, self.marks)
        if self.ending is not None:
            yield ENDING.section(self.ending)

    @classmethod
    def decode(cls, data: bytes, path: Path | None = None) -> Self:
        """Read a file's bytes; `path` is named in what is wrong. Raises CapsuleError."""
        try:
            return cls(**_values(unpack(data, KINDS)))
        except CapsuleError as error:
            if path is None:
                raise
            raise CapsuleError(f"{path}: {error}") from error

    def machine(
        self, *, engine: EngineMaker = Reference, devices: Iterable[Device] = ()
    ) -> Machine:
        """Make the machine as the run began, with what came from outside to be fed to it.

        Run it until it stops REPLAYED. `devices`: those of the machine's own that were recorded
        with it. Raises CapsuleError where this soclet has no such machine, OSError where the host
        cannot run the engine.
        """
        machine = machine_at(
            self.base, self.byte_ticks, self.origin, engine=engine, devices=devices
        )
        self.rewind(machine)
        return machine

    def rewind(self, machine: Machine) -> None:
        """Bring such a machine back to where the run began."""
        machine.restore(self.base)
        machine.feed(EventLog(self.events), self.end)


def read(path: Path) -> bytes:
    """Read a file. Raises CapsuleError where that fails."""
    try:
        return read_bytes(path)
    except OSError as error:
        raise CapsuleError(f"{path}: cannot be read: {error.strerror}") from error


def machine_at(
    state: Snapshot,
    byte_ticks: int,
    origin: Origin,
    *,
    engine: EngineMaker,
    devices: Iterable[Device] = (),
    nvram: Nvram | None = None,
) -> Machine:
    """Make the machine that a state is of. Raises CapsuleError where this soclet has no such."""
    try:
        machine = Machine(
            state.memory_size, byte_ticks=byte_ticks, devices=devices, engine=engine, nvram=nvram
        )
        machine.restore(state)
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        names = ", ".join(state.devices)
        raise CapsuleError(
            f"recorded by {origin} on a machine with other state or devices ({names}): "
            "replay it with the soclet and the devices that it was recorded with"
        ) from error
    return machine


def head(
    byte_ticks: int, base: Snapshot, origin: Origin, image: KeptImage | None
) -> Iterator[Section]:
    """Give the sections that a run begins with."""
    yield LINE.section(byte_ticks)
    yield BASE.section(base)
    yield ORIGIN.section(origin)
    if image is not None:
        yield IMAGE.section(image)


_FIELDS: Final = {
    LINE: "byte_ticks",
    BASE: "base",
    ENDING: "ending",
    ORIGIN: "origin",
    IMAGE: "image",
}
"""The sections of which there is one, and the fields that hold them."""

_GROWING: Final = (EVENTS, MARK, VOID)
"""The sections of which there may be any number: they come as the run goes on."""


def _values(contents: Contents) -> dict[str, Any]:
    """Give the fields of a capsule. Raises CapsuleError where they are not there."""
    kinds = [KINDS[section.tag] for section in contents.sections]
    if SAVED in kinds:
        raise CapsuleError(
            "holds a saved machine and no run: `soclet run --restore FILE` goes on with it"
        )
    events, marks = _history(contents.sections)
    if not contents.whole:
        if not marks:
            raise CapsuleError(CUT_SHORT)
        del events[marks[-1].events :]
    others = [each for each in contents.sections if KINDS[each.tag] not in _GROWING]
    needed = (LINE, BASE, ORIGIN, *([ENDING] if contents.whole else []))
    values = {_FIELDS[kind]: value for kind, value in sole(others, needed=needed).items()}
    if not contents.whole:
        values["ending"] = None
    return {**values, "events": tuple(events), "marks": tuple(marks)}


def _history(sections: Iterable[Section]) -> tuple[list[Entry], list[Mark]]:
    """Give the events and marks of a run, but for those that turned out never to have been."""
    events: list[Entry] = []
    marks: list[Mark] = []
    for section in sections:
        kind = KINDS[section.tag]
        if kind is EVENTS:
            events.extend(kind.read(section))
        elif kind is MARK:
            marks.append(kind.read(section))
        elif kind is VOID:
            void = kind.read(section)
            del events[void.events :]
            marks = [mark for mark in marks if mark.order <= void.order]
    return events, marks


def sole(sections: Iterable[Section], *, needed: Iterable[Kind]) -> dict[Kind, Any]:
    """Give the values of sections of which there is one each. Raises CapsuleError otherwise."""
    values: dict[Kind, Any] = {}
    for section in sections:
        kind = KINDS[section.tag]
        if kind in values:
            raise CapsuleError(f"the capsule has two sections {shown(kind.tag)}: record it again")
        values[kind] = kind.read(section)
    for kind in needed:
        if kind not in values:
            raise CapsuleError(f"the capsule lacks its section {shown(kind.tag)}: record it again")
    return values


def capsule_of(
    machine: Machine,
    base: Snapshot,
    image: KeptImage | None = None,
    *,
    ended: str,
    reason: str = "",
    seed: int | None = None,
) -> Capsule:
    """Make a capsule of what a machine has done since a snapshot, up to now.

    `base`: taken of this machine, or what it was restored to last. `ended` and `reason`: see
    Ending. `seed`: what the test's own chance began with.
    """
    return Capsule(
        machine.serial.byte_ticks,
        base,
        tuple(machine.log.since(base)),
        Ending(machine.position, machine.hash(), ended, reason),
        Origin.here(seed),
        image,
    )
