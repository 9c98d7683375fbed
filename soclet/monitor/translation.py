"""The monitor commands about addresses: which memory a debugger sees, and how it is mapped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from isa_spec.paging import Entry, table_base, table_length
from isa_spec.registers import PTBR, STATUS, Status
from isa_spec.traps import NOTHING
from machine.machine import Machine
from soclet import views, walk
from soclet.description import MapKind
from soclet.monitor.registry import address, choice, command
from soclet.views import Mapping

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget

MOST_MAPPINGS: Final = 200
_RIGHTS: Final = Entry.READABLE | Entry.WRITABLE | Entry.EXECUTABLE
_MARKS: Final = Entry.ACCESSED | Entry.DIRTY


@command("phys [on|off]")
def _phys(target: ThreadTarget, argument: str) -> str:
    """Look at physical memory, or at memory as the CPU sees it."""
    chosen = choice("phys", argument, "on", "off")
    if chosen is not None:
        target.virtual = chosen == "off"
    return f"addresses are {'as the CPU sees them' if target.virtual else 'physical'}\n"


@command("points [all|own]")
def _points(target: ThreadTarget, argument: str) -> str:
    """Have break- and watchpoints set from now on stop all threads, or the chosen thread's own."""
    chosen = choice("points", argument, "all", "own")
    if chosen is not None:
        target.own_space = chosen == "own"
    whose = "the chosen thread's own address space" if target.own_space else "all address spaces"
    return f"points that are set stop in {whose}\n"


@command("memory-map [ram|flash]")
def _memory_map(target: ThreadTarget, argument: str) -> str:
    """Say whether memory is RAM or flash to gdb, from its next connection on."""
    chosen = choice("memory-map", argument, *(kind.value for kind in MapKind))
    if chosen is not None:
        target.memory_map = MapKind(chosen)
    return (
        f"a debugger that connects from now on is told that memory is {target.memory_map.value}\n"
    )


@command("page-table [ADDR]")
def _page_table(target: ThreadTarget, argument: str) -> str:
    """Show what the page table maps, and with which rights; or walk it for one address."""
    if argument:
        return "\n".join(walk.steps(target.machine, address("page-table", argument))) + "\n"
    return "\n".join(_table(target.machine)) + "\n"


def _table(machine: Machine) -> Iterator[str]:
    ptbr, on = machine.cpu.r[PTBR], machine.cpu.r[STATUS] & Status.VIRTUAL
    translation = f"translation is {'on' if on else 'off'}"
    if not ptbr and not on:
        yield f"{translation}, and ptbr is 0: no page table was set up"
        return
    base, length = table_base(ptbr), table_length(ptbr)
    yield f"{translation}; the table is at {base:#x} and has {length} entries"
    inside = views.entries_in_memory(machine)
    if len(inside) < length:
        which = "all entries"
        if inside:
            which += f" but those from {inside.start:#x} to {inside.stop - 1:#x}"
        yield f"{which} lie outside memory: what needs them is trap {NOTHING.number}"
    mappings = views.mappings(machine)
    shown = list(islice(mappings, MOST_MAPPINGS))
    if not shown:
        yield "it maps nothing"
        return
    yield "virtual            physical                size  kernel  user  seen"
    yield from map(_row, shown)
    left = sum(1 for _ in mappings)
    if left:
        yield f"and {left} more; page-table ADDR shows any of them"


def _row(mapping: Mapping) -> str:
    start, to, length = mapping.start, mapping.physical, mapping.length
    rights = views.rights(mapping.flags, _RIGHTS)
    user = rights if Entry.USER in mapping.flags else "---"
    row = (
        f"{start:08x}-{start + length - 1:08x}  {to:08x}-{to + length - 1:08x} "
        f"{length >> 10:>8}K  {rights}     {user}   {views.rights(mapping.flags, _MARKS)}"
    )
    return f"{row}  {mapping.what}".rstrip()
