"""Files as a client sees them: those that the target names, opened for reading, and no others.

Knows the numbers of the File-I/O protocol (GDB manual: Protocol-specific Representation of
Datatypes); must not know packets. No file of the host is ever touched here: a target gives names
and contents.
"""

from enum import IntEnum
from typing import Final

from gdbstub.target import ExecFile

READ_ONLY: Final = 0
"""O_RDONLY, without any other flag."""

MOST_OPEN: Final = 16

_REGULAR_READABLE: Final = 0o100444
_BLOCK: Final = 512


class FileErrno(IntEnum):
    """Why it cannot be done, in numbers of the protocol that no host changes."""

    ENOENT = 2
    EBADF = 9
    EINVAL = 22
    EMFILE = 24
    EROFS = 30


class FileError(Exception):
    """A request that fails."""

    def __init__(self, errno: FileErrno) -> None:
        super().__init__(errno.name)
        self.errno = errno


class OpenFiles:
    """What one client has opened. A file's contents are those of when it was opened."""

    def __init__(self) -> None:
        self._open: dict[int, bytes] = {}

    def open(self, target: ExecFile, name: str, flags: int) -> int:
        """Give the descriptor, the lowest that is free. Raises FileError."""
        contents = look_up(target, name)
        if flags != READ_ONLY:
            raise FileError(FileErrno.EROFS)
        if len(self._open) >= MOST_OPEN:
            raise FileError(FileErrno.EMFILE)
        descriptor = next(n for n in range(MOST_OPEN) if n not in self._open)
        self._open[descriptor] = contents
        return descriptor

    def contents(self, descriptor: int) -> bytes:
        """Raises FileError where nothing is open by this number."""
        if descriptor not in self._open:
            raise FileError(FileErrno.EBADF)
        return self._open[descriptor]

    def close(self, descriptor: int) -> None:
        """Raises FileError where nothing is open by this number."""
        self.contents(descriptor)
        del self._open[descriptor]


def look_up(target: ExecFile, name: str) -> bytes:
    """The contents of a file by its exact name. Raises FileError."""
    contents = target.file(name)
    if contents is None:
        raise FileError(FileErrno.ENOENT)
    return contents


def stat(contents: bytes) -> bytes:
    """The `struct stat` of a file: regular, readable by all, of no device and no time."""
    size = len(contents)
    fields = [
        *((0, 4), (0, 4), (_REGULAR_READABLE, 4), (1, 4)),  # device, inode, mode, links
        *((0, 4), (0, 4), (0, 4)),  # user, group, device of a special file
        *((size, 8), (_BLOCK, 8), (-(-size // _BLOCK), 8)),
        *((0, 4), (0, 4), (0, 4)),  # accessed, modified, changed
    ]
    return b"".join(value.to_bytes(length, "big") for value, length in fields)
