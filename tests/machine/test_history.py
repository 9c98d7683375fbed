"""History: any moment of a run can be gone to, and what comes after it is what came after it."""

from hypothesis import given
from hypothesis import strategies as st
from restless import Act, acts, restless

from machine.compiled.engine import Compiled
from machine.events import Moment
from machine.history import History
from machine.machine import Machine
from machine.native.engine import Native
from machine.reason import Reason
from machine.reference import Reference

PLENTY = 1 << 28
ENGINES = [Reference, Compiled, Native]
FAR = 1 << 30


def go(machine: Machine, to: Moment) -> None:
    """Go to a moment, however many slices that takes."""
    history(machine).go(to)
    while (reason := machine.run(budget=7, skip_sleep=True)) is not Reason.PAUSED:
        assert reason in (Reason.BUDGET, Reason.BRK)


def history(machine: Machine) -> History:
    assert machine.history is not None
    return machine.history


def catch_up(machine: Machine) -> None:
    """Run on to where the machine had come."""
    while machine.repeats:
        machine.run(budget=5)


class Diary:
    """What a machine was at the moments that somebody looked at it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.seen: dict[Moment, str] = {}

    def look(self) -> None:
        self.seen[self.machine.moment] = self.machine.hash()


def lived(machine: Machine, todo: list[Act], spacing: int) -> Diary:
    History(machine, PLENTY)
    diary = Diary(machine)
    diary.look()
    for number, each in enumerate(todo):
        each.do(machine)
        if number % spacing == 0:
            history(machine).keep()
        diary.look()
    return diary


@given(acts, st.integers(1, 4), st.sampled_from([0, 7]), st.data())
def test_any_moment_is_come_back_to_exactly(
    todo: list[Act], spacing: int, byte_ticks: int, data: st.DataObject
):
    machine = restless(byte_ticks=byte_ticks).machine
    diary = lived(machine, todo, spacing)
    for moment in data.draw(st.lists(st.sampled_from(list(diary.seen)), max_size=6)):
        go(machine, moment)
        assert machine.moment == moment
        assert machine.hash() == diary.seen[moment]
        if data.draw(st.booleans()):
            history(machine).keep()
