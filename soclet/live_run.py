"""The run that a debugger looks at, as far as its monitor commands keep or compare it.

Knows its beginning, its program and the folder for files; must not know packets or commands.
"""

from dataclasses import dataclass
from pathlib import Path

from machine.engines import AUTO, maker
from machine.machine import Machine
from machine.snapshot import Snapshot
from soclet.capsule import Capsule, KeptImage, capsule_of
from soclet.errands import Work
from soclet.state_dir import StateDir


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A machine with what it began with; `image`: its program, where that is known."""

    machine: Machine
    base: Snapshot
    image: KeptImage | None
    folder: StateDir

    def save(self, name: str) -> Path:
        """Save the machine as it is now; give the file. Raises UserError."""
        from soclet.capsule.saved import SavedMachine

        path = self.folder.file(name)
        SavedMachine.of(self.machine, self.image).save(path)
        return path

    def compare(self, name: str) -> Work:
        """Tell in lines where this run departs from a recorded one. Raises UserError.

        The machine is left as it is: both runs are run again elsewhere.
        """
        from soclet.divergence.live import compare

        recorded = Capsule.load(self.folder.file(name))
        live = capsule_of(self.machine, self.base, self.image, ended="live")
        lines = yield from compare(live, recorded, maker(AUTO))
        return "".join(f"{line}\n" for line in lines)
