"""A region: one function made of a loop nest, or of a stretch of code. And how it is made.

Code that has been compiled is bound to each address space that has the same instructions at the
same addresses: most of a kernel is mapped in all. Must not know how addresses are translated.
"""

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import repeat
from types import CodeType
from typing import Any, Final

from isa_spec.formats import LENGTH
from isa_spec.registers import PC
from isa_spec.words import WORD
from machine.compiled.accesses import MODEST, Reach
from machine.compiled.emission import Assumptions, Emitter
from machine.compiled.evaluation import HELPERS
from machine.compiled.flow import Block, Explorer
from machine.compiled.instructions import Instruction, Listing
from machine.compiled.shape import Shape, TooMuch

ENTERING: Final = 40
"""What entering and leaving a region costs, in steps of instructions of registers alone."""
ACCESS: Final = 2
"""What a step of another instruction costs, in those."""
PATIENCE: Final = 5000
"""Instructions by which a region may have been entered for too few, all in all, to be kept."""

Namespace = dict[str, Any]
"""What the names of generated code are in an address space."""

Function = Callable[[int, int], tuple[int, int, int] | None]
"""Given a budget and a head's address; gives the instructions executed, how many the reference is
to step next, and the address that the first of them accesses. None, with nothing done, where a
register is not what the region takes for granted."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What code may take for granted.

    reach: how it reaches memory. stops: the breakpoints that it makes way for. fix: that registers
    which it only reads hold what they do now; modest: that they are no large numbers.
    """

    reach: Reach
    stops: frozenset[int]
    fix: bool
    modest: bool


@dataclass(frozen=True, eq=False, slots=True)
class Unbound:
    """Compiled code, bound to no address space yet.

    instructions: the 64 bits of those that it was made of, by their addresses as the program sees
    them. terms: what it was allowed to take for granted; fixed: the values of registers that it
    does. need: the budget without which it does nothing. heads: where it can be entered. worth: how
    many instructions it must execute to be worth entering.
    """

    code: CodeType
    source: str
    instructions: dict[int, int]
    terms: Terms
    fixed: dict[int, int]
    need: int
    heads: frozenset[int]
    worth: int

    def suits(self, terms: Terms, registers: list[int]) -> bool:
        """Tell whether it takes nothing for granted that it may not, or that is not so."""
        own = self.terms
        return (
            (own.reach, own.stops) == (terms.reach, terms.stops)
            and own.modest <= terms.modest
            and (terms.fix or not self.fixed)
            and all(registers[number] == value for number, value in self.fixed.items())
        )

    def bind(self, listing: Listing, scope: Namespace) -> "Region | None":
        """Give the region in an address space; None where the instructions there are others."""
        words: list[int] = []
        for address, word in self.instructions.items():
            found = listing.word(address)
            if found is None or found[1] != word:
                return None
            words.append(found[0])
        scope = dict(scope, repeat=repeat, hint=operator.length_hint)
        scope |= {helper.__name__: helper for helper in HELPERS}
        exec(self.code, scope)
        return Region(self, scope["region"], frozenset(words))


@dataclass(eq=False, slots=True)
class Region:
    """Compiled code in an address space.

    words: the physical addresses of its instructions. gained: how many instructions it has executed
    of late beyond those that made entering it worth while.
    """

    unbound: Unbound
    function: Function
    words: frozenset[int]
    gained: int = PATIENCE

    @property
    def heads(self) -> frozenset[int]:
        """Where it can be entered."""
        return self.unbound.heads

    @property
    def addresses(self) -> Collection[int]:
        """Its instructions' addresses, as the program sees them."""
        return self.unbound.instructions.keys()

    def meets(self, places: frozenset[int]) -> bool:
        """Tell whether it has one of these addresses, or would go on to one."""
        own = self.unbound.instructions
        return any(place in own or (place - LENGTH) & WORD in own for place in places)


def compile_region(
    explorer: Explorer, start: int, registers: list[int], terms: Terms
) -> Unbound | None:
    """Compile the region that an address belongs to; None where there is nothing to compile."""
    blocks, root = explorer.region(start)
    if not any(block.instructions for block in blocks.values()):
        return None
    assumptions = _assumptions(blocks, registers, terms)
    more = set() if root is None else {root}
    while True:
        shape = Shape(blocks, min(blocks) if root is None else root, more)
        try:
            source = Emitter(
                blocks, shape, terms.stops, assumptions, terms.reach.accesses()
            ).function()
            break
        except TooMuch as block:
            more.add(block.address)
    instructions = [one for block in blocks.values() for one in block.instructions]
    return Unbound(
        compile(source, f"<guest code at {start:#x}>", "exec"),
        source,
        {one.address: one.word for one in instructions},
        terms,
        assumptions.fixed,
        max(shape.longest.values()),
        frozenset(head for head in shape.heads if blocks[head].instructions),
        _worth(instructions),
    )


def _worth(instructions: list[Instruction]) -> int:
    """How many of these instructions it takes for them to be worth leaving the reference."""
    quiet = sum(one.decoded.row.meaning.quiet for one in instructions)
    return ENTERING * len(instructions) // (quiet + ACCESS * (len(instructions) - quiet))


def _assumptions(blocks: dict[int, Block], registers: list[int], terms: Terms) -> Assumptions:
    """Take for granted what is so now."""
    named = frozenset[int]().union(*(block.named for block in blocks.values())) - {PC}
    written = frozenset[int]().union(*(block.written for block in blocks.values()))
    fixed = {number: registers[number] for number in sorted(named - written)} if terms.fix else {}
    small = {number for number in named if registers[number] <= MODEST} if terms.modest else set()
    return Assumptions(fixed, frozenset(small - fixed.keys()))
