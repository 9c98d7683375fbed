"""Going back: to what the machine was before a step, and to the last place to stop at."""

from board import DATA, START, handler
from hypothesis import assume, given
from hypothesis import strategies as st
from restless import Act, acts, restless

from isa_spec.registers import STATUS, Status
from isa_spec.traps import Access
from machine.events import Moment
from machine.history import History
from machine.machine import Machine
from machine.reason import Reason
from machine.watch import Watch
from soclet.goals import Bounds, Done, Goal, Outcome, Step, StepInterrupts
from soclet.travel.goal import go_to
from soclet.travel.steps import StepBack
from soclet.travel.stops import RunBack

PLENTY = 1 << 28
FAR = 1 << 40

places = st.sets(
    st.sampled_from([START + 64, START + 72, START + 96, handler(8), handler(16), 0x2900, 0x2808])
)
watches = st.lists(
    st.sampled_from(
        [
            Watch(frozenset({Access.STORE}), DATA, DATA + 4),
            Watch(frozenset({Access.LOAD}), 4, 8),
        ]
    ),
    unique=True,
)


def reach(machine: Machine, goal: Goal, budget: int = 40, **points: object) -> Outcome:
    """Advance a goal until it is reached."""
    bounds = Bounds(FAR, budget, skip_sleep=True, **points)
    while (outcome := goal.advance(machine, bounds)) is Reason.BUDGET:
        pass
    return outcome


def lived(machine: Machine, todo: list[Act]) -> History:
    """Do all that, keeping every other moment."""
    history = History(machine, PLENTY)
    for number, each in enumerate(todo):
        each.do(machine)
        if number % 2:
            history.keep()
    return history


def stops(machine: Machine, history: History, **points: frozenset[int]) -> list[Moment]:
    """Go through all that has happened, and give where it stops, in the order of going forward."""
    now, found = machine.moment, list[Moment]()
    go_to(machine, history, history.begin)
    history.pause_at(now)
    skipped = {}
    while True:
        reason = machine.run(**{**points, **skipped})
        skipped = {}
        match reason:
            case Reason.PAUSED:
                return found
            case Reason.BREAKPOINT:
                found.append(machine.moment)
                skipped = {"breakpoints": frozenset(), "budget": 1}
            case Reason.WATCHPOINT:
                machine.run(budget=1)
                history.pause_at(now)
                found.append(machine.moment)
            case Reason.BRK if machine.moment.order < now.order:
                found.append(machine.moment)


@given(acts, places, watches)
def test_going_back_stops_wherever_going_forward_would_have_stopped(
    todo: list[Act], breakpoints: set[int], watched: list[Watch]
):
    machine = restless().machine
    history = lived(machine, todo)
    now = machine.moment
    points = {"breakpoints": frozenset(breakpoints), "watches": tuple(watched)}
    expected = stops(machine, history, **points)
    assert machine.moment == now
    found = list[Moment]()
    while reach(machine, RunBack(machine, history), **points) is not Done.AT_BEGIN:
        assert not found or machine.moment.order <= found[-1].order
        if found and machine.moment == found[-1]:
            reach(machine, StepBack(machine, history, StepInterrupts.INTO))
            continue
        found.append(machine.moment)
    assert machine.moment.order == history.begin.order
    assert {m.position.happened for m in found} == {m.position.happened for m in expected}


modes = st.sampled_from(StepInterrupts)


@given(acts, st.lists(modes, max_size=8))
def test_a_step_is_undone_exactly(todo: list[Act], steps: list[StepInterrupts]):
    machine = restless().machine
    history = lived(machine, todo)
    seen = list[tuple[Moment, str]]()
    for mode in steps:
        before = machine.moment, machine.hash()
        outcome = reach(machine, Step(mode))
        if machine.moment == before[0]:
            break
        history.note_step(before[0])
        seen.append(before)
        if outcome is not Done.STEPPED:
            break
    ends = machine.moment, machine.hash()
    for moment, was in reversed(seen):
        assert reach(machine, StepBack(machine, history, StepInterrupts.OVER)) is Done.STEPPED
        assert machine.hash() == was
        assert machine.moment == moment
    go_to(machine, history, ends[0])
    assert machine.hash() == ends[1]


@given(acts, st.integers(1, 8))
def test_steps_over_interrupts_are_found_without_having_been_noted(todo: list[Act], count: int):
    machine = restless().machine
    history = lived(machine, todo)
    # Whoever begins in a handler steps out of it, and does not step over it.
    assume(machine.cpu.r[STATUS] & Status.INTERRUPTS)
    seen = [machine.moment]
    for _ in range(count):
        if reach(machine, Step(StepInterrupts.OVER)) is not Done.STEPPED:
            break
        seen.append(machine.moment)
    # Where the first step began, a handler may have returned before anybody stepped.
    for moment in reversed(seen[1:-1]):
        assert reach(machine, StepBack(machine, history, StepInterrupts.OVER)) is Done.STEPPED
        assert machine.moment.position.happened == moment.position.happened
