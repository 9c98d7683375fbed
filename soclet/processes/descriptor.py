"""The process descriptor: a table in the guest's memory that says where its processes are.

Knows its layout and how to find it. Must not know what is done with a process.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

from construct import Array, Const, Int32ul, Struct

from isa_spec.paging import PAGE, PAGE_SHIFT
from isa_spec.registers import LINK, PC, SP, STATUS
from isa_spec.words import WORD
from machine.memory import Memory

MAGIC: Final = b"soclet-p"
VERSION: Final = 1
NONE: Final = WORD
"""The offset of what a process does not have."""

SAVED: Final = (*range(SP + 1), PC, LINK, STATUS)
"""The registers that a kernel saves of a process, in the order of the table."""

LAYOUT: Final = Struct(
    "magic" / Const(MAGIC) * "`soclet-p`, at a multiple of 4",
    "version" / Int32ul * "1",
    "current" / Int32ul * "address of the word with the address of the running process, or 0",
    "first" / Int32ul * "address of the word with the address of the first process, or 0",
    "next" / Int32ul * "offset of the word with the address of the next process, or 0",
    "pid" / Int32ul * "offset of its number, 1 or more, no two the same",
    "name" / Int32ul * "offset of its name: a character a word, a zero word behind it; or none",
    "state" / Int32ul * "offset of the number of its state, or none",
    "states" / Int32ul * "address of the states' names, written as `.asciz`, in order; or 0",
    "ptbr" / Int32ul * "offset of its ptbr, or none",
    "save" / Int32ul * "offset of the word with the address of its saved registers, or none: "
    "they are in the process itself",
    "registers" / Array(len(SAVED), Int32ul) * "offsets, from there, of r0 to r15, pc, link and "
    "status as they are while it does not run, or none",
)
"""Words, little-endian; addresses are physical, offsets are bytes from a process's address."""

_ADDRESSES: Final = ("current", "first")


class DescriptorError(ValueError):
    """A descriptor that cannot be used: where it is, and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """A descriptor in memory, at `address`; the fields are those of the layout, None for none."""

    address: int
    current: int
    first: int
    next: int
    pid: int
    name: int | None
    state: int | None
    states: int
    ptbr: int | None
    save: int | None
    registers: tuple[int | None, ...]

    def is_in(self, address: int, length: int) -> bool:
        """Tell whether any of its bytes are in a range."""
        return address < self.address + LAYOUT.sizeof() and self.address < address + length

    @classmethod
    def read(cls, memory: Memory, address: int) -> Self:
        """Read the one at a physical address. Raises DescriptorError."""
        if not memory.holds(address, LAYOUT.sizeof()):
            raise DescriptorError(f"the process descriptor at {address:#x} is cut off")
        fields = LAYOUT.parse(memory.read(address, LAYOUT.sizeof()))
        if fields.version != VERSION:
            raise DescriptorError(
                f"the process descriptor at {address:#x} is of version {fields.version}; "
                f"{VERSION} is known"
            )
        for name in _ADDRESSES:
            if fields[name] % 4 or not memory.holds(fields[name], 4):
                raise DescriptorError(
                    f"the process descriptor at {address:#x}: {name} is {fields[name]:#x}, "
                    "which is no word in memory"
                )
        return cls(
            address,
            **{name: _plain(fields[name]) for name in cls.__slots__ if name in fields},
        )


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_plain(each) for each in value)
    return None if value == NONE else value


def find(memory: Memory) -> Descriptor | None:
    """Find the first one that can be used; None where there is none.

    Raises DescriptorError where there are only such as cannot be used.
    """
    error = None
    for address in _magics(memory):
        try:
            return Descriptor.read(memory, address)
        except DescriptorError as wrong:
            error = error or wrong
    if error is not None:
        raise error
    return None


def has_magic(memory: Memory, address: int, length: int) -> bool:
    """Tell whether any byte of a range in memory may belong to a descriptor's magic."""
    around = len(MAGIC) - 1
    start, end = address - around, address + length + around
    return MAGIC in memory.read(start, min(end, memory.size) - start)


def _magics(memory: Memory) -> Iterator[int]:
    """Give the addresses at which a descriptor may begin."""
    for page in sorted(memory.touched):
        start = page << PAGE_SHIFT
        data = memory.read(start, min(PAGE + len(MAGIC) - 4, memory.size - start))
        at = data.find(MAGIC)
        while at >= 0:
            if at % 4 == 0:
                yield start + at
            at = data.find(MAGIC, at + 1)
