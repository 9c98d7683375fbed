"""Files: written whole or not at all, and how much memory one holds."""

import os
import stat
from pathlib import Path

from isa_spec.memory_map import check_memory_size
from soclet.errors import UserError


def check_writable(path: Path) -> None:
    """Raise UserError now rather than when there is something to write."""
    needed = path if _is_special(path) else Path(os.path.realpath(path)).parent
    if path.is_dir() or not needed.exists() or not os.access(needed, os.W_OK):
        raise UserError(f"{path}: cannot be written: name a file in a folder that can be")


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place of what was there, or leave that; raise UserError where it fails.

    A device or a pipe is written to: nothing can take its place.
    """
    real = Path(os.path.realpath(path))
    temporary = real.with_name(f"{real.name}.{os.getpid()}.new")
    try:
        if _is_special(path):
            path.write_bytes(data)
            return
        temporary.write_bytes(data)
        if real.exists():
            temporary.chmod(stat.S_IMODE(real.stat().st_mode))
        temporary.replace(real)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error


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
