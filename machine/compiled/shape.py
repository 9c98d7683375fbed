"""The shape of a region: its heads, what each leads to, the longest ways, where ways meet.

Knows blocks and where they lead; must not know what is in them.
"""

from collections.abc import Callable, Iterable

from machine.compiled.flow import Block

_NO_WAY = -1_000_000


class TooMuch(Exception):  # noqa: N818 - a way out: the block becomes a head of its own
    """A block has been written too often, or too deep within others."""

    def __init__(self, address: int) -> None:
        self.address = address


class Shape:
    """A region's shape, with `more` blocks as heads beyond those that it needs anyway.

    heads: blocks that are gone to by name. trees: for each, itself and the blocks that it leads
    to without passing another. loops: the heads that their own trees jump back to. longest: the
    number of instructions of the longest way from each head to a next one; turn: of the longest
    way from the head of a loop back to it.
    """

    def __init__(self, blocks: dict[int, Block], root: int, more: Iterable[int]) -> None:
        self._blocks = blocks
        self._ways: dict[int, frozenset[int]] = {}
        self.heads = _heads(blocks, root) | set(more)
        self.trees = {head: self._tree(head) for head in self.heads}
        self.loops = {
            head
            for head in self.heads
            if any(head in blocks[address].next for address in self.trees[head])
        }
        self.longest = {head: max(1, self._longest(head, {})) for head in self.heads}
        self.turn = {head: self._back(head, head, {}) for head in self.loops}
        self.most_emitted = 3 * max(self.longest.values()) + 4 * sum(
            len(block.instructions) for block in blocks.values()
        )

    def changed(self, head: int) -> frozenset[int]:
        """The registers that a head's tree writes."""
        return frozenset[int]().union(*(self._blocks[a].written for a in self.trees[head]))

    def gathered(self, head: int) -> frozenset[int]:
        """The registers that no instruction of a head's tree reads without writing them."""
        read = {
            number
            for address in self.trees[head]
            for instruction in self._blocks[address].instructions
            for number in instruction.decoded.registers
            if number not in instruction.decoded.written
        }
        return self.changed(head) - read

    def join(self, head: int, one: int, other: int) -> int | None:
        """The first block of a head's tree that two ways both lead to, None where none is."""
        tree = self.trees[head]
        common = self._ahead(one, tree, head) & self._ahead(other, tree, head)
        for address in common:
            if not any(address in self._ahead(before, tree, head) for before in common - {address}):
                return address
        return None

    def _inside(self, block: Block) -> list[int]:
        """The blocks that one leads on to within its tree."""
        return [
            target
            for target in (*block.next, *block.calls)
            if target in self._blocks and target not in self.heads
        ]

    def _tree(self, head: int) -> frozenset[int]:
        if head not in self._ways:
            reached = _reached({head}, lambda address: self._inside(self._blocks[address]))
            self._ways[head] = frozenset(reached)
        return self._ways[head]

    def _ahead(self, address: int, tree: frozenset[int], head: int) -> frozenset[int]:
        if address not in tree or address == head:
            return frozenset()
        return self._tree(address)

    def _longest(self, address: int, known: dict[int, int]) -> int:
        if address not in known:
            block = self._blocks[address]
            beyond = [self._longest(target, known) for target in self._inside(block)]
            known[address] = len(block.instructions) + max(beyond, default=0)
        return known[address]

    def _back(self, address: int, head: int, known: dict[int, int]) -> int:
        """The longest way from a block of a loop back to its head; negative where none leads."""
        if address not in known:
            block = self._blocks[address]
            ways = [self._back(target, head, known) for target in self._inside(block)]
            if head in block.next:
                ways.append(0)
            known[address] = len(block.instructions) + max(ways, default=_NO_WAY)
        return known[address]


def _reached(starts: set[int], leads: Callable[[int], list[int]]) -> set[int]:
    reached, waiting = set(starts), list(starts)
    while waiting:
        for target in leads(waiting.pop()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _heads(blocks: dict[int, Block], root: int) -> set[int]:
    """The blocks that loops go back to, and those that calls come back to."""
    heads = {address for address, block in blocks.items() if block.after_call}
    visited: set[int] = set()
    for first in (root, *sorted(heads)):
        if first not in visited:
            _search(blocks, first, visited, heads)
    return heads


def _search(blocks: dict[int, Block], first: int, visited: set[int], heads: set[int]) -> None:
    """Search depth first; what an edge leads back to, from further down, is a head."""
    path: list[tuple[int, list[int]]] = [(first, [*blocks[first].next, *blocks[first].calls])]
    visited.add(first)
    active = {first}
    while path:
        address, ahead = path[-1]
        if not ahead:
            path.pop()
            active.discard(address)
            continue
        target = ahead.pop(0)
        if target in active:
            heads.add(target)
        elif target in blocks and target not in visited:
            visited.add(target)
            active.add(target)
            path.append((target, [*blocks[target].next, *blocks[target].calls]))
