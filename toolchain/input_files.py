"""Reading what a user names: files and pipes, whole. Knows nothing of what is in them."""

import errno
import os
import stat
from pathlib import Path


def read_bytes(path: Path) -> bytes:
    """Read a file, or a pipe to its end.

    Raises OSError where that fails, and for a device, which may have no end.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
                raise OSError(errno.EINVAL, "a device, not a file")
            return file.read()
    except ValueError as error:
        raise OSError(errno.EINVAL, "no file can have that name") from error


def read_text(path: Path) -> str:
    """Read a file of text. Raises as `read_bytes` does, and UnicodeDecodeError if not UTF-8."""
    return read_bytes(path).decode("utf-8")
