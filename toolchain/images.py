"""Images: what can be loaded into memory, read from whatever file holds it.

Knows files, formats' names and what makes an image loadable. Each format's own reading is in a
module of its own, imported only where it is used: start-up time counts.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Final

from isa_spec.memory_map import LARGEST_MEMORY, MEMORY_START
from isa_spec.registers import RESET_PC
from toolchain.elf import MAGIC
from toolchain.input_files import read_bytes

if TYPE_CHECKING:
    from toolchain.program import FunctionFrame, LineSequence


class ImageError(Exception):
    """An image that cannot be loaded: one line saying what, where and what would be right."""


@dataclass(frozen=True, slots=True)
class LoadSegment:
    """Bytes to be put at a physical address.

    `linked` is the virtual address that symbols and lines know them by; None for the same one.
    """

    address: int
    data: bytes
    linked: int | None = None

    @property
    def known_as(self) -> int:
        """The address that symbols and lines know its first byte by."""
        return self.address if self.linked is None else self.linked

    @property
    def end(self) -> int:
        """The first address beyond it."""
        return self.address + len(self.data)


class SymbolKind(Enum):
    """What a symbol's address is the address of."""

    FUNCTION = "function"
    OBJECT = "object"
    LABEL = "label"


@dataclass(frozen=True, slots=True)
class ImageSymbol:
    """A name for a virtual address; `size` in bytes, 0 where it is not known."""

    name: str
    address: int
    size: int = 0
    kind: SymbolKind = SymbolKind.LABEL


@dataclass(frozen=True, slots=True)
class Image:
    """What a file says is to be loaded.

    `entry` is None where the file does not say where to begin. Segments are in the order of
    their addresses, do not overlap and have at least a byte each. `lines` reads which source line
    each instruction is from, `frames` where each function's caller is, both by virtual addresses
    and in their order; `directories` reads what the lines' files are named from. Few images are
    ever asked. `files`: those that an assembly source was read from, itself first.
    """

    name: str
    format: str
    segments: tuple[LoadSegment, ...]
    entry: int | None = None
    symbols: tuple[ImageSymbol, ...] = ()
    lines: "Callable[[], tuple[LineSequence, ...]]" = field(default=tuple, compare=False)
    files: tuple[str, ...] = ()
    frames: "Callable[[], tuple[FunctionFrame, ...]]" = field(default=tuple, compare=False)
    directories: Callable[[], tuple[PurePath, ...]] = field(default=tuple, compare=False)


@dataclass(frozen=True, slots=True)
class Source:
    """A file's bytes on their way to an image."""

    name: str
    data: bytes
    load_address: int

    @property
    def suffix(self) -> str:
        """What the file's name ends with, in small letters."""
        return PurePath(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    `claims` tells from the first bytes alone that a file is of this kind, `suffixes` are for
    files that do not say. `read` may raise ImageError.
    """

    name: str
    suffixes: tuple[str, ...]
    claims: Callable[[bytes], bool]
    read: Callable[[Source], Image]


def _read_elf(source: Source) -> Image:
    from toolchain.elf_reader import read_elf

    return read_elf(source)


def _read_hex(source: Source) -> Image:
    from toolchain.records import read_hex

    return read_hex(source)


def _read_srec(source: Source) -> Image:
    from toolchain.records import read_srec

    return read_srec(source)


def _read_assembly(source: Source) -> Image:
    from toolchain.assembler import assemble

    try:
        text = source.data.decode()
    except UnicodeDecodeError:
        raise ImageError(f"{source.name}: not text; an assembly source is in UTF-8") from None
    return assemble(source.name, text).image()


def _read_raw(source: Source) -> Image:
    if source.suffix not in RAW.suffixes and _is_text(source.data):
        known = ", ".join(f"{kind.name} ({' '.join(kind.suffixes)})" for kind in FORMATS)
        raise ImageError(f"{source.name}: text of an unknown kind; known are {known}")
    segment = LoadSegment(source.load_address, source.data)
    return Image(source.name, RAW.name, (segment,))


ELF: Final = Format(
    "ELF", (".elf",), lambda data: MAGIC.startswith(data[:4]) and data != b"", _read_elf
)
HEX: Final = Format(
    "Intel HEX", (".hex", ".ihex", ".ihx"), lambda data: data[:1] == b":", _read_hex
)
SREC: Final = Format(
    "S-record",
    (".srec", ".s19", ".s28", ".s37", ".mot"),
    lambda data: data[:1] == b"S" and data[1:2].isdigit() and data[2:4].isalnum(),
    _read_srec,
)
ASSEMBLY: Final = Format("assembly", (".s", ".asm"), lambda _: False, _read_assembly)
RAW: Final = Format("raw", (".bin", ".raw", ".img"), lambda _: False, _read_raw)
FORMATS: Final = (ELF, HEX, SREC, ASSEMBLY, RAW)
"""The formats, in the order in which they are asked."""


def format_of(name: str, data: bytes) -> Format:
    """Tell the format of a file, by what it holds before what it is called."""
    suffix = PurePath(name).suffix.lower()
    named = next((kind for kind in FORMATS if suffix in kind.suffixes), None)
    if named in (ASSEMBLY, RAW) and not ELF.claims(data):
        return named or RAW
    return next((kind for kind in FORMATS if kind.claims(data)), named or RAW)


def load_image(
    source: str | os.PathLike[str] | bytes,
    *,
    memory_size: int = LARGEST_MEMORY,
    load_address: int = MEMORY_START,
    name: str | None = None,
) -> Image:
    """Read an image from a file, or from a file's bytes, and check that it can be loaded.

    `memory_size`: the machine's, in bytes; also the first address beyond memory.
    `load_address`: where a raw image goes. `name`: what the file is called in errors and tells
    its format; needed for bytes of an assembly source.

    Raises ImageError, and AssemblyErrors for an assembly source that is wrong.
    """
    if isinstance(source, bytes):
        shown, data = name or "image", source
    else:
        shown = name or os.fspath(source)
        data = _contents(Path(source), shown)
    if not data:
        raise ImageError(f"{shown}: the file is empty; it must hold an image")
    image = format_of(shown, data).read(Source(shown, data, load_address))
    return _checked(image, memory_size)


def _contents(path: Path, shown: str) -> bytes:
    try:
        return read_bytes(path)
    except IsADirectoryError:
        raise ImageError(f"{shown}: a directory; name a file that holds an image") from None
    except OSError as error:
        raise ImageError(
            f"{shown}: cannot be read: {error.strerror}; name a file that holds an image"
        ) from None


def _checked(image: Image, memory_size: int) -> Image:
    segments = tuple(sorted((s for s in image.segments if s.data), key=lambda s: s.address))
    name = image.name
    if not segments:
        raise ImageError(f"{name}: nothing to load; an image needs at least one byte")
    for one, other in pairwise(segments):
        if one.end > other.address:
            raise ImageError(
                f"{name}: the bytes at {other.address:#x} overlap those from {one.address:#x} to "
                f"{one.end - 1:#x}; each address may be given once"
            )
    lowest, highest = segments[0], segments[-1]
    if lowest.address < MEMORY_START:
        raise ImageError(
            f"{name}: bytes at {lowest.address:#x}, in the I/O page; "
            f"memory begins at {MEMORY_START:#x}"
        )
    if highest.end > memory_size:
        raise ImageError(
            f"{name}: bytes up to {highest.end - 1:#x}, but memory ends at {memory_size - 1:#x}; "
            f"a machine with at least {highest.end + -highest.end % 4096} bytes would hold it"
        )
    if image.entry not in (None, RESET_PC):
        raise ImageError(
            f"{name}: begins at {image.entry:#x}, but the machine begins at {RESET_PC:#x}; "
            f"put the first instruction there"
        )
    return replace(image, segments=segments)


def _is_text(data: bytes) -> bool:
    try:
        return all(character.isprintable() or character in "\t\r\n" for character in data.decode())
    except UnicodeDecodeError:
        return False
