"""The random programs reach what they are meant to reach, measured over a sample of seeds."""

import statistics

import pytest
from plain_model.coverage import Coverage, measure
from plain_model.encoding import OPCODES, OPCODES_WITHOUT_REGISTERS
from plain_model.model import ENDS
from plain_model.programs import make_program

SAMPLE = range(10_000, 10_250)


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return measure(make_program(seed) for seed in SAMPLE)


def test_a_seed_always_makes_the_same_program():
    assert make_program(17) == make_program(17)
    assert make_program(17).segments != make_program(18).segments


def test_every_legal_opcode_is_executed_many_times(coverage: Coverage):
    rare = {
        opcode: coverage.opcodes[opcode]
        for opcode in (*OPCODES, *OPCODES_WITHOUT_REGISTERS)
        if coverage.opcodes[opcode] < 30
    }
    assert not rare


def test_most_illegal_opcodes_are_met(coverage: Coverage):
    assert len(coverage.opcodes) > 200


@pytest.mark.parametrize("vector", range(1, 10))
def test_every_trap_vector_is_taken_many_times(coverage: Coverage, vector: int):
    assert sum(count for cause, count in coverage.traps.items() if cause & 0xFF == vector) > 100


@pytest.mark.parametrize("kind", [0x000, 0x100, 0x200])
@pytest.mark.parametrize("vector", [3, 4, 5, 6])
def test_every_kind_of_access_fails_in_every_way(coverage: Coverage, vector: int, kind: int):
    assert coverage.traps[vector + kind] > 20


@pytest.mark.parametrize("vector", [16, 17, 18])
def test_every_interrupt_is_taken_many_times(coverage: Coverage, vector: int):
    assert coverage.interrupts[vector] > 100


@pytest.mark.parametrize("user", [False, True])
@pytest.mark.parametrize("translation", [False, True])
def test_every_mode_executes_many_instructions(coverage: Coverage, user: bool, translation: bool):
    assert coverage.modes[(user, translation)] > 10_000


def test_runs_end_in_every_way_but_mostly_at_the_limit(coverage: Coverage):
    assert set(coverage.ends) == set(ENDS)
    assert coverage.ends["limit"] > len(SAMPLE) / 2


def test_the_median_program_executes_more_than_500_instructions(coverage: Coverage):
    assert statistics.median(coverage.instructions) > 500


def test_machines_sleep_and_wake_and_send(coverage: Coverage):
    assert coverage.sleeps > 10
    assert coverage.sent > 1000
