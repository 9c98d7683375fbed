"""The kernels: what there is in scripts/kernels, how large, and what must come out.

Knows neither engines nor peers. Every kernel does the same work `repeats` times over, a number that
it finds at its symbol `repeats`, and ends with the sum of what its turns gave.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Final

from by_hand import BY_HAND, Turn

from isa_spec.words import WORD

FOLDER: Final = Path(__file__).resolve().parents[2] / "kernels"
_SIZE: Final = re.compile(r"^\.equ (\w+), (\d+)$", re.MULTILINE)

SIZES: Final[Mapping[str, int]] = MappingProxyType(
    {name: int(number) for name, number in _SIZE.findall((FOLDER / "sizes.inc").read_text())}
)
"""How much work a turn of each kernel is, for all languages; assemblers read the file itself."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """A kernel. `give` is one turn as Python computes it.

    computes: it needs nothing but a processor and memory, so that there is one of it in C, by hand
    in Python, and for emulators without devices. translatable: it leaves translation alone, so that
    it can be run with its memory mapped to itself.
    input: what must be on the serial line for each turn; output: what each turn sends.
    """

    name: str
    what: str
    give: Turn
    computes: bool = True
    translatable: bool = True
    input: bytes = b""
    output: bytes = b""

    @property
    def source(self) -> Path:
        """Its source for our machine."""
        return FOLDER / f"{self.name}.s"

    def total(self, repeats: int) -> int:
        """What it gives at its end, a word."""
        return repeats * self._once & WORD

    @cached_property
    def _once(self) -> int:
        return self.give()


def _computing(name: str, what: str) -> Kernel:
    return Kernel(name, what, BY_HAND[name](SIZES))


def _pages() -> int:
    """What comes of `pages`: which page is seen where changes from turn to turn."""
    total = 0
    for process in range(1, SIZES["PAGES_PROCESSES"] + 1):
        seen = [[0] for _ in range(4)]
        for _ in range(SIZES["PAGES_TURNS"]):
            for number, page in enumerate(seen, 1):
                page[0] += number * process
                total += number * page[0]
            seen[:2] = reversed(seen[:2])
    return total


def _interrupts() -> int:
    """What comes of `interrupts`: each has added its number."""
    return sum(range(SIZES["INTERRUPTS_TIMES"] + 1))


def _polling() -> int:
    """What comes of `polling`: always space on TX, and a time that does not go back."""
    return (2 + 1) * SIZES["POLLING_TURNS"]


_TYPED: Final = bytes(7 * number & 0xFF for number in range(SIZES["SERIAL_BYTES"]))


KERNELS: Final[Mapping[str, Kernel]] = MappingProxyType(
    {
        kernel.name: kernel
        for kernel in (
            _computing("arith", "a counted loop of register arithmetic"),
            _computing("sieve", "a sieve over words of memory"),
            _computing("fib", "a recursive Fibonacci number: calls, returns and the stack"),
            _computing("copysum", "copies a block of memory and adds it up"),
            _computing("sort", "insertion sort: branches that nobody can foresee"),
            _computing("matmul", "a product of two matrices"),
            Kernel(
                "pages",
                "processes with page tables of their own: ptbr and entries change all the time",
                _pages,
                computes=False,
                translatable=False,
            ),
            Kernel(
                "interrupts",
                "computes, and is interrupted by the timer every few hundred ticks",
                _interrupts,
                computes=False,
            ),
            Kernel(
                "serial",
                "takes bytes from the serial line and sends them back, polling",
                lambda: sum(_TYPED),
                computes=False,
                input=_TYPED,
                output=bytes(byte + 1 & 0xFF for byte in _TYPED),
            ),
            Kernel("polling", "reads STATUS and the time in a loop", _polling, computes=False),
        )
    }
)
"""All of them by name, in the order in which they are shown."""
