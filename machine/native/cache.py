"""The code cache: blocks of machine code, linked to each other, dropped when memory changes.

Knows where blocks lie and which instructions they were made of. Must not know the CPU's state, or
how pages are translated: a block is known by both of its addresses.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.instruction import InstructionSet
from isa_spec.paging import PAGE_SHIFT
from isa_spec.words import WORD_BYTES
from machine.coverage import Coverage
from machine.memory import Memory
from machine.native.backend import Backend
from machine.native.builder import Builder, Code, Instruction, Left
from machine.native.host import Region
from machine.native.marks import Marks
from machine.native.piece import Common, Mode

CAPACITY: Final = 32 << 20
"""Bytes of machine code; when they are full, everything is dropped."""

_LARGEST: Final = 1 << 16
"""Bytes that one block takes, at most."""

_RESTLESS: Final = 8
"""An instruction that was rewritten so often is stepped from then on."""

Key = tuple[Mode, int, int]
"""A block's mode, the address that the program has it at, and its physical address."""


@dataclass(slots=True)
class Link:
    """A jump to another block: its hole, where it goes while there is none, and where it leads."""

    hole: int
    stub: int
    to: Key


@dataclass(eq=False, slots=True)
class Block:
    """Machine code for instructions that follow each other.

    `length` is how many it executes at most; 0 where the first is to be stepped. `entry` and
    `careful` are addresses of the host; the careful code may be entered with any budget, and is
    made when it is first needed. `short` is the hole by which it is reached from then on.
    """

    key: Key
    instructions: list[Instruction]
    length: int
    marked: list[int]
    entry: int = 0
    careful: int = 0
    short: int = 0
    links: list[Link] = field(default_factory=list)

    @property
    def pc(self) -> int:
        """Where the program has it."""
        return self.key[1]

    @property
    def end(self) -> int:
        """The address after its last instruction, which may be 2³²."""
        return self.pc + LENGTH * len(self.instructions)


class Cache:
    """All blocks. `dropped` is called with each that is dropped."""

    def __init__(
        self,
        host: Backend,
        memory: Memory,
        instructions: InstructionSet,
        marks: Marks,
        frame: int,
        dropped: Callable[[Block], None],
    ) -> None:
        self._host: Final = host
        self._memory: Final = memory
        self._marks: Final = marks
        self._dropped: Final = dropped
        self._ports: Final[set[int]] = set()
        self._builder: Final = Builder(
            host,
            instructions,
            memory.size,
            self._word_at,
            self._is_restless,
            self._ports.__contains__,
        )
        self._region: Final = Region(CAPACITY, executable=True)
        self._shared: Final = host.shared(frame, memory.size)
        self._region.bytes[: len(self._shared.code)] = self._shared.code
        self._used = len(self._shared.code)
        self._blocks: Final[dict[Key, Block]] = {}
        self._of_page: Final[dict[int, list[Block]]] = {}
        self._incoming: Final[dict[Key, list[Link]]] = {}
        self._rewritten: Final[Counter[int]] = Counter()
        self._stops: frozenset[int] = frozenset()
        self._cuts: set[int] = set()

    @property
    def enter(self) -> int:
        """The host's address of the function that enters machine code."""
        return self._region.address + self._shared.enter

    @property
    def missed(self) -> int:
        """The host's address to jump to for want of a block."""
        return self._region.address + self._shared.parts[Common.MISSED]

    def block(self, key: Key) -> Block:
        """Give the block at a place, making it where there is none."""
        block = self._blocks.get(key)
        if block is None:
            block = self._make(key)
        return block

    def stop_before(self, addresses: frozenset[int]) -> None:
        """Have machine code return before the instructions at these addresses.

        Blocks that once ended before an address do so from then on: a debugger takes its
        breakpoints away at each stop, and sets them again.
        """
        new = addresses - self._stops
        self._stops = addresses
        if new:
            self._cuts |= new
            for block in list(self._blocks.values()):
                if any(block.pc <= address < block.end for address in new):
                    self._drop(block)

    def careful(self, block: Block) -> int:
        """Give the address of a block's careful code."""
        if not block.careful:
            self._make_room()
            if block.key not in self._blocks:
                block = self.block(block.key)
            block.careful = self._place(block, careful=True)
            self._host.fill(self._region.bytes, block.short, block.careful - self._region.address)
        return block.careful

    def leave(self, left: Left) -> None:
        """Have no machine code do these from now on."""
        if left != self._builder.left:
            self._builder.left = left
            self.forget()

    def accesses(self, physical: int) -> bool:
        """Tell whether the instruction at a physical address loads or stores."""
        return self._builder.accesses(self._word_at(physical))

    def cover(self, coverage: Coverage | None) -> None:
        """Have no machine code do what coverage has not seen yet."""
        if coverage is not self._builder.coverage:
            self._builder.coverage = coverage
            self.forget()

    def uses_port(self, physical: int) -> None:
        """Have a load or store at a physical address look for ports, not only for memory."""
        if physical not in self._ports:
            self._ports.add(physical)
            self.make_anew(physical)

    def make_anew(self, physical: int) -> None:
        """Drop the blocks that the instruction at a physical address is in."""
        for block in list(self._of_page.get(physical >> PAGE_SHIFT, ())):
            if block.key[2] <= physical < block.key[2] + LENGTH * len(block.instructions):
                self._drop(block)

    def written(self, address: int, length: int) -> None:
        """Drop what was made of a range within a page."""
        touched = [
            block
            for block in self._of_page.get(address >> PAGE_SHIFT, ())
            if any(address - LENGTH < at < address + length for at in block.marked)
        ]
        for block in touched:
            self._drop(block)
        if touched and length == WORD_BYTES:
            self._rewritten[address - address % LENGTH] += 1

    def forget(self) -> None:
        """Drop everything."""
        for block in list(self._blocks.values()):
            self._drop(block)
        self._incoming.clear()
        self._rewritten.clear()
        self._ports.clear()
        self._used = len(self._shared.code)

    def _word_at(self, physical: int) -> int:
        words, index = self._memory.words, physical >> 2
        return words[index] | words[index + 1] << 32

    def _is_restless(self, physical: int) -> bool:
        return self._rewritten[physical] >= _RESTLESS

    def _make_room(self) -> None:
        if self._used + _LARGEST > CAPACITY:
            self.forget()

    def _make(self, key: Key) -> Block:
        self._make_room()
        mode, pc, physical = key
        instructions = self._builder.gather(mode, pc, physical, self._cuts)
        length = sum(instruction.decoded is not None for instruction in instructions)
        addresses = [physical + LENGTH * index for index in range(len(instructions))]
        marked = [address for address in addresses if not self._is_restless(address)]
        block = Block(key, instructions, length, marked)
        self._blocks[key] = block
        self._of_page.setdefault(physical >> PAGE_SHIFT, []).append(block)
        self._marks.add(marked)
        if length:
            block.entry = self._place(block, careful=False)
            self._aim(key, block.entry - self._region.address)
        return block

    def _place(self, block: Block, *, careful: bool) -> int:
        """Put a block's code into the region; give its address."""
        code = self._builder.build(block.key[0], block.instructions, careful=careful)
        start = self._used
        self._used += len(code.bytes) + -len(code.bytes) % 16
        self._region.bytes[start : start + len(code.bytes)] = code.bytes
        if not careful:
            block.short = start + code.short
        self._join(block, code, start)
        return self._region.address + start

    def _join(self, block: Block, code: Code, start: int) -> None:
        """Lead a block's ways out to shared code and to other blocks."""
        mode, pc, physical = block.key
        for at, goal in code.shared:
            self._host.fill(self._region.bytes, start + at, self._shared.parts[goal])
        for hole, to, stub in code.links:
            key = (mode, to, to if not mode.table else physical + to - pc)
            link = Link(start + hole, start + stub, key)
            block.links.append(link)
            self._incoming.setdefault(key, []).append(link)
            other = self._blocks.get(key)
            if other is not None and other.entry:
                self._host.fill(self._region.bytes, link.hole, other.entry - self._region.address)

    def _aim(self, key: Key, offset: int | None) -> None:
        """Lead all links to a place to its code, or to their stubs."""
        for link in self._incoming.get(key, ()):
            target = link.stub if offset is None else offset
            self._host.fill(self._region.bytes, link.hole, target)

    def _drop(self, block: Block) -> None:
        del self._blocks[block.key]
        self._of_page[block.key[2] >> PAGE_SHIFT].remove(block)
        self._marks.remove(block.marked)
        self._aim(block.key, None)
        for link in block.links:
            self._incoming[link.to].remove(link)
        self._dropped(block)
