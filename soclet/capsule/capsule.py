"""What a capsule holds, how one is made of a run, and how the run is made of it again.

Knows machines and images; must not know command lines, debuggers or serial lines.
"""

import platform
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self

from construct import Compressed, Construct, ConstructError

from machine.device import Device
from machine.events import EventLog, Position
from machine.machine import EngineMaker, Machine
from machine.reference import Reference
from machine.snapshot import Snapshot
from soclet.capsule.container import CapsuleError, Tag, pack, unpack
from soclet.capsule.encoding import encoding_of
from soclet.capsule.events import ENTRIES, Entry
from soclet.files import write_whole
from toolchain.images import ASSEMBLY, ELF, Image, load_image


@dataclass(frozen=True, slots=True)
class KeptImage:
    """The image that a run was started with: its name, its format's and its file's bytes.

    An assembly source is kept as the ELF file that it is assembled to, under the source's name
    with the ending `.elf`, so that its names and lines are there wherever the capsule is.
    """

    name: str
    format: str
    data: bytes

    @classmethod
    def of(cls, image: Image, source: str | None = None) -> Self:
        """Keep an image that was read from a file, which is still what it was.

        `source`: assembly that was taken instead of what is in the file.
        """
        path = Path(image.name)
        if image.format != ASSEMBLY.name:
            return cls(image.name, image.format, path.read_bytes())
        from toolchain.assembler import assemble

        return cls(str(path.with_suffix(".elf")), ELF.name, assemble(path, source).elf())

    @property
    def is_program(self) -> bool:
        """Whether it has names and lines: whether it is an ELF file."""
        return self.format == ELF.name

    def image(self) -> Image | None:
        """Give the image, if it has names and lines."""
        return load_image(self.data, name=self.name) if self.is_program else None


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a run ended, and why.

    `state_hash`: `Machine.hash` at that point. `ended`: a word, such as `power-off` or `failed`.
    `reason`: what a person is to be told, of any length; may be empty.
    """

    position: Position
    state_hash: str
    ended: str
    reason: str


@dataclass(frozen=True, slots=True)
class Origin:
    """What recorded a run: the versions of soclet and Python, and the seed where there was one."""

    soclet: str
    python: str
    seed: int | None = None

    @classmethod
    def here(cls, seed: int | None = None) -> Self:
        """Give what is running now."""
        return cls(version("soclet"), platform.python_version(), seed)

    def __str__(self) -> str:
        return f"soclet {self.soclet} on Python {self.python}"


@dataclass(frozen=True, slots=True)
class Capsule:
    """A run: the state that it began at, what came from outside since, and how it ended.

    `byte_ticks`: of the machine's serial line. `image`: what is in memory, for names and lines;
    the run itself needs only the base.
    """

    byte_ticks: int
    base: Snapshot
    events: tuple[Entry, ...]
    ending: Ending
    origin: Origin
    image: KeptImage | None = None

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises UserError where that fails."""
        write_whole(path, self.encode())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file. Raises CapsuleError, whose line begins with the file's name."""
        try:
            return cls.decode(path.read_bytes())
        except OSError as error:
            raise CapsuleError(f"{path}: cannot be read: {error.strerror}") from error
        except CapsuleError as error:
            raise CapsuleError(f"{path}: {error}") from error

    def encode(self) -> bytes:
        """Give the file's bytes."""
        values = {name: getattr(self, name) for name in _SECTIONS}
        sections = {
            _SECTIONS[name].tag: _SECTIONS[name].content.build(value)
            for name, value in values.items()
            if value is not None
        }
        return pack(sections, {section.tag for section in _SECTIONS.values() if section.required})

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a file's bytes. Raises CapsuleError."""
        payloads = unpack(data, {section.tag for section in _SECTIONS.values()})
        values: dict[str, Any] = {}
        for name, section in _SECTIONS.items():
            if section.tag in payloads:
                values[name] = _content(section, payloads[section.tag])
            elif section.required:
                raise CapsuleError(
                    f"the capsule lacks its section {section.tag.decode()}: record it again"
                )
        return cls(**values)

    def machine(
        self, *, engine: EngineMaker = Reference, devices: Iterable[Device] = ()
    ) -> Machine:
        """Make the machine as the run began, with what came from outside to be fed to it.

        Run it until it stops REPLAYED. `devices`: those of the machine's own that were recorded
        with it. Raises CapsuleError where this soclet has no such machine, OSError where the host
        cannot run the engine.
        """
        try:
            machine = Machine(
                self.base.memory_size, byte_ticks=self.byte_ticks, devices=devices, engine=engine
            )
            self.rewind(machine)
        except (ValueError, TypeError, LookupError, OverflowError) as error:
            names = ", ".join(self.base.devices)
            raise CapsuleError(
                f"recorded by {self.origin} on a machine with other state or devices ({names}): "
                "replay it with the soclet and the devices that it was recorded with"
            ) from error
        return machine

    def rewind(self, machine: Machine) -> None:
        """Bring such a machine back to where the run began."""
        machine.restore(self.base)
        machine.feed(EventLog(self.events), self.ending.position)


@dataclass(frozen=True, slots=True)
class _Section:
    """How a field of a capsule is written; what is not required may be missing."""

    tag: Tag
    content: Construct
    required: bool = True


def _section(tag: Tag, encoding: Construct, *, required: bool = True) -> _Section:
    return _Section(tag, Compressed(encoding, "zlib", level=9), required)


_SECTIONS: Final = {
    "byte_ticks": _section(b"LINE", encoding_of(int)),
    "base": _section(b"BASE", encoding_of(Snapshot)),
    "events": _section(b"EVTS", ENTRIES),
    "ending": _section(b"ENDS", encoding_of(Ending)),
    "origin": _section(b"FROM", encoding_of(Origin)),
    "image": _section(b"IMAG", encoding_of(KeptImage), required=False),
}
"""The fields of a capsule, and the sections that hold them."""


def _content(section: _Section, payload: bytes) -> Any:
    try:
        value = section.content.parse(payload)
    except (ConstructError, zlib.error, UnicodeDecodeError, EOFError) as error:
        raise CapsuleError(
            f"the capsule's section {section.tag.decode()} cannot be read: record it again"
        ) from error
    return tuple(value) if isinstance(value, list) else value


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
