"""Where an NVRAM file lies: the files beside it by name, the lock, and what it takes to be whole.

Knows files of the host. Must not know memory, or what the files hold. All that is done to the
host's files for NVRAM is done here and by `write_at`: the order of these calls is what the promises
of docs/nvram.md rest on.
"""

import fcntl
import os
import weakref
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Final

UNFINISHED: Final = ".unfinished"
"""What the name of a file ends with until it is whole."""

Parts = Iterable[tuple[int, bytes]]
"""Bytes, each at an offset of a file."""


class InUseError(Exception):
    """Another machine has the file."""


class Place:
    """The folder of one NVRAM file, held open, so that it is the same wherever it is moved to.

    A machine has the place alone until `release`, or until its process ends. `durable`: what is
    done is forced to the disk, in order, before the call returns. All raise OSError where the host
    refuses, and InUseError where another machine has what is to be locked.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._name: Final = path.name
        self._durable: Final = durable
        self._folder: Final = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        self._close: Final = weakref.finalize(self, os.close, self._folder)
        try:
            lock = self._locked()
        except BaseException:
            self._close()
            raise
        self._held: Final = [lock]
        _HELD.add(self)

    def hold(self, file: FileIO) -> None:
        """Have a file of the place locked too, by itself, and closed when the place is let go of.

        So another name of it (a hard link), or the lock's removal, gives it to nobody else.
        """
        _take(file)
        self._held.append(file)

    def _locked(self) -> FileIO:
        """Take the lock, which dies with the process; once more where it was removed meanwhile."""
        while True:
            lock = self.open(".lock", os.O_RDWR | os.O_CREAT)
            _take(lock)
            try:
                there, mine = self.stat(".lock"), os.fstat(lock.fileno())
            except BaseException:
                lock.close()
                raise
            if there is not None and os.path.samestat(there, mine):
                return lock
            lock.close()

    def release(self) -> None:
        """Let go of the place."""
        for file in self._held:
            file.close()
        self._close()

    def open(self, suffix: str, flags: int) -> FileIO:
        """Open the file whose name is the NVRAM file's with this at its end."""
        descriptor = os.open(self._name + suffix, flags | os.O_CLOEXEC, 0o666, dir_fd=self._folder)
        try:
            return FileIO(descriptor, "r+" if flags & os.O_RDWR else "r")
        except BaseException:
            os.close(descriptor)
            raise

    def stat(self, suffix: str = "") -> os.stat_result | None:
        """Tell what there is of this name; None where there is nothing."""
        with suppress(FileNotFoundError):
            return os.stat(self._name + suffix, dir_fd=self._folder)
        return None

    def read(self, suffix: str) -> bytes | None:
        """Give what a file holds; None where there is none."""
        try:
            with self.open(suffix, os.O_RDONLY) as file:
                return file.readall()
        except FileNotFoundError:
            return None

    def put(self, suffix: str, parts: Parts, *, size: int, mode: int | None = None) -> None:
        """Have a file of `size` bytes with these parts take the place of what is there, or nothing.

        It has another name until it is whole, so whatever has this one is whole.
        """
        unfinished = suffix + UNFINISHED
        try:
            with self.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC) as file:
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                os.truncate(file.fileno(), size)
                for offset, data in parts:
                    write_at(file, offset, data)
                self.force(file)
            os.rename(
                self._name + unfinished,
                self._name + suffix,
                src_dir_fd=self._folder,
                dst_dir_fd=self._folder,
            )
        except BaseException:
            with suppress(OSError):
                self.remove(unfinished)
            raise
        self._force_names()

    def remove(self, suffix: str) -> bool:
        """Remove a file; tell whether there was one."""
        try:
            os.unlink(self._name + suffix, dir_fd=self._folder)
        except FileNotFoundError:
            return False
        self._force_names()
        return True

    def force(self, file: FileIO) -> None:
        """Have the disk hold what was written to a file, where the place is durable."""
        if self._durable:
            os.fsync(file.fileno())

    def _force_names(self) -> None:
        if self._durable:
            os.fsync(self._folder)


def _take(file: FileIO) -> None:
    """Lock a file against every other machine until it is closed, or the process ends."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException as error:
        file.close()
        if isinstance(error, BlockingIOError):
            raise InUseError from None
        raise


def write_at(file: FileIO, offset: int, data: bytes) -> None:
    """Write all of the bytes at an offset, at once: nothing is kept back to be written later."""
    left = memoryview(data)
    while left:
        written = os.pwrite(file.fileno(), left, offset)
        left, offset = left[written:], offset + written


_HELD: Final[weakref.WeakSet[Place]] = weakref.WeakSet()


def _let_go() -> None:
    # A lock is shared by all processes that have its file open: it would outlive the machine's
    # process in a child that was forked, and there would be two machines with one file.
    for place in tuple(_HELD):
        place.release()


os.register_at_fork(after_in_child=_let_go)
