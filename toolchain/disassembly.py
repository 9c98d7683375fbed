"""Images as assembly: what is printed can be assembled again, to the same bytes.

Knows how instructions and data are shown. Must not know file formats.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from isa_spec.formats import LENGTH, Kind
from isa_spec.instruction import InstructionSet
from isa_spec.instructions import BASE
from isa_spec.registers import BY_NAME
from toolchain.images import Image, LoadSegment, SymbolKind

_PLAIN: Final = re.compile(r"(?!\.$)[A-Za-z_.$][\w.$]*")
_WORD: Final = 4
_INDENT: Final = " " * 8
_WIDTH: Final = 40
FEWEST_ZEROS: Final = 16
"""From so many zero bytes on, data are shown as .space."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Some bytes and the statement that makes them; `remark` says more about them."""

    statement: str
    data: bytes
    remark: str = ""


def disassemble_image(image: Image, *, instructions: InstructionSet = BASE) -> Iterator[str]:
    """Give an image as the lines of an assembly source, addresses and bytes in comments."""
    symbols = _Symbols(image)
    for segment in image.segments:
        yield f"{_INDENT}.org {segment.address:#x}"
        address = segment.address
        while address < segment.end:
            for name in symbols.at(address):
                yield f"{name}:"
            part = _part(segment, address, symbols, instructions)
            yield _line(part, address)
            address += len(part.data)
        for name in symbols.at(address):
            if all(other.address != address for other in image.segments):
                yield f"{name}:"


class _Symbols:
    """The names of addresses that assembly can say."""

    def __init__(self, image: Image) -> None:
        self._names: dict[int, list[str]] = {}
        self._data: list[tuple[int, int]] = []
        seen: set[str] = set()
        for symbol in image.symbols:
            inside = any(s.address <= symbol.address <= s.end for s in image.segments)
            if symbol.kind is SymbolKind.OBJECT and symbol.size:
                self._data.append((symbol.address, symbol.address + symbol.size))
            if inside and symbol.name not in seen and _can_be_said(symbol.name):
                seen.add(symbol.name)
                self._names.setdefault(symbol.address, []).append(symbol.name)
        self._named = sorted(self._names)
        self._data.sort()
        self._ends = list(accumulate((end for _, end in self._data), max))

    def at(self, address: int) -> list[str]:
        """Give the names of an address."""
        return self._names.get(address, [])

    def shown(self, address: int) -> str:
        """Give an address's name, or else its number."""
        return next(iter(self.at(address)), hex(address))

    def is_data(self, address: int) -> bool:
        """Tell whether an address is in labelled data."""
        before = bisect_right(self._data, address, key=lambda data: data[0])
        return before > 0 and address < self._ends[before - 1]

    def run(self, start: int, end: int) -> int:
        """Give how many bytes from `start` on come before the next name, `end` at the latest."""
        n = bisect_right(self._named, start)
        return min(end, *self._named[n : n + 1]) - start if n < len(self._named) else end - start


def _can_be_said(name: str) -> bool:
    return _PLAIN.fullmatch(name) is not None and name not in BY_NAME


def _part(
    segment: LoadSegment, address: int, symbols: _Symbols, instructions: InstructionSet
) -> _Part:
    offset = address - segment.address
    free = symbols.run(address, segment.end)
    code = segment.data[offset : offset + min(LENGTH, free)]
    if address % LENGTH == 0 and len(code) == LENGTH and not symbols.is_data(address):
        text = instructions.disassemble(code, address, symbols.shown)
        if text is not None:
            return _Part(text, code, _named_values(code, symbols.at, instructions))
    data = segment.data[offset : offset + free]
    zeros = len(data) - len(data.lstrip(b"\0"))
    if zeros >= FEWEST_ZEROS:
        if zeros < len(data):
            zeros -= (address + zeros) % LENGTH
        return _Part(f".space {zeros}", data[:zeros])
    if address % _WORD == 0 and len(data) >= _WORD:
        word = int.from_bytes(data[:_WORD], "little")
        remark = next(iter(symbols.at(word)), _characters(data[:_WORD]))
        return _Part(f".word {word:#x}", data[:_WORD], remark)
    return _Part(f".byte {data[0]:#x}", data[:1], _characters(data[:1]))


def _named_values(
    code: bytes, names: Callable[[int], list[str]], instructions: InstructionSet
) -> str:
    decoded = instructions.decode(int.from_bytes(code, "little"))
    if decoded is None:
        return ""
    pairs = zip(decoded.row.fields, decoded.operands, strict=True)
    return ", ".join(
        names(operand)[0] for field, operand in pairs if field.kind is Kind.VALUE and names(operand)
    )


def _characters(data: bytes) -> str:
    """Give data as characters where it looks like text."""
    text = data.decode("latin-1")
    return repr(text)[1:-1] if text.isascii() and text.rstrip("\0\n").isprintable() else ""


def _line(part: _Part, address: int) -> str:
    shown = part.data[:LENGTH].hex(" ") + (" …" if len(part.data) > LENGTH else "")
    comment = f"; {address:08x}  {shown}"
    if part.remark:
        comment = f"{comment:<36}  {part.remark}"
    return f"{_INDENT}{part.statement:<{_WIDTH - len(_INDENT)}}{comment}".rstrip()
