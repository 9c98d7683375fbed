"""Frames while gdb asks for their callers: their registers, and what to tell gdb of the caller."""

from collections.abc import Mapping
from dataclasses import dataclass

from isa_spec.words import WORD
from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.spaces import NOW, Space
from soclet.gdb_client.parts.target import number_of
from soclet.gdb_client.tables import CONSTANT_NAMES, GDB_NAMES, WORD_BYTES


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a frame from the frames inside it.

    `exact`: pc is an instruction not yet executed, rather than where a call returns to. `ours`:
    gdb cannot find its caller by itself, since it takes pc for where a call returns to, or looks
    at the wrong memory. `space`: its memory. `inside`: the number that the frame inside it is
    told by; gdb takes a stack for broken where these do not rise. `shift` is added to all of them
    beyond a switch to a lower stack. `end`: there is no such frame: the one inside it has no
    caller, and is told by this.
    """

    exact: bool = False
    ours: bool = False
    space: Space = NOW
    inside: int = 0
    shift: int = 0
    end: "tuple[int, int] | None" = None

    def number(self, stack: int) -> int:
        """Give the number that a frame is told by, from an address on its stack."""
        number = stack + self.shift
        return number if number >= self.inside else number + WORD + 1


INNERMOST = Context(exact=True)
CALLER = Context()


class Frame:
    """A frame whose caller gdb asks for."""

    def __init__(self, pending: gdb.PendingFrame) -> None:
        self._pending = pending
        self._known: dict[int, int | None] = {}

    def register(self, number: int) -> int | None:
        """Give what a register holds in the frame; None where that is lost."""
        if number not in self._known:
            self._known[number] = number_of(
                lambda: self._pending.read_register(GDB_NAMES[number][0])
            )
        return self._known[number]

    @property
    def is_innermost(self) -> bool:
        """Whether no frame is inside it."""
        return self._pending.level() == 0

    def caller(
        self, stack: int, function: int, registers: Mapping[int, int | None]
    ) -> gdb.UnwindInfo:
        """Tell gdb of the caller: its registers as far as they are known.

        `stack` and `function` are what the frame itself is told by.
        """
        info = self._pending.create_unwind_info(_FrameId(stack, function))
        for number, names in GDB_NAMES.items():
            value = registers.get(number)
            if value is not None:
                for name in names:
                    self._save(info, name, value)
        for name in CONSTANT_NAMES:
            self._save(info, name, 0)
        return info

    def itself(self, stack: int, function: int) -> gdb.UnwindInfo:
        """Tell gdb that the frame is its own caller: so it ends a backtrace without a word.

        Of a caller whose pc is not known it complains.
        """
        held = {number: self.register(number) for number in GDB_NAMES}
        return self.caller(stack, function, held)

    def _save(self, info: gdb.UnwindInfo, name: str, value: int) -> None:
        kind = self._pending.read_register(name).type
        info.add_saved_register(name, gdb.Value(value.to_bytes(WORD_BYTES, "little"), kind))


class _FrameId:
    """What gdb tells frames apart by."""

    def __init__(self, stack: int, function: int) -> None:
        self.sp = gdb.Value(stack)
        self.pc = gdb.Value(function)
