"""TOML files that a user writes, read with whatever is wrong with them told in one line."""

import tomllib
from pathlib import Path
from typing import Any

from soclet.errors import UserError
from toolchain.input_files import read_text


def read_toml(path: Path) -> dict[str, Any]:
    """Read a file. Raises UserError where it cannot be read, or is not TOML."""
    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise UserError(f"{path}: not TOML: nested too deeply") from error
    except ValueError as error:  # of TOML, of UTF-8, and of a number with thousands of digits
        raise UserError(f"{path}: not TOML: {error}") from error
