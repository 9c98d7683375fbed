"""What machine code must not do by itself where somebody observes what happens.

Knows kinds of happenings. Stores are none of this: their pages are guarded.
"""

from collections.abc import Iterable
from typing import Final

from machine.happenings import ModeChange, PortLoad, PortStore, TableStore, TableSwitch, TrapReturn
from machine.native.builder import Left
from machine.trapped import Happening, Interrupt, Trap

_LEFT: Final[dict[type[Happening], Left]] = {
    Trap: Left.TRAPS,
    Interrupt: Left.INTERRUPTS,
    TrapReturn: Left.RETURNS,
    ModeChange: Left.TRAPS | Left.INTERRUPTS | Left.RETURNS | Left.STATUS,
    TableSwitch: Left.TABLE,
    TableStore: Left.TABLE,
    PortLoad: Left.PORTS,
    PortStore: Left.PORTS,
}


def left_for(kinds: Iterable[type[Happening]]) -> Left:
    """Give what is to be left to the reference where these kinds of happenings are asked for."""
    left = Left.NOTHING
    for kind in kinds:
        left |= _LEFT.get(kind, Left.NOTHING)
    return left
