"""The ELF32 format as construct structs and the numbers that go with them (isa §8).

Knows the layout of headers and symbols. Must not know what a program or an image is.
"""

from enum import IntEnum, IntFlag
from typing import Final

from construct import Bytes, Int8ul, Int16ul, Int32ul, Struct

MAGIC: Final = b"\x7fELF"
CLASS_32: Final = 1
LITTLE_ENDIAN: Final = 1
VERSION: Final = 1
EXECUTABLE: Final = 2
MACHINE: Final = 0x50C1
"""soclet's number: a private one (isa §8)."""


class SegmentType(IntEnum):
    """What a program header describes."""

    LOAD = 1


class SegmentFlag(IntFlag):
    """What may be done with a segment's memory."""

    EXECUTE = 1
    WRITE = 2
    READ = 4


class SectionType(IntEnum):
    """What a section holds."""

    NULL = 0
    PROGBITS = 1
    SYMTAB = 2
    STRTAB = 3
    NOBITS = 8


class SectionFlag(IntFlag):
    """What a section is."""

    WRITE = 1
    ALLOC = 2
    EXECUTE = 4


class Binding(IntEnum):
    """Who may see a symbol."""

    LOCAL = 0
    GLOBAL = 1


class SymbolType(IntEnum):
    """What a symbol names."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    FILE = 4


ABSOLUTE: Final = 0xFFF1
"""The section number of what is in no section."""

IDENTIFICATION: Final = Struct(
    "magic" / Bytes(4),
    "class_" / Int8ul,
    "encoding" / Int8ul,
    "version" / Int8ul,
    "padding" / Bytes(9),
)
HEADER: Final = Struct(
    "identification" / IDENTIFICATION,
    "type" / Int16ul,
    "machine" / Int16ul,
    "version" / Int32ul,
    "entry" / Int32ul,
    "segments_offset" / Int32ul,
    "sections_offset" / Int32ul,
    "flags" / Int32ul,
    "header_size" / Int16ul,
    "segment_size" / Int16ul,
    "segment_count" / Int16ul,
    "section_size" / Int16ul,
    "section_count" / Int16ul,
    "names_section" / Int16ul,
)
SEGMENT: Final = Struct(
    "type" / Int32ul,
    "offset" / Int32ul,
    "virtual_address" / Int32ul,
    "physical_address" / Int32ul,
    "file_size" / Int32ul,
    "memory_size" / Int32ul,
    "flags" / Int32ul,
    "alignment" / Int32ul,
)
SECTION: Final = Struct(
    "name" / Int32ul,
    "type" / Int32ul,
    "flags" / Int32ul,
    "address" / Int32ul,
    "offset" / Int32ul,
    "size" / Int32ul,
    "link" / Int32ul,
    "info" / Int32ul,
    "alignment" / Int32ul,
    "entry_size" / Int32ul,
)
SYMBOL: Final = Struct(
    "name" / Int32ul,
    "value" / Int32ul,
    "size" / Int32ul,
    "info" / Int8ul,
    "other" / Int8ul,
    "section" / Int16ul,
)


def symbol_info(binding: Binding, type_: SymbolType) -> int:
    """Give a symbol's `info`: its binding and its type in one byte."""
    return binding << 4 | type_
