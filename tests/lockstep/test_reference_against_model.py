"""The machine's reference engine against the plain model, state by state, on random programs."""

import pytest
from plain_model.lockstep import every_tick, first_difference, now_and_then
from plain_model.programs import make_program

SEEDS = 2000
CHUNK = 50  # small enough that parallel runs share the work evenly
EVERY_TICK = 20  # one program in so many is compared after every tick


def largest_comparable_each_tick(memory_size: int) -> bool:
    return memory_size <= 0x20000


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_machine_does_what_the_model_does(first: int):
    for seed in range(first, first + CHUNK):
        program = make_program(seed)
        each = seed % EVERY_TICK == 0 and largest_comparable_each_tick(program.memory_size)
        ticks = every_tick(program) if each else now_and_then(program)
        assert first_difference(program, ticks) == ""
