"""Writes a run to a file while the machine runs, so that it can be replayed however that ends.

Knows a machine, sections, and the host's time, which says how often a mark is worth its cost. What
is written is in the host's hands at once: killing the process loses what came since the last mark.
"""

import time
from pathlib import Path
from typing import Final

from machine.events import Position
from machine.machine import Machine
from machine.snapshot import Snapshot
from soclet.capsule.capsule import head
from soclet.capsule.container import Packer, Section
from soclet.capsule.marks import Marker, order
from soclet.capsule.parts import Ending, KeptImage, Origin
from soclet.capsule.sections import ENDING, EVENTS, MARK, VOID, Void
from soclet.errors import UserError
from soclet.files import open_written, write_descriptor

MARK_SECONDS: Final = 0.2
"""Between two marks, at least."""

SHARE: Final = 100
"""A mark is made once the run has taken so many times as long as the last mark took."""

SHARE_ASLEEP: Final = 5
"""The same where the machine sleeps, and the host has nothing better to do."""


class Recorder:
    """A recording that is being written. What it writes to must not be written by others.

    `base`: a snapshot of the machine as it is now. All raise UserError where the file cannot be
    written.
    """

    def __init__(
        self, path: Path, machine: Machine, base: Snapshot, image: KeptImage | None = None
    ) -> None:
        self._path: Final = path
        self._machine: Final = machine
        self._first: Final = len(machine.log)
        self._written = 0
        self._last = self._here
        self._marker: Final = Marker(machine)
        self._packer: Final = Packer()
        try:
            self._file: Final = open_written(path)
        except OSError as error:
            raise self._refusal(error) from error
        try:
            self._put(self._packer.begin())
            self._add(*head(machine.serial.byte_ticks, base, Origin.here(), image))
            self._mark()
        except UserError:
            self.close()
            raise

    def progress(self) -> None:
        """The machine has run, or something came from outside: make a mark if it is time."""
        due = self._due_asleep if self._machine.cpu.asleep else self._due
        if time.perf_counter() > due and self._here > self._last:
            self._mark()

    def branched(self, log_length: int, position: Position) -> None:
        """The machine's history was changed: what came after a point never happened.

        `log_length`: how much of the machine's log stays. The machine is at the position.
        """
        events = log_length - self._first
        self._written = min(self._written, events)
        if order(position, events) < self._last:
            self._add(VOID.section(Void(events, position)))
            self._last = order(position, events)

    def finish(self, ended: str, reason: str) -> None:
        """Write how the run ended, and that this is all; see Ending. The file is closed then."""
        machine = self._machine
        if self._here < self._last:
            self.branched(len(machine.log), machine.position)
        self._mark()
        self._add(ENDING.section(Ending(machine.position, machine.hash(), ended, reason)))
        self._put(self._packer.end())
        self.close()

    def close(self) -> None:
        """Close the file; what is not finished can be replayed up to the last mark."""
        self._file.close()

    @property
    def _here(self) -> tuple[int, int, int]:
        return order(self._machine.position, len(self._machine.log) - self._first)

    def _mark(self) -> None:
        """Write what has come since the last mark, and one."""
        started = time.perf_counter()
        events = tuple(self._machine.log.after(self._first + self._written))
        self._written += len(events)
        mark = MARK.section(self._marker.mark(self._written))
        self._add(*([EVENTS.section(events)] if events else []), mark)
        self._last = self._here
        now = time.perf_counter()
        self._due = now + max(MARK_SECONDS, SHARE * (now - started))
        self._due_asleep = now + SHARE_ASLEEP * (now - started)

    def _add(self, *sections: Section) -> None:
        self._put(b"".join(map(self._packer.add, sections)))

    def _put(self, data: bytes) -> None:
        try:
            write_descriptor(self._file, data)
        except OSError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: OSError) -> UserError:
        return UserError(f"{self._path}: cannot be written: {error.strerror}")
