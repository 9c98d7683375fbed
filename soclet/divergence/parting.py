"""Finds where two courses part: the last state that both come to, and the next, which differs.

Knows courses; must not know where they are from.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from isa_spec.paging import PAGE, PAGE_SHIFT
from isa_spec.registers import PC
from machine.snapshot import Snapshot
from soclet.capsule.marks import Difference, differences
from soclet.divergence.course import Course
from soclet.source_map import SourceMap
from toolchain.images import Image

FIRST_STEP: Final = 4096
"""Instructions between the first two looks; then twice as many, and so on."""

MOST_TOLD: Final = 12
"""Differences that are told; a person looks at the first few."""


@dataclass(frozen=True, slots=True)
class Parting:
    """Where two courses part: after `common`, within so many `instructions`, are `one` and `other`.

    Where that is more than one, fewer at a time make no difference: it depends on more than the
    state, as in an engine that is wrong only once it has compiled something.
    """

    common: Snapshot
    instructions: int
    one: Snapshot
    other: Snapshot

    def differences(self) -> Iterator[Difference]:
        """Tell what they differ in, word by word."""
        return differences_of(self.one, self.other)


def parting(one: Course, other: Course) -> Generator[None, None, Parting | None]:
    """Go along two courses until they part; None where they agree up to their common end.

    It yields where others may have a turn.
    """
    found: Parting | None = None
    kept, step = (one.keep(), other.keep()), FIRST_STEP
    left: int | None = None  # once it is known within how many instructions they part
    while True:
        goes_on = [(yield from one.advance(step)), (yield from other.advance(step))]
        if one.state != other.state:
            here = one.machine.snapshot(), other.machine.snapshot()
            found = Parting(kept[0].snapshot, step, *here)
            one.go_back(kept[0])
            other.go_back(kept[1])
            left = step
        else:
            kept = one.keep(), other.keep()
            left = None if left is None else left - step
        if left == 0 or (left == 1 and found is not None and found.instructions == 1):
            return found
        if left is None and not any(goes_on):
            return None
        step = 2 * step if left is None else max(1, left // 2)


def differences_of(one: Snapshot, other: Snapshot) -> Iterator[Difference]:
    """Tell what two snapshots differ in, word by word."""
    yield from differences(one, other)
    yield from _words(one, other)


def _words(one: Snapshot, other: Snapshot) -> Iterator[Difference]:
    zeros = bytes(PAGE)
    for page in sorted(one.pages.keys() | other.pages.keys()):
        pages = [memoryview(each.pages.get(page, zeros)).cast("I") for each in (one, other)]
        if pages[0] == pages[1]:
            continue
        for index, words in enumerate(zip(*pages, strict=True)):
            if words[0] != words[1]:
                address = (page << PAGE_SHIFT) + 4 * index
                yield Difference(f"the word at {address:#x}", *map(hex, words))


def told_place(found: Parting, one: Course, image: Image | None) -> str:
    """Tell where two courses part; `one`'s machine goes back there, to be asked for its names."""
    machine = one.machine
    machine.restore(found.common)
    cpu = machine.cpu
    at = (
        f"instruction {cpu.executed} (tick {cpu.time}), "
        f"pc {SourceMap(machine, image).show(cpu.r[PC])}"
    )
    if found.instructions == 1:
        return f"at {at}"
    return f"within {found.instructions} instructions from {at}"


def told_differences(all_: Iterator[Difference], one: str, other: str) -> Iterator[str]:
    """Tell differences in lines, with words that say whose each value is; the first few of them."""
    for each in islice(all_, MOST_TOLD):
        yield f"  {each.what}: {each.one} {one}, {each.other} {other}"
    more = sum(1 for _ in all_)
    if more:
        yield f"  and {more} more"
