"""How a monitor command is declared, found by what was typed, and given its argument.

Knows how commands and arguments are told apart and what is said of wrong ones; must not know any
command. As in gdb, a word may be cut short as long as only one can be meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gdbstub.target import TargetError
from isa_spec.words import WORD

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget

Act = Callable[["ThreadTarget", str], "str | None"]
"""Carries a command out: takes what was typed after its name, and gives what is to be shown; None
where that takes time, and the target says it later."""

_ADDRESS: Final = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")


@dataclass(frozen=True, slots=True)
class Command:
    """A monitor command; `usage` is its name and arguments, `help` its sentence."""

    usage: str
    help: str
    act: Act

    @property
    def name(self) -> str:
        """The first word of its usage."""
        return self.usage.split()[0]


COMMANDS: Final[dict[str, Command]] = {}


def command(usage: str) -> Callable[[Act], Act]:
    """Declare a command; its docstring is its help."""

    def declare(act: Act) -> Act:
        declared = Command(usage, (act.__doc__ or "").strip(), act)
        COMMANDS[declared.name] = declared
        return act

    return declare


def execute(target: ThreadTarget, text: str) -> str | None:
    """Carry out a command line; raise TargetError where it is not one, saying what is."""
    word, _, argument = text.strip().partition(" ")
    name = _meant(word or "help", COMMANDS)
    if name is None:
        raise TargetError(f"no monitor command {word!r}; {_those_meant(word, COMMANDS)}")
    found = COMMANDS[name]
    if found.usage == name and argument.strip():
        raise TargetError(f"monitor {name} takes no argument, and {argument.strip()!r} was given")
    return found.act(target, argument.strip())


def _meant(word: str, words: Iterable[str]) -> str | None:
    """Find a word by itself or by its beginning; None where none, or more than one, fits."""
    words = tuple(words)
    if word in words:
        return word
    fitting = [each for each in words if word and each.startswith(word)]
    return fitting[0] if len(fitting) == 1 else None


def _those_meant(word: str, words: Iterable[str]) -> str:
    fitting = sorted(each for each in words if word and each.startswith(word))
    if fitting:
        return f"it may be {' or '.join(fitting)}"
    return f"there are {', '.join(sorted(words))}"


def choice(name: str, argument: str, *choices: str) -> str | None:
    """Give the one word that is an argument, None for none; raise TargetError for any other."""
    if not argument:
        return None
    meant = _meant(argument, choices)
    if meant is None:
        raise TargetError(
            f"monitor {name} takes {' or '.join(choices)}, or nothing to tell which it is; "
            f"{argument!r} was given"
        )
    return meant


def address(name: str, argument: str) -> int:
    """Give the address that is an argument; raise TargetError where it is none."""
    if _ADDRESS.fullmatch(argument):
        number = int(argument, 16 if argument[:2] in ("0x", "0X") else 10)
        if number <= WORD:
            return number
        raise TargetError(f"{argument} is beyond the last address, {WORD:#x}")
    raise TargetError(
        f"monitor {name} takes one address, decimal or hexadecimal, such as 0x5000; {argument!r} "
        f"was given (with soclet's script, `soclet {name}` takes gdb's expressions)"
    )


@command("help")
def _help(_target: ThreadTarget, _argument: str) -> str:
    """List the commands."""
    width = max(len(each.usage) for each in COMMANDS.values())
    return "".join(f"{each.usage:<{width}}  {each.help}\n" for _, each in sorted(COMMANDS.items()))
