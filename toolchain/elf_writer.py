"""A program as an ELF file (isa §8).

Knows sections and where they lie in the file. Must not know what debugging information says.
The same program always gives the same bytes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from isa_spec.formats import LENGTH
from toolchain import elf
from toolchain.dwarf import debug_sections
from toolchain.elf import SectionFlag, SectionType, SegmentFlag, SymbolType
from toolchain.images import SymbolKind
from toolchain.program import Program, Section, Segment, Symbol

SECTION_FLAGS: Final = {
    Section.TEXT: SectionFlag.ALLOC | SectionFlag.EXECUTE,
    Section.DATA: SectionFlag.ALLOC | SectionFlag.WRITE,
}
SEGMENT_FLAGS: Final = {
    Section.TEXT: SegmentFlag.READ | SegmentFlag.EXECUTE,
    Section.DATA: SegmentFlag.READ | SegmentFlag.WRITE,
}
SYMBOL_TYPES: Final = {
    SymbolKind.FUNCTION: SymbolType.FUNC,
    SymbolKind.OBJECT: SymbolType.OBJECT,
    SymbolKind.LABEL: SymbolType.NOTYPE,
}


@dataclass(frozen=True, slots=True)
class _Section:
    """A section to be: its header's fields beside name and offset, and its bytes."""

    name: str
    type: SectionType
    data: bytes
    flags: int = 0
    address: int = 0
    link: int = 0
    info: int = 0
    alignment: int = 1
    entry_size: int = 0


class _Strings:
    """A table of strings that end with a zero byte."""

    def __init__(self) -> None:
        self.data = bytearray(1)
        self._offsets = {"": 0}

    def offset(self, text: str) -> int:
        """Give where a string is, adding it where it is new."""
        if text not in self._offsets:
            self._offsets[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return self._offsets[text]


def elf_file(program: Program) -> bytes:
    """Give a program as an ELF file, with symbols and debugging information."""
    sections = list(_sections(program))
    names = _Strings()
    for section in sections:
        names.offset(section.name)
    names.offset(".shstrtab")
    sections.append(_Section(".shstrtab", SectionType.STRTAB, bytes(names.data)))

    body_start = elf.HEADER.sizeof() + elf.SEGMENT.sizeof() * len(program.segments)
    body = bytearray()
    offsets = []
    for section in sections:
        body += bytes(-(body_start + len(body)) % section.alignment)
        offsets.append(body_start + len(body) if section.type is not SectionType.NULL else 0)
        body += section.data
    body += bytes(-(body_start + len(body)) % 4)
    header = elf.HEADER.build(
        {
            "identification": {
                "magic": elf.MAGIC,
                "class_": elf.CLASS_32,
                "encoding": elf.LITTLE_ENDIAN,
                "version": elf.VERSION,
                "padding": bytes(9),
            },
            "type": elf.EXECUTABLE,
            "machine": elf.MACHINE,
            "version": elf.VERSION,
            "entry": program.entry,
            "segments_offset": elf.HEADER.sizeof() if program.segments else 0,
            "sections_offset": body_start + len(body),
            "flags": 0,
            "header_size": elf.HEADER.sizeof(),
            "segment_size": elf.SEGMENT.sizeof(),
            "segment_count": len(program.segments),
            "section_size": elf.SECTION.sizeof(),
            "section_count": len(sections),
            "names_section": len(sections) - 1,
        }
    )
    segments = (
        _segment_header(segment, offset)
        for segment, offset in zip(program.segments, offsets[1:], strict=False)
    )
    headers = (
        _section_header(section, names.offset(section.name), offset)
        for section, offset in zip(sections, offsets, strict=True)
    )
    return b"".join((header, *segments, body, *headers))


def _sections(program: Program) -> Iterator[_Section]:
    yield _Section("", SectionType.NULL, b"", alignment=1)
    yield from _loaded(program.segments)
    debug = debug_sections(program)
    for name, data in debug.items():
        yield _Section(name, SectionType.PROGBITS, data)
    strings = _Strings()
    symbols = list(_symbols(program, strings))
    first_global = next(
        (n for n, info in enumerate(symbols) if info[12] >> 4 == elf.Binding.GLOBAL), len(symbols)
    )
    strings_number = len(["", *program.segments, *debug, ".symtab"])
    yield _Section(
        ".symtab",
        SectionType.SYMTAB,
        b"".join(symbols),
        link=strings_number,
        info=first_global,
        alignment=4,
        entry_size=elf.SYMBOL.sizeof(),
    )
    yield _Section(".strtab", SectionType.STRTAB, bytes(strings.data))


def _loaded(segments: Sequence[Segment]) -> Iterator[_Section]:
    seen: set[Section] = set()
    for segment in segments:
        section = segment.section
        name = f"{section.value}.{segment.address:x}" if section in seen else section.value
        seen.add(section)
        flags = SECTION_FLAGS[section]
        alignment = min(segment.address & -segment.address, LENGTH)
        yield _Section(
            name, SectionType.PROGBITS, segment.data, flags, segment.address, alignment=alignment
        )


def _symbols(program: Program, strings: _Strings) -> Iterator[bytes]:
    yield bytes(elf.SYMBOL.sizeof())
    yield _symbol(
        strings.offset(PurePath(program.name).name), 0, 0, SymbolType.FILE, section=elf.ABSOLUTE
    )
    for is_global in (False, True):
        for symbol in program.symbols:
            if symbol.is_global is is_global:
                yield _symbol(
                    strings.offset(symbol.name),
                    symbol.address,
                    symbol.size,
                    SYMBOL_TYPES[symbol.kind],
                    elf.Binding(is_global),
                    _section_number(program.segments, symbol),
                )


def _symbol(
    name: int,
    value: int,
    size: int,
    type_: SymbolType,
    binding: elf.Binding = elf.Binding.LOCAL,
    section: int = elf.ABSOLUTE,
) -> bytes:
    built: bytes = elf.SYMBOL.build(
        {
            "name": name,
            "value": value,
            "size": size,
            "info": elf.symbol_info(binding, type_),
            "other": 0,
            "section": section,
        }
    )
    return built


def _section_number(segments: Iterable[Segment], symbol: Symbol) -> int:
    """Give the number of the section that a symbol is in, or at whose end it is."""
    holding = [
        n
        for n, segment in enumerate(segments, 1)
        if segment.address <= symbol.address <= segment.end
    ]
    return holding[-1] if holding else elf.ABSOLUTE


def _segment_header(segment: Segment, offset: int) -> bytes:
    built: bytes = elf.SEGMENT.build(
        {
            "type": elf.SegmentType.LOAD,
            "offset": offset,
            "virtual_address": segment.address,
            "physical_address": segment.address,
            "file_size": len(segment.data),
            "memory_size": len(segment.data),
            "flags": SEGMENT_FLAGS[segment.section],
            "alignment": 1,
        }
    )
    return built


def _section_header(section: _Section, name: int, offset: int) -> bytes:
    built: bytes = elf.SECTION.build(
        {
            "name": name,
            "type": section.type,
            "flags": section.flags,
            "address": section.address,
            "offset": offset,
            "size": len(section.data),
            "link": section.link,
            "info": section.info,
            "alignment": section.alignment if section.type is not SectionType.NULL else 0,
            "entry_size": section.entry_size,
        }
    )
    return built
