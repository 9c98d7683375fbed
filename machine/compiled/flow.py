"""Basic blocks, and which of them belong together: what can be reached and leads back.

A region is what is compiled into one function: the blocks of the loop nest, recursion included,
that an address is in; or, where it is in none, the blocks that follow it. Knows instructions
through the inliner; must not know how code is generated.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from isa_spec.registers import LINK
from machine.compiled.evaluation import Unknown
from machine.compiled.inlining import Branch, Inliner, Jump, Leave, Lines, State
from machine.compiled.instructions import Instruction, Listing
from machine.compiled.values import Value

MOST_INSTRUCTIONS = 256
"""How many instructions are looked at around an address."""
LONGEST_BLOCK = 64


@dataclass(slots=True)
class Block:
    """Instructions that are executed one after the other.

    `next`: where it goes by jumps and by running on; `calls`: where it calls; `returns_to`: where
    what it calls comes back to; `anywhere`: whether it jumps to where only the running program
    knows; `after_call`: whether it is where a call comes back to. `registers`: up to each of its
    instructions, those that are read or written, and those that are written.
    """

    start: int
    instructions: list[Instruction] = field(default_factory=list)
    next: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    returns_to: int | None = None
    anywhere: bool = False
    after_call: bool = False
    registers: list[tuple[frozenset[int], frozenset[int]]] = field(default_factory=list)

    @property
    def named(self) -> frozenset[int]:
        """The registers that it reads or writes."""
        return self.registers[-1][0] | self.registers[-1][1] if self.registers else frozenset()

    @property
    def written(self) -> frozenset[int]:
        """The registers that it writes."""
        return self.registers[-1][1] if self.registers else frozenset()

    @property
    def addresses(self) -> set[int]:
        """Its instructions' addresses."""
        return {instruction.address for instruction in self.instructions}


class NoAccesses:
    """Accesses whose code nobody wants: only where a block leads is of interest."""

    def load(self, state: State, address: Value, leave: Leave) -> tuple[Lines, str]:  # noqa: ARG002
        """No code."""
        return [], "t"

    def store(self, state: State, address: Value, word: Value, leave: Leave) -> Lines:  # noqa: ARG002
        """No code."""
        return []


class Explorer:
    """Finds the blocks around an address. Nothing at `stops` becomes part of one."""

    def __init__(self, listing: Listing, stops: frozenset[int]) -> None:
        self._listing = listing
        self._stops = stops

    def region(self, start: int) -> tuple[dict[int, Block], int | None]:
        """Give the blocks of the region that an address belongs to, by their starts.

        Beside them the block that it is entered at; None where it is a loop, which the address
        may lie in the middle of.
        """
        blocks = self._reachable(start)
        together = _leading_back(blocks, start)
        if together:
            return {address: blocks[address] for address in sorted(together)}, None
        return _beginning(blocks), start

    def _reachable(self, start: int) -> dict[int, Block]:
        starts, waiting, looked_at = {start}, [start], 0
        blocks: dict[int, Block] = {}
        ends: dict[int, tuple[int, ...]] = {}
        while waiting and looked_at < MOST_INSTRUCTIONS:
            block = self._follow(waiting.pop(0))
            blocks[block.start] = block
            looked_at += len(block.instructions)
            ends[block.start] = tuple(_leads(block))
            for address in _leads(block):
                if address not in starts:
                    starts.add(address)
                    waiting.append(address)
        # A start in the middle of a loop's block must not cut it.
        leaders = {address for leads in ends.values() for address in leads}
        for block in blocks.values():
            _cut(block, leaders)
            if block.returns_to in blocks:
                blocks[block.returns_to].after_call = True
        return blocks

    def _follow(self, start: int) -> Block:
        """Gather the block at an address, up to what ends it."""
        block, state, address = Block(start), State(), start
        while len(block.instructions) < LONGEST_BLOCK:
            instruction = None if address in self._stops else self._listing.at(address)
            if instruction is None:
                return block
            try:
                flow = Inliner(instruction, state, NoAccesses(), lambda _: []).inline([])
            except Unknown:
                return block
            block.instructions.append(instruction)
            block.registers.append((frozenset(state.named), frozenset(state.registers)))
            if flow is not None:
                _end(block, instruction, flow, state)
                return block
            address = instruction.following
        block.next.append(address)
        return block


def _cut(block: Block, leaders: set[int]) -> None:
    """End a block where another begins."""
    for length, instruction in enumerate(block.instructions[:-1], 1):
        if instruction.following in leaders:
            del block.instructions[length:], block.registers[length:]
            block.next, block.calls = [instruction.following], []
            block.returns_to, block.anywhere = None, False
            return


def _end(block: Block, instruction: Instruction, flow: Jump | Branch, state: State) -> None:
    """Note where a block leads by its last instruction."""
    target = flow.target.constant
    if isinstance(flow, Branch):
        block.next.append(instruction.following)
        if target is not None:
            block.next.append(target)
        return
    link = state[LINK].constant
    if link is not None:
        block.returns_to = link
    if target is None:
        block.anywhere = True
    elif link is None:
        block.next.append(target)
    else:
        block.calls.append(target)


def _leads(block: Block) -> Iterator[int]:
    yield from block.next
    yield from block.calls
    if block.returns_to is not None:
        yield block.returns_to


def _leading_back(blocks: dict[int, Block], start: int) -> set[int]:
    """The blocks that can be reached from an address and from which it can be reached."""
    returns = [b.returns_to for b in blocks.values() if b.returns_to is not None]
    after = {
        address: [
            target
            for target in (*_leads(block), *(returns if block.anywhere else ()))
            if target in blocks
        ]
        for address, block in blocks.items()
    }
    before: dict[int, list[int]] = {address: [] for address in blocks}
    for address, targets in after.items():
        for target in targets:
            before[target].append(address)
    start = _whole_block(blocks, start)
    return _reached(after, start) & _reached(before, start)


def _beginning(blocks: dict[int, Block]) -> dict[int, Block]:
    """The first of the blocks that were found, as many as are worth compiling without a loop."""
    beginning: dict[int, Block] = {}
    length = 0
    for address, block in blocks.items():
        length += len(block.instructions)
        if beginning and length > LONGEST_BLOCK:
            break
        beginning[address] = block
    return beginning


def _whole_block(blocks: dict[int, Block], start: int) -> int:
    """The block that an address lies in, other than the one that merely begins there."""
    for block in blocks.values():
        if block.start != start and start in block.addresses:
            return block.start
    return start


def _reached(edges: dict[int, list[int]], start: int) -> set[int]:
    """What is reached from a block by at least one edge."""
    reached: set[int] = set()
    waiting = [start]
    while waiting:
        for target in edges[waiting.pop()]:
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached
