"""The monitor commands about the past: going there, naming it, comparing, and who is to blame."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gdbstub.target import TargetError
from isa_spec.paging import ENTRY_BYTES, PAGE_SHIFT, table_base
from isa_spec.registers import BY_NAME, PTBR
from machine.snapshot import Snapshot
from soclet import sentences, views
from soclet.divergence.parting import differences_of, told_differences
from soclet.errors import UserError
from soclet.monitor.registry import address, command
from soclet.travel.culprits import MOST_STEPS, By, Culprit, Search
from soclet.travel.goal import go_to
from soclet.travel.places import WORDS, go_to_place

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PAGE_TABLE: Final = "page-table "


@command("goto TICK")
def _goto(target: ThreadTarget, argument: str) -> str:
    """Go to a tick since the last reset, a checkpoint, `begin` or `present`."""
    if not argument:
        raise TargetError("monitor goto takes a tick, a checkpoint, begin or present")
    _go(target, argument)
    target.arrived()
    return f"{sentences.position(target.machine, target.places)}\n"


def _go(target: ThreadTarget, place: str) -> None:
    try:
        go_to_place(target.machine, target.history, place)
    except UserError as error:
        raise TargetError(str(error)) from error


@command("checkpoint [NAME]")
def _checkpoint(target: ThreadTarget, argument: str) -> str:
    """Name this moment; or list the moments that are named."""
    names, begin = target.history.names, target.history.begin
    if not argument:
        rows = (
            f"{name}: tick {each.position.tick}"
            f"{', which is forgotten' if each.order < begin.order else ''}\n"
            for name, each in names.items()
        )
        return "".join(rows) or "no moment has a name\n"
    if _NAME.fullmatch(argument) is None or argument in WORDS:
        raise TargetError(
            f"{argument!r} cannot be a name: give a word that begins with a letter, and not "
            f"{', '.join(WORDS)}"
        )
    names[argument] = target.machine.moment
    return f"{argument} is {sentences.position(target.machine, target.places)}\n"


@command("diff A B")
def _diff(target: ThreadTarget, argument: str) -> str:
    """Show what changed in registers and memory between two moments, named as in goto, or now."""
    places = argument.split()
    if len(places) != len("AB"):
        raise TargetError("monitor diff takes two moments, such as: monitor diff begin now")
    snapshots = [_snapshot_at(target, place) for place in places]
    lines = told_differences(differences_of(*snapshots), "before", "after")
    return "".join(f"{line}\n" for line in lines) or "nothing differs\n"


def _snapshot_at(target: ThreadTarget, place: str) -> Snapshot:
    machine, now = target.machine, target.machine.moment
    try:
        _go(target, place)
        return machine.snapshot()
    finally:
        go_to(machine, target.history, now)


@command("why WHAT")
def _why(target: ThreadTarget, argument: str) -> str:
    """Tell who wrote last: to an address, a register, or the entry of `page-table ADDR`."""
    if not argument:
        raise TargetError("monitor why takes an address, a register, or page-table ADDR")
    search = Search(target.machine, target.history)
    if argument in BY_NAME:
        found = search.register(BY_NAME[argument].number)
        if found is None:
            return (
                f"nothing has written {argument} since history begins, or in the last "
                f"{MOST_STEPS} steps\n"
            )
        return _told(target, argument, found)
    what, place = _place(target, argument)
    found = search.word(place)
    if found is None:
        begin = target.history.begin.position.tick
        return f"nothing has written {what} since history begins, at tick {begin}\n"
    return _told(target, what, found)


def _place(target: ThreadTarget, argument: str) -> tuple[str, int]:
    """Give the name and the physical address of the word that is asked about."""
    machine = target.machine
    if argument.startswith(_PAGE_TABLE):
        of = address("why", argument.removeprefix(_PAGE_TABLE).strip())
        place: int | None = table_base(machine.cpu.r[PTBR]) + ENTRY_BYTES * (of >> PAGE_SHIFT)
        what = f"the page table entry of {of:#x}, at physical {place:#x},"
    else:
        of = address("why", argument)
        place = views.physical(machine, of, virtual=target.virtual)
        what = target.places.show(of)
    if place is None or not machine.memory.holds(place & ~3, 4):
        raise TargetError(f"{what} is not in memory: there is nothing that could have been written")
    return what, place & ~3


def _told(target: ThreadTarget, what: str, culprit: Culprit) -> str:
    moment = culprit.moment.position
    when = f"tick {moment.tick}, after {culprit.executed} instructions"
    where = target.places.show_in(culprit.pc, culprit.status, culprit.ptbr)
    values = f"{culprit.before:#x} became {culprit.after:#x}"
    match culprit.by:
        case By.INSTRUCTION:
            who = f"by the instruction at pc {where}"
        case By.ENTRY:
            who = f"by entering a trap or an interrupt at pc {where}"
        case By.OUTSIDE:
            who = f"from outside ({type(culprit.event).__name__}), before pc {where}"
    mode = sentences.mode(culprit.status)
    return f"{what} was last written at {when}, {who}, in {mode}: {values}\n"
