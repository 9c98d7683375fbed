"""A program: what the assembler makes of a source and what object files are written from.

Knows values only. Must not know how they came about, nor any file format.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import PurePath
from typing import Final

from toolchain.images import ASSEMBLY, Image, ImageSymbol, LoadSegment, SymbolKind

ENTRY: Final = 0x1000
"""Where every program begins (isa §8)."""


class Section(Enum):
    """The two kinds of bytes that a source has."""

    TEXT = ".text"
    DATA = ".data"


class Element(Enum):
    """What a labelled object is made of: a name for its type, and the bytes of one element."""

    WORD = ("word", 4)
    BYTE = ("byte", 1)
    CHARACTER = ("character", 1)
    WIDE_CHARACTER = ("wide character", 4)

    @property
    def bytes(self) -> int:
        """The bytes of one element."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes at consecutive addresses."""

    section: Section
    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The first address beyond it."""
        return self.address + len(self.data)


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a source file, counted from 1."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Symbol:
    """A named address; `size` in bytes, 0 where it has none."""

    name: str
    address: int
    size: int
    kind: SymbolKind
    is_global: bool
    source: SourceLine


@dataclass(frozen=True, slots=True)
class Constant:
    """A name that .equ gives a value, as an unsigned word."""

    name: str
    value: int
    source: SourceLine


@dataclass(frozen=True, slots=True)
class DataObject:
    """Labelled data: `count` elements that the first directive after the label declares."""

    symbol: Symbol
    element: Element
    count: int


@dataclass(frozen=True, slots=True)
class LineRow:
    """From this address on, the instructions belong to a line."""

    address: int
    source: SourceLine


@dataclass(frozen=True, slots=True)
class LineSequence:
    """The line rows of instructions without a gap, up to `end`."""

    rows: tuple[LineRow, ...]
    end: int


class How(Enum):
    """Where the caller's value of a register is, once a function has begun."""

    SAME = "same"
    UNDEFINED = "undefined"
    OFFSET = "offset"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Rule:
    """How to find a register's value in the caller.

    OFFSET: in memory, `offset` bytes from the canonical frame address, which is the caller's sp.
    VALUE: it is that address plus `offset`.
    """

    how: How
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FrameRow:
    """From this address on, the frame lies so.

    The canonical frame address is register `base` plus `offset`. `rules` holds, in the order of
    the registers' numbers, a rule for each register that the callee must keep. Registers by
    their own numbers, not by those of debugging information.
    """

    address: int
    base: int
    offset: int
    rules: tuple[tuple[int, Rule], ...]


@dataclass(frozen=True, slots=True)
class FunctionFrame:
    """A function's frame rows, in the order of their addresses, from `start` up to `end`."""

    start: int
    end: int
    rows: tuple[FrameRow, ...]


@dataclass(frozen=True, slots=True)
class Function:
    """What .func declares; the first frame row is that of its first instruction."""

    symbol: Symbol
    frame: tuple[FrameRow, ...]

    @property
    def end(self) -> int:
        """The first address beyond it."""
        return self.symbol.address + self.symbol.size


@dataclass(frozen=True, slots=True)
class ListedLine:
    """A line of a source with what became of it; `address` None where nothing did."""

    source: SourceLine
    text: str
    address: int | None
    data: bytes


@dataclass(frozen=True, slots=True)
class Program:
    """An assembled program.

    `name` is the source as it was named, `directory` where it lies. Segments, symbols and line
    sequences are in the order of their addresses, constants in the source's.
    """

    name: str
    directory: PurePath
    files: tuple[str, ...]
    segments: tuple[Segment, ...]
    symbols: tuple[Symbol, ...]
    constants: tuple[Constant, ...]
    sequences: tuple[LineSequence, ...]
    functions: tuple[Function, ...]
    objects: tuple[DataObject, ...]
    listed: tuple[ListedLine, ...]
    entry: int = ENTRY

    def elf(self) -> bytes:
        """Give the program as an ELF file with debugging information (isa §8)."""
        from toolchain.elf_writer import elf_file

        return elf_file(self)

    def image(self) -> Image:
        """Give what is to be loaded."""
        segments = tuple(LoadSegment(part.address, part.data) for part in self.segments)
        symbols = tuple(
            ImageSymbol(symbol.name, symbol.address, symbol.size, symbol.kind)
            for symbol in self.symbols
        )
        return Image(
            self.name,
            ASSEMBLY.name,
            segments,
            self.entry,
            symbols,
            self.shown_lines,
            self.files,
            self.frames,
            lambda: (self.directory,),
        )

    def frames(self) -> tuple[FunctionFrame, ...]:
        """Give the frames of the functions that have instructions, by address."""
        frames = (
            FunctionFrame(function.symbol.address, function.end, function.frame)
            for function in self.functions
            if function.frame
        )
        return tuple(sorted(frames, key=lambda frame: frame.start))

    def shown_lines(self) -> tuple[LineSequence, ...]:
        """Give the line sequences with files named as debuggers show them."""
        from toolchain.dwarf.encoding import file_name

        names = {file: file_name(self, file) for file in self.files}

        def shown(row: LineRow) -> LineRow:
            return LineRow(row.address, SourceLine(names[row.source.file], row.source.line))

        return tuple(
            LineSequence(tuple(shown(row) for row in sequence.rows), sequence.end)
            for sequence in self.sequences
        )
