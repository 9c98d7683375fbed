"""What the rest of the engine asks of a processor, and which processors there is a back end for.

Another processor is a module with a class like those in the table, its encodings and its templates.
Must not know any processor.
"""

import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Protocol

from isa_spec.instruction import Body
from machine.native.host import Region, function
from machine.native.piece import Common, Goal, Place, Writer


@dataclass(frozen=True, slots=True)
class Shared:
    """The code that all blocks share, and where in it the parts are.

    `enter` is a function of the address to start at and the budget, which gives an Exit.
    """

    code: bytes
    enter: int
    parts: Mapping[Common, int]


class Backend(Protocol):
    """A processor. Budgets have 31 bits; holes have 4 bytes."""

    @property
    def answer(self) -> bytes:
        """A function that gives 42, to see whether the host executes code at all."""

    @property
    def templates(self) -> Mapping[Body, Callable[..., None]]:
        """By the bodies of rows; each takes a writer and the row's operands."""

    def writer(self, place: Place) -> Writer:
        """Give a writer for a template."""

    def take_budget(self, x: Writer, count: int, short: Goal) -> None:
        """Take instructions from the budget; go to `short` where it does not suffice."""

    def give_back(self, x: Writer, count: int) -> None:
        """Give instructions that are not executed after all back to the budget."""

    def leave(self, x: Writer, pc: int, why: int, shared: Common) -> None:
        """Go to shared code that returns to Python, pc being this."""

    def jump(self, x: Writer, goal: Goal) -> None:
        """Go to a goal."""

    def jump_by_table(self, x: Any, pc: int) -> None:
        """Go to wherever the address space has this address."""

    def fill(self, code: memoryview | bytearray, at: int, target: int) -> None:
        """Fill a hole: make the jump that it belongs to go to `target`, both offsets in `code`."""

    def shared(self, home: int, memory_size: int) -> Shared:
        """Give the code that all blocks share; `home` is the address of the engine's frame."""


def _x86_64() -> Backend:
    from machine.native.x86_64_host import X86_64

    return X86_64()


_BACKENDS: Final[dict[str, Callable[[], Backend]]] = {"x86_64": _x86_64}
"""By the names that the host has for its processor."""


def backend() -> Backend:
    """Give the back end for this host; raises KeyError where there is none."""
    return _BACKENDS[platform.machine()]()


@cache
def refusal() -> str | None:
    """Say why this host cannot run machine code of ours; None where it can. Tried once."""
    if sys.platform != "linux":
        return f"needs Linux, this is {sys.platform}"
    if platform.machine() not in _BACKENDS or sys.maxsize < 1 << 32:
        return f"needs a processor of {', '.join(_BACKENDS)}, this is {platform.machine()}"
    answer = backend().answer
    try:
        region = Region(len(answer), executable=True)
    except OSError as error:
        return f"needs executable memory, which this host refuses: {error.strerror or error}"
    region.bytes[: len(answer)] = answer
    if function(region.address)(0, 0) != 42:
        return "needs executable memory, and what this host gave does not execute"
    return None
