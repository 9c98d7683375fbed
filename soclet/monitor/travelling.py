"""The monitor commands about the past: going there, naming it, comparing, and who is to blame."""

from __future__ import annotations

import re
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Final

from gdbstub.target import TargetError
from isa_spec.paging import ENTRY_BYTES, PAGE_SHIFT, table_base
from isa_spec.registers import BY_NAME, PTBR
from machine.snapshot import Snapshot
from soclet import sentences, views
from soclet.divergence.parting import differences_of, told_differences
from soclet.monitor.registry import address, command
from soclet.travel.culprits import MOST_STEPS, By, Culprit, Search
from soclet.travel.places import WORDS, go_to_place

if TYPE_CHECKING:
    from soclet.errands import Work
    from soclet.thread_target import ThreadTarget
    from soclet.travel.goal import Travel

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_PAGE_TABLE: Final = "page-table "


@command("goto TICK")
def _goto(target: ThreadTarget, argument: str) -> str | None:
    """Go to a tick since the last reset, a checkpoint, `begin` or `present`."""
    if not argument:
        raise TargetError("monitor goto takes a tick, a checkpoint, begin or present")
    return target.travel(partial(_go, target, argument))


def _go(target: ThreadTarget, place: str, travel: Travel) -> Work:
    yield from go_to_place(travel, place)
    travel.settled = travel.machine.moment
    target.arrived()
    return f"{sentences.position(travel.machine, target.places)}\n"


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
def _diff(target: ThreadTarget, argument: str) -> str | None:
    """Show what changed in registers and memory between two moments, named as in goto, or now."""
    places = argument.split()
    if len(places) != len("AB"):
        raise TargetError("monitor diff takes two moments, such as: monitor diff begin now")
    return target.travel(partial(_compare, places))


def _compare(places: list[str], travel: Travel) -> Work:
    before = yield from _snapshot_at(travel, places[0])
    after = yield from _snapshot_at(travel, places[1])
    lines = told_differences(differences_of(before, after), "before", "after")
    return "".join(f"{line}\n" for line in lines) or "nothing differs\n"


def _snapshot_at(travel: Travel, place: str) -> Generator[None, None, Snapshot]:
    """Give what the machine was at a place, which is named as from where it was at first."""
    yield from travel.go(travel.settled)
    yield from go_to_place(travel, place)
    return travel.machine.snapshot()


@command("why WHAT")
def _why(target: ThreadTarget, argument: str) -> str | None:
    """Tell who wrote last: to an address, a register, or the entry of `page-table ADDR`."""
    if not argument:
        raise TargetError("monitor why takes an address, a register, or page-table ADDR")
    if argument in BY_NAME:
        return target.travel(partial(_blame_for_register, target, argument))
    what, place = _place(target, argument)
    return target.travel(partial(_blame_for_word, target, what, place))


def _blame_for_register(target: ThreadTarget, name: str, travel: Travel) -> Work:
    found = yield from Search(travel).register(BY_NAME[name].number)
    if found is not None:
        return _told(target, name, found)
    return f"nothing has written {name} since history begins, or in the last {MOST_STEPS} steps\n"


def _blame_for_word(target: ThreadTarget, what: str, place: int, travel: Travel) -> Work:
    found = yield from Search(travel).word(place)
    if found is not None:
        return _told(target, what, found)
    begin = travel.history.begin.position.tick
    return f"nothing has written {what} since history begins, at tick {begin}\n"


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
