"""How each kind of event is written: by a number of its own, and its fields."""

from typing import Any, Final

from construct import Adapter, Byte, Construct, Error, PrefixedArray, Struct, Switch, VarInt, this

from machine.events import (
    Debugger,
    Event,
    Flash,
    FlipBits,
    HoldInterrupts,
    Position,
    Reset,
    SerialInput,
    TimerDue,
    WriteMemory,
    WriteRegister,
)
from soclet.capsule.encoding import encoding_of

CODES: Final[dict[type[Any], int]] = {
    SerialInput: 1,
    WriteRegister: 2,
    WriteMemory: 3,
    Flash: 4,
    Reset: 5,
    Debugger: 6,
    HoldInterrupts: 7,
    FlipBits: 8,
    TimerDue: 9,
}
"""The numbers of the kinds of events. None is ever given to another kind."""

Entry = tuple[Position, Event]


class _Entry(Adapter):  # type: ignore[misc]
    """An event and the position at which it was applied."""

    def _decode(self, parsed: Any, _context: Any, _path: str) -> Entry:
        return parsed.position, parsed.event

    def _encode(self, entry: Entry, _context: Any, _path: str) -> dict[str, Any]:
        position, event = entry
        return {"position": position, "code": CODES[type(event)], "event": event}


ENTRIES: Final[Construct] = PrefixedArray(
    VarInt,
    _Entry(
        Struct(
            "position" / encoding_of(Position),
            "code" / Byte,
            "event"
            / Switch(
                this.code,
                {code: encoding_of(kind) for kind, code in CODES.items()},
                default=Error,
            ),
        )
    ),
)
