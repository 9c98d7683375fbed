"""Golden sessions: files of what is typed into gdb and what gdb answers, compared and rewritten.

A file begins with the `$ soclet gdb …` that starts gdb and the machine. Then come commands after
`(gdb) `, each followed by its answer; further input that a command asks for stands in lines that
begin with `> `, as do keys (`> Ctrl-C`). A comment is a command too, for gdb: `(gdb) # …`.
Where gdb is in its full-screen mode, the answer is the whole screen, indented.

As in the documents, a line `…` stands for any lines and `…` within a line for any text.
"""

import re
import shlex
from dataclasses import dataclass, replace

from documents import Block, matches

_WITH_SUBCOMMANDS = {"info", "layout", "maintenance", "monitor", "set", "soclet", "tui"}


@dataclass(frozen=True)
class Turn:
    """A command, what else is typed for it, and what is shown then."""

    command: str
    typed: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def is_comment(self):
        return self.command.startswith("#")

    @property
    def name(self):
        """What makes it another command than others: `info line`, `x`, `break`."""
        first, *rest = self.command.split()
        return f"{first} {rest[0]}" if first in _WITH_SUBCOMMANDS else first.partition("/")[0]

    def answered(self, real, same):
        """The turn with what was really shown, but as it was where that is the same."""
        return self if same(self.shown, real) else replace(self, shown=tuple(real))


INDENT = "    "
"""What the lines of screens begin with, since they hold prompts themselves."""


def read(path, indent=""):
    """The turns of a file; the first one is the `soclet gdb`."""
    turns = []
    for command, lines in Block("gdb", path.read_text(encoding="utf-8")).turns:
        typed = [line[2:] for line in lines if line.startswith("> ")]
        shown = [line.removeprefix(indent) for line in lines if not line.startswith("> ")]
        turns.append(Turn(command, tuple(typed), tuple(shown)))
    assert turns[0].command.startswith("soclet gdb ")
    return turns


def text_of(turns, indent=""):
    """What a file of these turns holds."""
    lines = []
    for n, turn in enumerate(turns):
        prompt = "(gdb) " if n else "$ "
        lines += ["", prompt + turn.command] if turn.is_comment else [prompt + turn.command]
        lines += [f"> {each}" for each in turn.typed]
        lines += [(indent + line).expandtabs().rstrip() for line in turn.shown]
    return "\n".join(lines) + "\n"


def options_of(turn):
    """The image and the options of the first turn's `soclet gdb`."""
    return shlex.split(turn.command)[2:]


def same_answer(shown, real):
    """Tell whether an answer is what a file shows."""
    return matches(shown, real)


def same_screen(shown, real):
    """Tell whether a screen is what a file shows, however wide its columns and frames are."""
    return matches(_bare(shown), _bare(real))


def _bare(lines):
    """The words on a screen: gdb's versions draw windows alike, not equal."""
    words = (re.sub(r"[│─┌┐└┘├┤]+", " ", line).split() for line in lines)
    return [" ".join(each) for each in words if each]
