"""Where a run that is being debugged departs from a recorded one.

Knows capsules and courses; must not know the machine that is debugged.
"""

from collections.abc import Generator, Iterator
from itertools import zip_longest
from typing import Final

from machine.events import Debugger, Position
from machine.machine import EngineMaker, Machine
from soclet.capsule import Capsule
from soclet.capsule.events import Entry
from soclet.capsule.marks import Difference
from soclet.divergence.course import Course
from soclet.divergence.parting import differences_of, parting, told_differences, told_place

_OURS: Final = "in this run"
_RECORDED: Final = "recorded"
_MOST_SHOWN: Final = 80


def compare(
    live: Capsule, recorded: Capsule, engine: EngineMaker
) -> Generator[None, None, list[str]]:
    """Tell, in lines, where two runs part and what differs, or that they do not.

    It yields where others may have a turn. Whether a debugger is attached does not count, but for
    what a `brk` makes of it.
    """
    machines = live.machine(engine=engine), recorded.machine(engine=engine)
    if (kind := _kind(machines[0])) != (other := _kind(machines[1])):
        return [f"they are runs of different machines: {kind} {_OURS}, {other} {_RECORDED}"]
    end = min(live.end, recorded.end)
    one, two = (
        Course(machine, _up_to(end, capsule, other), end, attached=False)
        for machine, capsule, other in zip(
            machines, (live, recorded), (recorded, live), strict=True
        )
    )
    if one.state != two.state:
        differing = differences_of(one.machine.snapshot(), two.machine.snapshot())
        return ["they begin in different states", *_told(differing)]
    found = yield from parting(one, two)
    if found is None:
        whose = "this run has come" if live.end == end else "the recorded one goes"
        return [f"the same up to {end}, which is as far as {whose}"]
    image = None if live.image is None else live.image.image()
    return [
        f"they part {told_place(found, one, image)}",
        *_told(found.differences()),
        *_told_of_input(live, recorded, end),
    ]


def _kind(machine: Machine) -> str:
    """Tell what two machines must have in common for their runs to be compared."""
    devices = ", ".join(machine.bus.devices)
    return f"{machine.memory.size:#x} bytes, {machine.serial.byte_ticks} ticks a byte, {devices}"


def _up_to(end: Position, capsule: Capsule, other: Capsule) -> tuple[Entry, ...]:
    """Give the events of a run up to an end that may be the other's.

    Of those at the end itself as many as the other has: what came there later is past the end.
    """
    if capsule.end == end:
        return capsule.events
    return tuple(
        entry
        for number, entry in enumerate(capsule.events)
        if entry[0] < end or number < len(other.events)
    )


def _told(found: Iterator[Difference]) -> Iterator[str]:
    counted = (each for each in found if each.what != "debugged")
    yield from told_differences(counted, _OURS, _RECORDED)


def _told_of_input(live: Capsule, recorded: Capsule, end: Position) -> Iterator[str]:
    """Tell the first of what came from outside that the runs do not have in common."""
    for ours, theirs in zip_longest(_counted(live), _counted(recorded)):
        if ours != theirs:
            if any(entry is not None and entry[0] <= end for entry in (ours, theirs)):
                yield "what came from outside differs"
                yield f"  {_shown(ours)} {_OURS}"
                yield f"  {_shown(theirs)} {_RECORDED}"
            return


def _counted(capsule: Capsule) -> Iterator[Entry]:
    return (entry for entry in capsule.events if not isinstance(entry[1], Debugger))


def _shown(entry: Entry | None) -> str:
    if entry is None:
        return "nothing more"
    position, event = entry
    said = repr(event)
    said = said if len(said) <= _MOST_SHOWN else f"{said[:_MOST_SHOWN]}…"
    return f"at {position}: {said}"
