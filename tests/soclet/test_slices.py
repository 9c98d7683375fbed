"""How long a slice of the run loop is: short enough that whoever waits for its end waits little."""

import asyncio
import itertools

import guests
import pytest
from loop_bench import Looping, machine_with, turns

from soclet.runner import Runner
from soclet.slices import FIRST_SLICE, LARGEST_SLICE, SliceSize


def after(*slices):
    """The size of the next slice after some that executed so much in so many milliseconds."""
    size = SliceSize()
    for executed, milliseconds in slices:
        size.learn(executed, milliseconds / 1000)
    return size.instructions


@pytest.mark.parametrize(
    ("slices", "size"),
    [
        ([], FIRST_SLICE),
        ([(256, 0.1)], 2560),
        ([(256, 0.1), (2560, 2)], 1280),
        ([(256, 0.1), (2560, 1), (2560, 1)], 2560),
    ],
)
def test_the_next_slice_is_as_many_instructions_as_fit_at_the_speed_of_the_last(slices, size):
    assert after(*slices) == size


def test_a_slice_that_something_stopped_early_tells_the_speed_as_well():
    assert after((256, 0.1), (100, 0.0625)) == 1600


def test_a_slice_in_which_nothing_was_executed_tells_nothing():
    assert after((256, 0.1), (0, 5)) == 2560


def test_slices_grow_step_by_step_and_never_beyond_what_the_serial_line_keeps_ahead():
    size, sizes = SliceSize(), []
    for _ in range(4):
        size.learn(size.instructions, 0)
        sizes.append(size.instructions)
    assert sizes == [16 * FIRST_SLICE, 256 * FIRST_SLICE, LARGEST_SLICE, LARGEST_SLICE]


def test_slices_shrink_at_once_and_never_below_the_first():
    assert after((256, 0), (4096, 0), (65_536, 8)) == 8192
    assert after((256, 1000)) == FIRST_SLICE


class Budgets:
    """A goal that keeps the budgets it is given."""

    def __init__(self):
        self.given = []

    def advance(self, machine, bounds):
        self.given.append(bounds.budget)
        return machine.run(budget=min(bounds.budget, 100))


def test_every_run_begins_with_a_short_slice_however_fast_the_last_one_was(hour):
    hour.perf_counter = itertools.count(0, 1e-9).__next__

    async def body():
        runner = Runner(machine_with(guests.SPINS))
        first, second = Budgets(), Budgets()
        runner.start(first)
        async with Looping(runner):
            runner.halt()
            assert first.given[:4] == [256, 4096, 65_536, LARGEST_SLICE]
            runner.start(second)
            await turns()
            assert second.given[0] == FIRST_SLICE

    asyncio.run(body())
