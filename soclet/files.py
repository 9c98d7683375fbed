"""Files: written whole or not at all, and how much memory one holds."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import IO, Final, Self

from isa_spec.memory_map import check_memory_size
from soclet.errors import UserError


def check_writable(path: Path) -> None:
    """Raise UserError now rather than when there is something to write."""
    needed = path if _is_special(path) else Path(os.path.realpath(path)).parent
    usable = needed.is_dir() or _is_special(needed)
    if path.is_dir() or not usable or not os.access(needed, os.W_OK):
        raise UserError(f"{path}: cannot be written: name a file in a folder that can be")


def check_folder(path: Path) -> None:
    """Raise UserError now where there is no folder, and none can be made."""
    there = next(each for each in (path, *path.absolute().parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise UserError(f"{path}: no folder, and none can be made: name one where you may write")


def check_apart(
    written: Mapping[str, Path | None], read: Mapping[str, Path | None] | None = None
) -> None:
    """Raise UserError where a file would be written twice, or in place of one that is read.

    Both by what they were named for: an option or an argument. Devices and pipes may be shared.
    """
    seen: dict[str, str] = {}
    for files in (read or {}, written):
        for what, path in files.items():
            if path is None or _is_special(path):
                continue
            other = seen.setdefault(os.path.realpath(path), what)
            if other != what and files is written:
                raise UserError(f"{path}: is for both {other} and {what}: give each its own file")


def open_written(path: Path) -> FileIO:
    """Open a file, a device or a pipe, not buffered. Raises OSError where that fails.

    A pipe that nobody reads is refused: it would be waited for where nothing could end the wait.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "nobody reads it: start what reads it first") from error
        raise
    os.set_blocking(descriptor, True)
    return FileIO(descriptor, "w")


def write_descriptor(file: FileIO, data: bytes) -> None:
    """Write all of some bytes. Raises OSError where that fails."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) or 0 :]


class WholeFile:
    """A file that takes the place of what was there once it is kept, or leaves that.

    A context: at its end, what was not kept is gone. A device or a pipe is written to as it comes:
    nothing can take its place. All raise UserError where something fails.
    """

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._real: Final = Path(os.path.realpath(path))
        self._temporary: Final = self._real.with_name(f"{self._real.name}.{os.getpid()}.new")
        self._special: Final = _is_special(path)
        with self._telling():
            self._file: Final[IO[bytes]] = self._open()

    def _open(self) -> IO[bytes]:
        if self._special:
            return BufferedWriter(open_written(self._path))
        # A link by that name, whoever has put it there, is not followed but removed.
        self._temporary.unlink(missing_ok=True)
        return self._temporary.open("xb")

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was not kept."""
        with suppress(OSError):
            self._file.close()
        if not self._special:
            self._temporary.unlink(missing_ok=True)

    def write_bytes(self, data: bytes) -> None:
        """Write some more."""
        with self._telling():
            self._file.write(data)

    def write(self, text: str) -> None:
        """Write some more, as UTF-8."""
        self.write_bytes(text.encode())

    def flush(self) -> None:
        """Nothing: it is not looked at before it is kept."""

    def complete(self) -> None:
        """All is written: find out whether the host has taken it."""
        with self._telling():
            self._file.flush()

    def keep(self) -> None:
        """Have it take the place of what was there."""
        with self._telling():
            self._file.close()
            if self._special:
                return
            if self._real.exists():
                self._temporary.chmod(stat.S_IMODE(self._real.stat().st_mode))
            self._temporary.replace(self._real)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"{self._path}: cannot be written: {error.strerror}") from error


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place of what was there, or leave that; raise UserError where it fails."""
    write_together({path: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Put files in place of what was there, or leave all; raise UserError where one fails."""
    with ExitStack() as stack:
        opened = [stack.enter_context(WholeFile(path)) for path in files]
        for file, data in zip(opened, files.values(), strict=True):
            file.write_bytes(data)
            file.complete()
        for file in opened:
            file.keep()


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def memory_size_of(nvram: Path | None) -> int | None:
    """Give the size of an NVRAM file that is there; None where it has none that memory can have.

    What is wrong with it is told when it is opened.
    """
    if nvram is None or not nvram.is_file():
        return None
    size = nvram.stat().st_size
    try:
        check_memory_size(size)
    except ValueError:
        return None
    return size
