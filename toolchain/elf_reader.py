"""An image from an ELF file (isa §8).

Knows which ELF files this machine takes. Reads with the structs of toolchain.elf, which are
there for the writer: a library for it costs a tenth of the time from start to first instruction.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from construct import Array, Construct, StreamError

from toolchain import elf
from toolchain.elf import SectionType, SegmentType, SymbolType
from toolchain.images import Image, ImageError, ImageSymbol, LoadSegment, Source, SymbolKind

if TYPE_CHECKING:
    from toolchain.program import FunctionFrame, LineSequence

KINDS = {SymbolType.FUNC: SymbolKind.FUNCTION, SymbolType.OBJECT: SymbolKind.OBJECT}


def read_elf(source: Source) -> Image:
    """Read an ELF file; raise ImageError where it is malformed or for another machine."""
    reader = _Reader(source)
    header = reader.header()
    segments = tuple(reader.segments(header))
    symbols = tuple(reader.symbols(header))
    return Image(
        source.name,
        "ELF",
        segments,
        header.entry,
        symbols,
        lambda: _lines(source.data),
        frames=lambda: _frames(source.data),
        directories=lambda: _directories(source.data),
    )


def _lines(data: bytes) -> "tuple[LineSequence, ...]":
    from toolchain.line_reader import read_lines

    return read_lines(data)


def _frames(data: bytes) -> "tuple[FunctionFrame, ...]":
    from toolchain.frame_reader import read_frames

    return read_frames(data)


def _directories(data: bytes) -> tuple[PurePath, ...]:
    from toolchain.line_reader import read_directories

    return read_directories(data)


class _Reader:
    """A file being read, with sentences for what is wrong with it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def header(self) -> Any:
        """Give the file's header, checked."""
        identification = self._parse(elf.IDENTIFICATION, 0, "header")
        self._expect(identification.magic == elf.MAGIC, "not an ELF file", "it begins otherwise")
        self._expect(
            identification.class_ == elf.CLASS_32, "an ELF file of another class", "ELF32 is right"
        )
        self._expect(
            identification.encoding == elf.LITTLE_ENDIAN,
            "an ELF file of another byte order",
            "little-endian is right",
        )
        header = self._parse(elf.HEADER, 0, "header")
        self._expect(
            header.machine == elf.MACHINE,
            f"an ELF file for machine {header.machine:#x}",
            f"soclet is {elf.MACHINE:#x}",
        )
        self._expect(
            header.type == elf.EXECUTABLE,
            f"an ELF file of type {header.type}",
            f"only executables, type {elf.EXECUTABLE}, can be loaded",
        )
        return header

    def segments(self, header: Any) -> Iterator[LoadSegment]:
        """Give what is to be loaded; what the file leaves out of a segment is zeros."""
        self._expect(
            not header.segment_count or header.segment_size == elf.SEGMENT.sizeof(),
            f"malformed: program headers of {header.segment_size} bytes",
            f"they have {elf.SEGMENT.sizeof()}",
        )
        table = self._table(
            elf.SEGMENT, header.segments_offset, header.segment_count, "program headers"
        )
        for n, segment in enumerate(table):
            if segment.type != SegmentType.LOAD:
                continue
            data = self._bytes(segment.offset, segment.file_size, f"segment {n}")
            zeros = segment.memory_size - segment.file_size
            self._expect(
                zeros >= 0,
                f"malformed: segment {n} has more bytes in the file than in memory",
                "it must have no more",
            )
            self._expect(
                segment.physical_address + segment.memory_size <= 1 << 31,
                f"segment {n} at {segment.physical_address:#x} of {segment.memory_size:#x} bytes "
                "lies outside any memory",
                "memory ends at 0x7fffffff at the most",
            )
            linked = segment.virtual_address
            yield LoadSegment(
                segment.physical_address,
                data + bytes(zeros),
                None if linked == segment.physical_address else linked,
            )

    def symbols(self, header: Any) -> Iterator[ImageSymbol]:
        """Give the named addresses."""
        self._expect(
            not header.section_count or header.section_size == elf.SECTION.sizeof(),
            f"malformed: section headers of {header.section_size} bytes",
            f"they have {elf.SECTION.sizeof()}",
        )
        sections = self._table(
            elf.SECTION, header.sections_offset, header.section_count, "section headers"
        )
        for n, section in enumerate(sections):
            if section.type not in (SectionType.NULL, SectionType.NOBITS):
                self._bytes(section.offset, section.size, f"section {n}")
        for n, section in enumerate(sections):
            if section.type == SectionType.SYMTAB:
                self._expect(
                    section.link < len(sections),
                    f"malformed: section {n} has its names in section {section.link}",
                    f"there are {len(sections)} sections",
                )
                yield from self._named(section, sections[section.link])

    def _named(self, table: Any, names: Any) -> Iterator[ImageSymbol]:
        strings = self._bytes(names.offset, names.size, "string table")
        count = table.size // elf.SYMBOL.sizeof()
        for symbol in self._table(elf.SYMBOL, table.offset, count, "symbol table"):
            kind = symbol.info & 0xF
            name = strings[symbol.name : strings.find(b"\0", symbol.name)]
            if name and kind not in (SymbolType.FILE, SymbolType.SECTION) and symbol.section:
                yield ImageSymbol(
                    name.decode(errors="replace"),
                    symbol.value,
                    symbol.size,
                    KINDS.get(kind, SymbolKind.LABEL),
                )

    def _table(self, struct: Construct, offset: int, count: int, what: str) -> Any:
        return self._parse(Array(count, struct), offset, what)

    def _parse(self, struct: Construct, offset: int, what: str) -> Any:
        try:
            return struct.parse(self._source.data[offset:])
        except StreamError:
            raise self._truncated(what) from None

    def _bytes(self, offset: int, size: int, what: str) -> bytes:
        if offset + size > len(self._source.data):
            raise self._truncated(what)
        return self._source.data[offset : offset + size]

    def _truncated(self, what: str) -> ImageError:
        name, length = self._source.name, len(self._source.data)
        return ImageError(
            f"{name}: ELF file truncated after {length} bytes, {what} missing or cut; "
            "a whole file is needed"
        )

    def _expect(self, holds: bool, what: str, right: str) -> None:
        if not holds:
            raise ImageError(f"{self._source.name}: {what}; {right}")
