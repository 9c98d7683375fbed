"""What is kept of a run: a capsule at its end, a recording on its way, and for monitor commands.

Knows machines, their runner and files; must not know command lines. What nobody wants costs
nothing, not even its import.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from machine.machine import Machine
from soclet.files import check_writable
from soclet.runner import Runner
from soclet.state_dir import StateDir

if TYPE_CHECKING:
    from machine.snapshot import Snapshot
    from soclet.capsule import KeptImage
    from soclet.capsule.recorder import Recorder
    from soclet.live_run import LiveRun


@dataclass(frozen=True, slots=True)
class Files:
    """Where to: `soclet run`'s options of these names; None where it is not wanted."""

    capsule: Path | None = None
    record: Path | None = None
    state_dir: Path | None = None

    def check(self) -> None:
        """Raise UserError now rather than when there is something to write."""
        for path in (self.capsule, self.record):
            if path is not None:
                check_writable(path)


class Keeping:
    """Keeps what is wanted of one run. `keep_image` gives its image, and is asked at once."""

    def __init__(self, files: Files, keep_image: "Callable[[], KeptImage | None]") -> None:
        self._files: Final = files
        self.tells_why: Final = files.capsule is not None or files.record is not None
        self.wanted: Final = self.tells_why or files.state_dir is not None
        self._folder: Final = None if files.state_dir is None else StateDir(files.state_dir)
        self._image: Final = keep_image() if self.wanted else None
        self._base: Snapshot | None = None
        self.recorder: Recorder | None = None
        self.live_run: LiveRun | None = None

    def begin(self, machine: Machine, runner: Runner, stack: ExitStack) -> None:
        """The machine is as its run begins; `stack` closes what is open then."""
        if not self.wanted:
            return
        self._base = base = machine.snapshot()
        if self._folder is not None:
            from soclet.live_run import LiveRun

            self.live_run = LiveRun(machine, base, self._image, self._folder)
        if self._files.record is not None:
            from soclet.capsule.recorder import Recorder

            self.recorder = recorder = Recorder(self._files.record, machine, base, self._image)
            stack.callback(recorder.close)
            runner.on_slice = recorder.progress
            if machine.history is not None:
                machine.history.on_branch = lambda: recorder.branched(
                    len(machine.log), machine.position
                )

    def end(self, machine: Machine, ended: str, reason: str) -> None:
        """The run has ended."""
        if self.recorder is not None:
            self.recorder.finish(ended, reason)
        if self._files.capsule is not None and self._base is not None:
            from soclet.capsule import capsule_of

            capsule = capsule_of(machine, self._base, self._image, ended=ended, reason=reason)
            capsule.save(self._files.capsule)
