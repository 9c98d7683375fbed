"""A run in a process of its own, for as long as a debugger looks at it.

Knows processes and what a run announces. Must not know gdb.
"""

import ctypes
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Final, NoReturn, Self

from soclet.commands.parameters import reporting
from soclet.errors import ToldError, UserError, tell
from soclet.lines.line import KINDS
from soclet.session import RunOptions, run

_POLL_SECONDS: Final = 0.01
_GDB: Final = "gdb: listening on "
_SERIAL: Final = "serial: "
_COULD_NOT_START: Final = 125
_PR_SET_PDEATHSIG: Final = 1


class MachineProcess:
    """A run, as a process group of its own: Ctrl-C on the terminal does not reach it.

    What it says on standard error goes to a file meanwhile. A context: at its end the run ends
    too, as interrupted unless it has ended by itself, and what it has said since is told.
    """

    def __init__(self, options: RunOptions, errors: Path) -> None:
        self._options: Final = options
        self._errors: Final = errors
        self._told = 0
        self._running = True
        self._pid = 0
        self.gdb_address = ""

    def __enter__(self) -> Self:
        """Start it; return once it can be reached. Raises ToldError where it cannot start."""
        self._errors.touch()
        sys.stdout.flush()
        self._pid = os.fork()
        if self._pid == 0:
            _be_the_run(self._options, self._errors)
        try:
            self._await_announcements()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._alive():
            os.kill(self._pid, signal.SIGTERM)
            os.waitpid(self._pid, 0)
            self._running = False
        self._tell(self._lines())

    def _await_announcements(self) -> None:
        kind = KINDS.get(self._options.serial.partition(":")[0])
        wanted = [_GDB, *([_SERIAL] if kind is not None and kind.announced else [])]
        while True:
            alive = self._alive()
            lines = self._lines()
            if all(any(line.startswith(start) for line in lines) for start in wanted):
                break
            if not alive:
                self._tell(lines)
                raise ToldError("the machine could not start")
            time.sleep(_POLL_SECONDS)
        (self.gdb_address,) = (line.removeprefix(_GDB) for line in lines if line.startswith(_GDB))
        self._tell(lines)

    def _alive(self) -> bool:
        if self._running:
            pid, _ = os.waitpid(self._pid, os.WNOHANG)
            self._running = pid == 0
        return self._running

    def _lines(self) -> list[str]:
        """Give the whole lines that it has said and that have not been told."""
        text = self._errors.read_bytes()[self._told :].decode(errors="replace")
        return text[: text.rfind("\n") + 1].splitlines()

    def _tell(self, lines: list[str]) -> None:
        """Tell lines, but for gdb's port, which is of no use to anybody else."""
        self._told += sum(len(line.encode()) + 1 for line in lines)
        for line in lines:
            if not line.startswith(_GDB):
                tell(line)


def _be_the_run(options: RunOptions, errors: Path) -> NoReturn:
    """Turn this process into the run."""
    status = _COULD_NOT_START
    try:
        os.setpgid(0, 0)
        _end_with_parent()
        nothing = os.open(os.devnull, os.O_RDWR)
        said = os.open(errors, os.O_WRONLY | os.O_APPEND)
        for descriptor, target in ((nothing, 0), (nothing, 1), (said, 2)):
            os.dup2(descriptor, target)
        status = reporting(lambda: run(options))
    except UserError as error:
        if not isinstance(error, ToldError):
            tell(f"soclet: {error}")
    except BaseException:
        # Nobody above could tell it.
        tell(traceback.format_exc())
    finally:
        os._exit(status)


def _end_with_parent() -> None:
    """Be ended where the parent dies without a chance to do it; Linux only, as the rest is."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
