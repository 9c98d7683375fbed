"""Files: written whole or not at all, and how much memory one holds."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from isa_spec.memory_map import check_memory_size
from soclet.errors import UserError


def check_writable(path: Path) -> None:
    """Raise UserError now rather than when there is something to write."""
    needed = path if _is_special(path) else Path(os.path.realpath(path)).parent
    if path.is_dir() or not needed.exists() or not os.access(needed, os.W_OK):
        raise UserError(f"{path}: cannot be written: name a file in a folder that can be")


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
            self._file: Final = (path if self._special else self._temporary).open("wb")

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
    with WholeFile(path) as file:
        file.write_bytes(data)
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
