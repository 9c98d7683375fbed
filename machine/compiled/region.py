"""A region: one function made of a loop nest, or of a stretch of code. And how it is made."""

import operator
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any, Final

from isa_spec.registers import PC
from machine.compiled.accesses import MODEST, Flat, Windowed
from machine.compiled.emission import Assumptions, Emitter
from machine.compiled.evaluation import HELPERS
from machine.compiled.flow import Block, Explorer
from machine.compiled.instructions import Instruction
from machine.compiled.shape import Shape, TooMuch

ENTERING: Final = 56
"""What entering and leaving a region costs, in steps of instructions of registers alone."""
ACCESS: Final = 4
"""What a step of another instruction costs, in those."""
PATIENCE: Final = 5000
"""Instructions by which a region may have been entered for too few, all in all, to be kept."""

Function = Callable[[int, int], tuple[int, int, int] | None]
"""Given a budget and a head's address; gives the instructions executed, how many the reference is
to step next, and the address that the first of them accesses. None, with nothing done, where a
register is not what the region takes for granted."""


@dataclass(eq=False, slots=True)
class Region:
    """Compiled code.

    need: the budget without which it does nothing. heads: where it can be entered. words: the
    physical addresses of the instructions that it was made of; addresses: as the program sees
    them; reach: with those that it would have gone on to. worth: how many instructions it must
    execute to be worth entering; gained: how many more it has executed of late.
    """

    function: Function
    need: int
    heads: frozenset[int]
    addresses: frozenset[int]
    words: frozenset[int]
    source: str
    reach: frozenset[int]
    worth: int
    gained: int = PATIENCE


def compile_region(
    explorer: Explorer,
    start: int,
    registers: list[int],
    stops: frozenset[int],
    accesses: Callable[[], Flat | Windowed],
    namespace: dict[str, Any],
    *,
    fix: bool,
    modest: bool,
) -> Region | None:
    """Compile the region that an address belongs to; None where there is nothing to compile.

    `registers` hold what they do now; the region may take those that it only reads to be fixed.
    """
    blocks, root = explorer.region(start)
    if not any(block.instructions for block in blocks.values()):
        return None
    assumptions = _assumptions(blocks, registers, fix=fix, modest=modest)
    more = set() if root is None else {root}
    while True:
        shape = Shape(blocks, min(blocks) if root is None else root, more)
        try:
            source = Emitter(blocks, shape, stops, assumptions, accesses()).function()
            break
        except TooMuch as block:
            more.add(block.address)
    scope = dict(namespace, repeat=repeat, hint=operator.length_hint)
    scope |= {helper.__name__: helper for helper in HELPERS}
    exec(compile(source, f"<guest code at {start:#x}>", "exec"), scope)
    instructions = [one for block in blocks.values() for one in block.instructions]
    return Region(
        scope["region"],
        max(shape.longest.values()),
        frozenset(head for head in shape.heads if blocks[head].instructions),
        frozenset(one.address for one in instructions),
        frozenset(one.physical for one in instructions),
        source,
        frozenset(one.address for one in instructions)
        | frozenset(one.following for one in instructions),
        _worth(instructions),
    )


def _worth(instructions: list[Instruction]) -> int:
    """How many of these instructions it takes for them to be worth leaving the reference."""
    quiet = sum(one.decoded.row.meaning.quiet for one in instructions)
    return ENTERING * len(instructions) // (quiet + ACCESS * (len(instructions) - quiet))


def _assumptions(
    blocks: dict[int, Block], registers: list[int], *, fix: bool, modest: bool
) -> Assumptions:
    """Take for granted what is so now."""
    named = frozenset[int]().union(*(block.named for block in blocks.values())) - {PC}
    written = frozenset[int]().union(*(block.written for block in blocks.values()))
    fixed = {number: registers[number] for number in sorted(named - written)} if fix else {}
    small = {number for number in named if registers[number] <= MODEST} if modest else set()
    return Assumptions(fixed, frozenset(small - fixed.keys()))
