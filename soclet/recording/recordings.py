"""What `soclet run` records into files: which, under which names, and that they come out whole.

Knows the recorders and their files' names. What records is loaded only when it is asked for.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

from machine.machine import Machine
from soclet.errors import UserError, tell
from soclet.files import WholeFile, check_writable
from soclet.source_map import SourceMap

if TYPE_CHECKING:
    from machine.observers import Observers
    from soclet.recording.profile import Profiler

SPEEDSCOPE: Final = ".speedscope.json"
COLLAPSED: Final = (".collapsed", ".txt")


class Recorder(Protocol):
    """Something that observes a machine."""

    def observe(self, observers: "Observers") -> "Observers":
        """Have observers keep it up to date."""

    def finish(self) -> None:
        """Write the rest of its file."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files that are asked for."""

    profile: Path | None = None
    trace: Path | None = None
    vcd: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """Those that are to be written."""
        return tuple(path for path in (self.profile, self.trace, self.vcd) if path is not None)

    def check(self) -> None:
        """Raise UserError now rather than when there is something to write."""
        for path in self.paths:
            check_writable(path)
        if self.profile is not None and not self.profile.name.endswith((SPEEDSCOPE, *COLLAPSED)):
            raise UserError(
                f"{self.profile}: a profile's name ends with {' or '.join(COLLAPSED)} for "
                f"collapsed stacks, or with {SPEEDSCOPE} for speedscope"
            )


class Recordings:
    """A machine's recordings from where it is now on; what is not kept is gone once it is closed.

    observers: what a run needs for them; None where nothing is recorded.
    """

    def __init__(self, wanted: Wanted, machine: Machine, places: SourceMap) -> None:
        self._files: Final = ExitStack()
        self._recorders: Final[list[tuple[Recorder, WholeFile]]] = []
        self.observers: Observers | None = None
        with ExitStack() as undo:
            undo.callback(self._files.close)
            self._open(wanted, machine, places)
            undo.pop_all()

    def _open(self, wanted: Wanted, machine: Machine, places: SourceMap) -> None:
        if wanted.profile is not None:
            from soclet.recording.profile import Profiler

            file = self._file(wanted.profile)
            profiler = Profiler(machine, places)
            self._record(_ProfileFile(profiler, file, wanted.profile.name), file)
        if wanted.trace is not None:
            from soclet.recording.trace import Tracer

            file = self._file(wanted.trace)
            self._record(Tracer(machine, places, file.write), file)
        if wanted.vcd is not None:
            from soclet.recording.waves import Waves

            file = self._file(wanted.vcd)
            self._record(Waves(machine, cast(IO[str], file)), file)

    def _file(self, path: Path) -> WholeFile:
        return self._files.enter_context(WholeFile(path))

    def _record(self, recorder: Recorder, file: WholeFile) -> None:
        from machine.observers import Observers

        self.observers = recorder.observe(self.observers or Observers())
        self._recorders.append((recorder, file))

    def keep(self) -> None:
        """Write the rest of the files, and have them take the places of what was there."""
        for recorder, _ in self._recorders:
            recorder.finish()
        for _, file in self._recorders:
            file.keep()

    def close(self) -> None:
        """Remove what was not kept."""
        self._files.close()


class _ProfileFile:
    """A profile that becomes a file at the end."""

    def __init__(self, profiler: "Profiler", file: WholeFile, name: str) -> None:
        self._profiler: Final = profiler
        self._file: Final = file
        self._name: Final = name
        self.observe: Final = profiler.observe

    def finish(self) -> None:
        """Write all of it."""
        from soclet.recording.profile_files import collapsed, speedscope

        profile = self._profiler.profile()
        if self._name.endswith(SPEEDSCOPE):
            self._file.write(speedscope(profile, self._name.removesuffix(SPEEDSCOPE)))
        else:
            self._file.write(collapsed(profile))
        if profile.resynchronisations:
            tell(
                f"soclet: {self._name}: {profile.resynchronisations} returns were none that was "
                "waited for: whose stack they led to is concluded from sp and the functions' names"
            )
