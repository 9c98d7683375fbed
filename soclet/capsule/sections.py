"""The sections of a capsule: their tags, what each holds, and how that is written.

Knows encodings and the values that they are of; must not know files or machines.
"""

import zlib
from dataclasses import dataclass
from typing import Any, Final

from construct import Compressed, Construct, ConstructError

from machine.events import Position
from machine.snapshot import Snapshot
from soclet.capsule import container
from soclet.capsule.container import CapsuleError, Tag
from soclet.capsule.encoding import encoding_of
from soclet.capsule.events import ENTRIES
from soclet.capsule.marks import Mark, order
from soclet.capsule.parts import Ending, KeptImage, Origin


@dataclass(frozen=True, slots=True)
class Void:
    """What was recorded after a point never happened: another course was taken there.

    `events`: how many of the events recorded before stay.
    """

    events: int
    position: Position

    @property
    def order(self) -> tuple[int, int, int]:
        """Where the point is in its run."""
        return order(self.position, self.events)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of section: its tag and what is in it; whether a reader may pass over it."""

    tag: Tag
    content: Construct
    required: bool = True

    def section(self, value: Any) -> container.Section:
        """Write a value."""
        return container.Section(self.tag, self.content.build(value), self.required)

    def read(self, section: container.Section) -> Any:
        """Give the value that was written. Raises CapsuleError where it is none."""
        try:
            value = self.content.parse(section.payload)
        except (ConstructError, zlib.error, UnicodeDecodeError, EOFError) as error:
            raise CapsuleError(
                f"the capsule's section {container.shown(self.tag)} cannot be read: record it again"
            ) from error
        return tuple(value) if isinstance(value, list) else value


def _kind(tag: Tag, encoding: Construct, *, required: bool = True) -> Kind:
    return Kind(tag, Compressed(encoding, "zlib", level=9), required)


LINE: Final = _kind(b"LINE", encoding_of(int))
BASE: Final = _kind(b"BASE", encoding_of(Snapshot))
EVENTS: Final = _kind(b"EVTS", ENTRIES)
MARK: Final = _kind(b"MARK", encoding_of(Mark))
VOID: Final = _kind(b"VOID", encoding_of(Void))
ENDING: Final = _kind(b"ENDS", encoding_of(Ending))
ORIGIN: Final = _kind(b"FROM", encoding_of(Origin))
IMAGE: Final = _kind(b"IMAG", encoding_of(KeptImage), required=False)
SAVED: Final = _kind(b"SAVE", encoding_of(Snapshot))

KINDS: Final = {
    kind.tag: kind for kind in (LINE, BASE, EVENTS, MARK, VOID, ENDING, ORIGIN, IMAGE, SAVED)
}
"""All that there are, by their tags."""
