"""Files that a user names to be written."""

from pathlib import Path

from soclet.errors import UserError
from toolchain.files import replace_file


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place of what was there, or leave that; raise UserError where it fails."""
    try:
        replace_file(path, data)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error
