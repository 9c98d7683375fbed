"""A saved machine: all of its state in a file, from which it goes on as if nothing had been.

Knows machines and sections; must not know command lines or debuggers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from machine.events import Debugger, HoldInterrupts
from machine.machine import EngineMaker, Machine
from machine.nvram import Nvram
from machine.snapshot import Snapshot
from soclet.capsule.capsule import machine_at, read, sole
from soclet.capsule.container import CUT_SHORT, CapsuleError, Section, pack, unpack
from soclet.capsule.parts import KeptImage, Origin
from soclet.capsule.sections import BASE, IMAGE, KINDS, LINE, ORIGIN, SAVED, Kind
from soclet.files import write_whole


@dataclass(frozen=True, slots=True)
class SavedMachine:
    """A machine's state, the ticks that a byte takes on its line, and its program if that is known.

    What is under way on the serial line is in the state; what has left it is not.
    """

    byte_ticks: int
    state: Snapshot
    origin: Origin
    image: KeptImage | None = None

    @classmethod
    def of(cls, machine: Machine, image: KeptImage | None = None) -> Self:
        """Save a machine as it is now."""
        return cls(machine.serial.byte_ticks, machine.snapshot(), Origin.here(), image)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises UserError where that fails."""
        write_whole(path, pack(self._sections()))

    def _sections(self) -> Iterator[Section]:
        for kind, name in _FIELDS.items():
            value = getattr(self, name)
            if value is not None:
                yield kind.section(value)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file. Raises CapsuleError, whose line begins with the file's name."""
        data = read(path)
        try:
            return cls(**_values(data))
        except CapsuleError as error:
            raise CapsuleError(f"{path}: {error}") from error

    def machine(self, *, engine: EngineMaker, nvram: Nvram | None = None) -> Machine:
        """Make the machine, with no debugger attached. Raises as `Capsule.machine` does.

        `nvram`: its file takes the saved memory; it has the size of that.
        """
        machine = machine_at(self.state, self.byte_ticks, self.origin, engine=engine, nvram=nvram)
        if machine.cpu.debugged:
            machine.post(Debugger(attached=False))
        if machine.cpu.held:
            machine.post(HoldInterrupts(held=False))
        return machine


_FIELDS: Final = {LINE: "byte_ticks", SAVED: "state", ORIGIN: "origin", IMAGE: "image"}
"""The sections, and the fields that hold them."""


def _values(data: bytes) -> dict[str, Any]:
    contents = unpack(data, KINDS)
    kinds: list[Kind] = [KINDS[section.tag] for section in contents.sections]
    if BASE in kinds:
        raise CapsuleError("holds a run and no saved machine: `soclet replay FILE` runs it again")
    if not contents.whole:
        raise CapsuleError(CUT_SHORT)
    values = sole(contents.sections, needed=(LINE, SAVED, ORIGIN))
    return {_FIELDS[kind]: value for kind, value in values.items() if kind in _FIELDS}
