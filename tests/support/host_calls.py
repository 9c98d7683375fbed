"""The calls by which NVRAM reaches the host's files: noted, refused, or the last of a process."""

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import SimpleNamespace
from unittest.mock import patch

NAMES = ("fchmod", "fsync", "lseek", "open", "pread", "pwrite", "rename", "stat", "truncate")
NAMES += ("fstat", "unlink")
CHANGING = {"fchmod", "fsync", "open", "pwrite", "rename", "truncate", "unlink"}
"""Those after which a disk may hold something else."""


class Killed(BaseException):
    """The process is gone: it calls nothing any more."""


@dataclass
class HostCalls:
    """What was called so far, and what is to happen at a call, counted from 1.

    killed: dies there. `when`: before the call, after it, or in the midst of what it writes.
    refused: the host answers with this error instead.
    """

    killed: int = 0
    when: str = "before"
    refused: int = 0
    error: int = errno.ENOSPC
    only: set[str] = field(default_factory=lambda: set(NAMES) | {"flock"})
    made: list[tuple[str, str]] = field(default_factory=list)
    dead: bool = False

    def call(self, name, act, *arguments, **others):
        if self.dead:
            raise Killed
        if name not in self.only:
            return act(*arguments, **others)
        self.made.append((name, _file_of(arguments)))
        if len(self.made) == self.refused:
            raise OSError(self.error, os.strerror(self.error))
        if len(self.made) == self.killed:
            self.dead = True
            if self.when == "after":
                act(*arguments, **others)
            elif self.when == "midst" and name == "pwrite":
                descriptor, data, offset = arguments
                act(descriptor, data[: len(data) // 2], offset)
            raise Killed
        return act(*arguments, **others)


def _file_of(arguments):
    """The name of the file that a call is about; a folder's is empty."""
    first = arguments[0]
    if isinstance(first, str):
        return first
    if isinstance(first, PurePath):
        return ""
    number = first if isinstance(first, int) else first.fileno()
    path = Path(f"/proc/self/fd/{number}").readlink()
    return "" if path.is_dir() else path.name


class _Wrapped(SimpleNamespace):
    """A module with some of its functions replaced."""

    def __init__(self, module, **replaced):
        super().__init__(**replaced)
        self._module = module

    def __getattr__(self, name):
        return getattr(self._module, name)


@contextmanager
def host_calls(calls=None, **wanted):
    """Have the host's files reached through a HostCalls, this one or a new one; give it."""
    calls = calls or HostCalls(**wanted)

    def wrap(module, name):
        act = getattr(module, name)
        return lambda *arguments, **others: calls.call(name, act, *arguments, **others)

    host = _Wrapped(os, **{name: wrap(os, name) for name in NAMES})
    locks = _Wrapped(fcntl, flock=wrap(fcntl, "flock"))
    with (
        patch("machine.nvram_place.os", host),
        patch("machine.nvram.os", host),
        patch("machine.nvram_place.fcntl", locks),
    ):
        yield calls


def calls_of(act: Callable[[], object], **wanted) -> HostCalls:
    """Do something that reaches the host's files, up to where the process is killed."""
    with host_calls(**wanted) as calls, suppress(Killed):
        act()
    return calls
