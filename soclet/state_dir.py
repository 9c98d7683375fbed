"""The folder that monitor commands read files from and write files to, and nowhere else.

Knows names and the file system; must not know what is in the files.
"""

import os
from pathlib import Path
from typing import Final

from soclet.errors import UserError

_WANTED: Final = "a plain file name, such as before-crash, which is a file in --state-dir"


class StateDir:
    """The folder that `--state-dir` names; it is made where it is missing.

    Raises UserError where there can be no such folder.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{path}: no folder, and none can be made: {error.strerror}") from error
        self.path: Final = path

    def file(self, name: str) -> Path:
        """Give the file of a name, which need not be there. Raises UserError for any other name."""
        if not name or name in (".", "..") or not name.isprintable() or "/" in name:
            raise UserError(f"{name!r} is not {_WANTED}")
        path = self.path / name
        real, folder = Path(os.path.realpath(path)), Path(os.path.realpath(self.path))
        if real.parent != folder:
            raise UserError(f"{name!r} is a link that leads out of {self.path}")
        try:
            if real.exists() and not real.is_file():
                raise UserError(f"{name!r} is in {self.path}, and is no file")
        except OSError as error:
            raise UserError(f"{name!r} is not {_WANTED}: {error.strerror}") from error
        return real
