"""Why a replay is not what was recorded: the engine's fault, or the recording's, and where.

Knows capsules and engines. The stretch between the last mark that was reproduced and the next is
run again on the reference engine, which decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from machine.events import EventLog, Position
from machine.machine import EngineMaker, Machine
from machine.reason import Reason
from machine.reference import Reference
from machine.snapshot import Snapshot
from soclet.capsule import Capsule
from soclet.capsule.marks import Mark, Marker, state_differences
from soclet.divergence.course import Course, at_once
from soclet.divergence.parting import parting, told_differences, told_place


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is between two marks, or the beginning and the first, or the last and the end."""

    capsule: Capsule
    number: int

    @property
    def mark(self) -> Mark | None:
        """The mark at its end; None where that is the run's."""
        marks = self.capsule.marks
        return marks[self.number] if self.number < len(marks) else None

    @property
    def last_good(self) -> Mark | None:
        """The mark that it begins at; None where that is the run's beginning."""
        return self.capsule.marks[self.number - 1] if self.number else None

    @property
    def end(self) -> Position:
        """Where it ends."""
        return self.capsule.end if self.mark is None else self.mark.position

    def course(self, engine: EngineMaker, beginning: Snapshot) -> Course:
        """Give the course from its beginning on an engine."""
        machine = self.capsule.machine(engine=engine)
        machine.restore(beginning)
        first = 0 if self.last_good is None else self.last_good.events
        last = None if self.mark is None else self.mark.events
        return Course(machine, self.capsule.events[first:last], self.end)

    def at_beginning(self, engine: EngineMaker) -> Machine | None:
        """Make the machine at its beginning; None where the engine does not come to that."""
        machine, mark = self.capsule.machine(engine=engine), self.last_good
        if mark is None:
            return machine
        marker = Marker(machine)
        machine.feed(EventLog(self.capsule.events[: mark.events]), mark.position)
        while (reason := machine.run()) is Reason.BRK:
            pass
        same = reason is Reason.REPLAYED and marker.mark(mark.events) == mark
        return machine if same else None

    def ends_as_recorded(self, course: Course) -> bool:
        """Tell whether a course is at the end and is what was recorded there."""
        machine, ending = course.machine, self.capsule.ending
        if machine.position != self.end:
            return False
        if self.mark is not None:
            return course.state == self.mark.state
        return ending is not None and machine.hash() == ending.state_hash


def explain(capsule: Capsule, number: int, engine: EngineMaker) -> Iterator[str]:
    """Tell, in lines, why a machine with an engine was not what a mark says.

    `number`: the mark's, the first that was not reproduced; beyond the last it is the end's.
    """
    stretch = _Stretch(capsule, number)
    machine = stretch.at_beginning(engine) or stretch.at_beginning(Reference)
    if machine is None:
        yield "run once more, it departs sooner: what it does is not the same each time"
        return
    beginning = machine.snapshot()
    reference = stretch.course(Reference, beginning)
    reference.finish()
    if stretch.ends_as_recorded(reference):
        yield from _of_engine(stretch, engine, beginning)
    else:
        yield from _of_recording(stretch, machine.position, reference)


def _of_recording(stretch: _Stretch, beginning: Position, reference: Course) -> Iterator[str]:
    """Tell that the reference engine does something else too: the recording is of another run."""
    yield (
        f"it departs between {beginning}, and {stretch.end}, "
        "and does so on the reference engine too"
    )
    here = reference.machine.position
    if here != stretch.end:
        yield f"  the machine is at {here}, recorded {stretch.end}"
    if stretch.mark is not None:
        found = state_differences(reference.state, stretch.mark.state)
        yield from told_differences(found, "now", "recorded")


def _of_engine(stretch: _Stretch, engine: EngineMaker, beginning: Snapshot) -> Iterator[str]:
    """Tell where an engine parts from the reference, which does what was recorded."""
    chosen = stretch.course(engine, beginning)
    found = at_once(parting(chosen, stretch.course(Reference, beginning)))
    name = chosen.machine.engine.name
    yield f"the reference engine does what was recorded, {name} does not"
    if found is None:
        yield "  run again from the mark before, it does: what it does is not always the same"
        return
    image = stretch.capsule.image
    yield f"they part {told_place(found, chosen, None if image is None else image.image())}"
    yield from told_differences(found.differences(), f"by {name}", "by reference")
