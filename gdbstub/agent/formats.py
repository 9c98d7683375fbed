"""Format strings in the manner of C's printf, taken apart once and filled in often.

Knows C's rules as gdb's own `printf` applies them on a 64-bit host: no length modifier means 32
bits, `h` 16, `hh` 8, all others 64; a null string is `(null)`, a null pointer `(nil)`. What it
cannot print (floating point, `%n`, a width from an argument) it refuses by name.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from gdbstub.values import TargetError

ReadByte: TypeAlias = Callable[[int, int], int]
"""`Context.memory`, asked for one byte at a time."""

MOST_STRING: Final = 4096
"""Bytes of a string in memory that are shown at most."""
MOST_WIDTH: Final = 1024

_PIECE: Final = re.compile(
    rb"%(?P<flags>[-+ #0]*)(?P<width>[0-9]*|\*)(?:\.(?P<precision>[0-9]*|\*))?"
    rb"(?P<length>hh|h|ll|[lLjztqw])?(?P<conversion>[^\0])?"
    rb"|\\(?P<octal>[0-7]{1,3})|\\x(?P<hex>[0-9a-fA-F]{1,2})|\\(?P<escape>[^\0])?"
    rb"|(?P<text>[^%\\]+)",
    re.DOTALL,
)
_ESCAPES: Final = dict(zip(b"abefnrtv\\\"'?", b"\a\b\x1b\f\n\r\t\v\\\"'?", strict=True))
_BITS: Final = {b"": 32, b"h": 16, b"hh": 8}
_BASES: Final = {"o": ("o", b"0"), "x": ("x", b"0x"), "X": ("X", b"0X"), "u": ("d", b"")}


@dataclass(frozen=True, slots=True)
class Conversion:
    """One `%` of a format."""

    kind: str
    bits: int
    flags: str
    width: int
    precision: int | None

    def render(self, value: int, read: ReadByte) -> bytes:
        """The bytes that stand for `value`, padded to the width."""
        match self.kind:
            case "c":
                body = bytes([value & 0xFF])
            case "s":
                body = self._string(value, read)
            case "p":
                body = b"%#x" % value if value else b"(nil)"
            case _:
                return self._number(value)
        return self._padded(b"", body)

    def _string(self, address: int, read: ReadByte) -> bytes:
        most = MOST_STRING if self.precision is None else min(self.precision, MOST_STRING)
        if not address:
            return b"(null)"[: self.precision]
        found = bytearray()
        while len(found) < most and (byte := read(address + len(found), 1)):
            found.append(byte)
        return bytes(found)

    def _number(self, value: int) -> bytes:
        value &= (1 << self.bits) - 1
        sign = b""
        if self.kind == "d":
            if value >> (self.bits - 1):
                value, sign = (1 << self.bits) - value, b"-"
            else:
                sign = b"+" if "+" in self.flags else b" " if " " in self.flags else b""
        base, prefix = _BASES.get(self.kind, ("d", b""))
        digits = b"" if value == 0 == self.precision else format(value, base).encode()
        digits = digits.rjust(self.precision or 0, b"0")
        if "#" in self.flags and base == "o":
            digits = digits if digits.startswith(b"0") else b"0" + digits
        elif "#" in self.flags and value:
            sign += prefix
        if "0" in self.flags and "-" not in self.flags and self.precision is None:
            digits = digits.rjust(self.width - len(sign), b"0")
        return self._padded(sign, digits)

    def _padded(self, sign: bytes, body: bytes) -> bytes:
        whole = sign + body
        return whole.ljust(self.width) if "-" in self.flags else whole.rjust(self.width)


@dataclass(frozen=True, slots=True)
class Format:
    """A format string: text as it is, and conversions in the order of their arguments."""

    pieces: tuple[bytes | Conversion, ...]

    def render(self, arguments: Sequence[int], read: ReadByte) -> str:
        """The text with its arguments filled in; what `read` raises for a string goes through."""
        values = iter(arguments)
        return b"".join(
            piece if isinstance(piece, bytes) else piece.render(next(values), read)
            for piece in self.pieces
        ).decode("utf-8", "replace")


def parse_format(text: bytes, arguments: int) -> Format:
    """Take a format apart: as in C source, so with its escapes, and ending with a NUL.

    Raises TargetError where it is none, or is not for so many arguments.
    """
    if not text.endswith(b"\0") or b"\0" in text[:-1]:
        raise TargetError("the format of a printf ends with its only NUL")
    pieces = tuple(_piece(match) for match in _PIECE.finditer(text[:-1]))
    wanted = sum(isinstance(piece, Conversion) for piece in pieces)
    if wanted != arguments:
        raise TargetError(f"the format of a printf wants {wanted} arguments and gets {arguments}")
    return Format(pieces)


def _piece(match: re.Match[bytes]) -> bytes | Conversion:
    match match.lastgroup:
        case "text":
            return match["text"]
        case "octal":
            return bytes([int(match["octal"], 8) & 0xFF])
        case "hex":
            return bytes([int(match["hex"], 16)])
        case "escape" if match["escape"][0] in _ESCAPES:
            return bytes([_ESCAPES[match["escape"][0]]])
        case "conversion":
            return _conversion(match)
    raise TargetError(f"the format of a printf has {_shown(match)}, which is not known")


def _conversion(match: re.Match[bytes]) -> bytes | Conversion:
    kind = match["conversion"].decode("ascii", "replace")
    if match[0] == b"%%":
        return b"%"
    if kind not in "diuoxXcsp" or b"*" in (match["width"], match["precision"]):
        raise TargetError(f"the format of a printf has {_shown(match)}, which is not taken here")
    width = int(match["width"] or 0)
    precision = None if match["precision"] is None else int(match["precision"] or 0)
    if max(width, precision or 0) > MOST_WIDTH:
        raise TargetError(f"the format of a printf is wider than {MOST_WIDTH}")
    return Conversion(
        kind="d" if kind == "i" else kind,
        bits=_BITS.get(match["length"] or b"", 64),
        flags=match["flags"].decode(),
        width=width,
        precision=precision,
    )


def _shown(match: re.Match[bytes]) -> str:
    return match[0].decode("ascii", "replace")
