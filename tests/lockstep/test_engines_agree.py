"""Every engine against the reference, state by state, on random programs and interferences."""

from pathlib import Path

import pytest
from engine_fuzz.agreement import first_difference, sides
from engine_fuzz.session import make_session
from engine_fuzz.shrinking import load, save, shrink

SEEDS = 5000
CHUNK = 50  # small enough that parallel runs share the work evenly
FOUND = sorted(Path(__file__).with_name("found").glob("*.json"))


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_engines_agree_with_the_reference(first: int):
    # All engines take turns on each side; scripts/fuzz-engines runs every program on both.
    for seed in range(first, first + CHUNK):
        session = make_session(seed)
        both = sides(session)
        difference = first_difference(session, (both[seed % len(both)],))
        assert difference is None, f"seed {seed}: {difference}"


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_engines_agree_on_what_they_once_disagreed_on(path: Path):
    assert first_difference(load(path)) is None


def test_a_seed_always_makes_the_same_session():
    assert make_session(17) == make_session(17)
    assert make_session(17).actions != make_session(18).actions


def test_a_session_can_be_kept_and_read_again(tmp_path: Path):
    sessions = [make_session(seed) for seed in range(60)]
    for number, session in enumerate(sessions):
        save(session, tmp_path / f"{number}.json")
    assert [load(tmp_path / f"{number}.json") for number in range(60)] == sessions


def test_shrinking_keeps_what_fails_and_drops_the_rest():
    session = next(s for s in map(make_session, range(100)) if len(s.actions) > 10)
    last = session.actions[-1]
    small = shrink(session, lambda candidate: last in candidate.actions)
    assert small.actions == (last,)
