"""What a test sees of a machine's inside, and may change: registers and memory.

Changes are events like a debugger's. Memory is seen as the CPU sees it now, without side effects
and whatever the permissions, or by physical addresses.
"""

import difflib
from collections.abc import Iterator, MutableMapping
from typing import Final

from isa_spec.registers import BY_NAME, REGISTERS
from isa_spec.words import WORD
from machine.events import WriteRegister
from machine.machine import Machine
from soclet import views
from toolchain.images import Image

WORD_BYTES: Final = 4


class Symbols:
    """The addresses that an image gives names to."""

    def __init__(self, image: Image | None) -> None:
        self._image = image
        self._addresses = {s.name: s.address for s in image.symbols} if image is not None else {}

    def address(self, place: int | str) -> int:
        """Give an address, or that of a symbol; raise LookupError for a name that is none."""
        if isinstance(place, int):
            return place
        if place not in self._addresses:
            near = difflib.get_close_matches(place, self._addresses)
            meant = f"; is {' or '.join(near)} meant?" if near else ""
            of = "a machine without an image" if self._image is None else self._image.name
            raise LookupError(f"no symbol {place!r} in {of}{meant}")
        return self._addresses[place]


class Registers(MutableMapping[str, int]):
    """The registers by name: `r0`, `sp`, `pc`, `status` and so on."""

    def __init__(self, machine: Machine) -> None:
        self._machine: Final = machine

    def __getitem__(self, name: str) -> int:
        return self._machine.cpu.r[_number(name)]

    def __setitem__(self, name: str, value: int) -> None:
        self._machine.post(WriteRegister(_number(name), value & WORD))

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"register {name} stays: no register can be taken out")

    def __iter__(self) -> Iterator[str]:
        return (register.name for register in REGISTERS)

    def __len__(self) -> int:
        return len(REGISTERS)


def _number(name: str) -> int:
    if name not in BY_NAME:
        near = ", ".join(difflib.get_close_matches(name, BY_NAME)) or ", ".join(BY_NAME)
        raise LookupError(f"no register {name!r}; there are {near}")
    return BY_NAME[name].number


class MemoryView:
    """Memory by address or by symbol; `memory["counter"]` is the word there.

    physical: whether addresses are physical; else they are what the CPU sees now. Raises
    LookupError for what is not there.
    """

    def __init__(self, machine: Machine, symbols: Symbols, *, physical: bool = False) -> None:
        self._machine: Final = machine
        self._symbols: Final = symbols
        self._physical = physical

    @property
    def physical(self) -> "MemoryView":
        """The same by physical addresses."""
        return MemoryView(self._machine, self._symbols, physical=True)

    def __getitem__(self, place: int | str) -> int:
        return int.from_bytes(self.read(place, WORD_BYTES), "little")

    def __setitem__(self, place: int | str, word: int) -> None:
        self.write(place, (word & WORD).to_bytes(WORD_BYTES, "little"))

    def words(self, place: int | str, count: int) -> list[int]:
        """Give so many words from a place on."""
        data = self.read(place, WORD_BYTES * count)
        return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]

    def read(self, place: int | str, length: int) -> bytes:
        """Give so many bytes from a place on."""
        address = self._symbols.address(place)
        data = views.read(self._machine, address, length, virtual=not self._physical)
        if len(data) < length:
            raise LookupError(f"nothing is at {address + len(data):#x}{self._seen()}")
        return data

    def text(self, place: int | str, longest: int = 4096) -> str:
        """Give the text that ends with a zero byte, as UTF-8."""
        address = self._symbols.address(place)
        data = views.read(self._machine, address, longest, virtual=not self._physical)
        if b"\0" not in data:
            raise LookupError(f"no zero byte ends a text at {address:#x} within {len(data)} bytes")
        return data.partition(b"\0")[0].decode("utf-8", errors="backslashreplace")

    def write(self, place: int | str, data: bytes) -> None:
        """Write bytes, all of them or, where some are no memory, none."""
        address = self._symbols.address(place)
        if not views.write(self._machine, address, data, virtual=not self._physical):
            raise LookupError(
                f"{len(data)} bytes at {address:#x} are not all in memory{self._seen()}"
            )

    def _seen(self) -> str:
        return "" if self._physical else ", as the CPU sees memory now"
