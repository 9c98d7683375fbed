"""Files that are written whole or not at all."""

import os
from pathlib import Path

from soclet.errors import UserError


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place of what was there, or leave that; raise UserError where it fails."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UserError(f"{path}: {error.strerror}") from error
