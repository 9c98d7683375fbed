"""The one way to tell a user that something cannot be done."""

import contextlib
import os
import sys
from typing import Final


class UserError(Exception):
    """What a user got wrong or the host refuses: what, where, what would be right, in a line."""


class ToldError(UserError):
    """As UserError, where all there is to say has been said already."""


_LONGEST: Final = 1000
_ENDS: Final = 400


def one_line(text: str) -> str:
    """Give a text as one line, without its middle where nobody would read it all."""
    line = " ".join(line.strip() for line in text.splitlines() if line.strip())
    return line if len(line) <= _LONGEST else f"{line[:_ENDS]} … {line[-_ENDS:]}"


def tell(sentence: str) -> None:
    """Write a line to standard error, if there is one that takes it.

    Characters that could move a terminal's cursor are shown, not sent: names come from anywhere.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
        # Not by way of its buffer, where what cannot be written would be tried again at exit.
        with contextlib.suppress(OSError):
            os.write(2, f"{_shown(sentence)}\n".encode())


def _shown(sentence: str) -> str:
    if sentence.isprintable():
        return sentence
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in sentence
    )
