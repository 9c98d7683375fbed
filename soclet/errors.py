"""The one way to tell a user that something cannot be done."""

import contextlib
import os
import sys


class UserError(Exception):
    """What a user got wrong or the host refuses: what, where, what would be right, in a line."""


class ToldError(UserError):
    """As UserError, where all there is to say has been said already."""


def tell(sentence: str) -> None:
    """Write a line to standard error, if there is one that takes it."""
    if sys.stderr is not None:
        sys.stderr.flush()
        # Not by way of its buffer, where what cannot be written would be tried again at exit.
        with contextlib.suppress(OSError):
            os.write(2, f"{sentence}\n".encode(errors="replace"))
