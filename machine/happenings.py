"""What happens in a machine that somebody may ask to be told of: values, one class for each kind.

Each is told once its instruction has completed or trapped, or the interrupt has been entered, with
all state exact and nothing of the next instruction done. An instruction that traps makes nothing
happen but the trap. Knows no CPU and no engine.
"""

from dataclasses import dataclass
from typing import Final

from machine.trapped import Happening, Interrupt, Trap


@dataclass(frozen=True, slots=True)
class TrapReturn(Happening):
    """`iret` went back to `to`."""

    to: int


@dataclass(frozen=True, slots=True)
class ModeChange(Happening):
    """The status register became another: by a trap, an interrupt, `iret` or a write."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class TableSwitch(Happening):
    """An instruction wrote ptbr, be it with the value that it had."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Store(Happening):
    """The guest stored a word to memory, at physical `address`.

    The bits that the MMU sets in page table entries, and what comes from outside, are no stores.
    """

    address: int
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class TableStore(Store):
    """The store was to an entry of the page table that ptbr names, be translation on or off.

    A ptbr whose address is 0 names none.
    """


@dataclass(frozen=True, slots=True)
class PortAccess(Happening):
    """A port was used (isa §6). `address` is physical, `word` what was loaded or stored."""

    address: int
    word: int


class PortLoad(PortAccess):
    """A port was loaded from."""

    __slots__ = ()


class PortStore(PortAccess):
    """A port was stored to."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Sleep(Happening):
    """`wait` put the CPU to sleep."""


@dataclass(frozen=True, slots=True)
class Wake(Happening):
    """Sleep ended, `pc` being the instruction to come."""


@dataclass(frozen=True, slots=True)
class Block(Happening):
    """A block was executed: the instructions from `start` to `pc`, one after the other.

    It ends where control may go elsewhere, goes there or not: with a jump, a conditional branch, an
    instruction that traps, and before an interrupt. `next` is where control went.
    """

    start: int
    next: int


@dataclass(frozen=True, slots=True)
class Call(Happening):
    """A `branch` called `to`; not `branch [link]`, which returns."""

    to: int


@dataclass(frozen=True, slots=True)
class CallReturn(Happening):
    """Control went to an address out of a register or memory, as returns do: to `to`.

    By `branch [link]`, by a move to pc from another register, or by a load to it.
    """

    to: int


KINDS: Final[tuple[type[Happening], ...]] = (
    Trap,
    Interrupt,
    TrapReturn,
    ModeChange,
    TableSwitch,
    Store,
    TableStore,
    PortLoad,
    PortStore,
    Sleep,
    Wake,
    Block,
    Call,
    CallReturn,
)
"""All kinds there are; Happening, Entered and PortAccess stand for those made of them."""

FLOW: Final[frozenset[type[Happening]]] = frozenset({Block, Call, CallReturn})
"""Kinds that happen every few instructions: an engine may be slower where they are asked for."""
