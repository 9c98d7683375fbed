"""Memory that nobody programmed, on every engine and on the plain model: all do the same with it.

scripts/fuzz-engines --images runs as many as are asked for, from the same seeds.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from engine_fuzz.agreement import Side, first_difference, sides
from engine_fuzz.images import make_image
from engine_fuzz.session import make_raw_session
from fenced_memory import FencedMemory
from plain_model import lockstep

from machine.engines import ENGINES, NATIVE, native_refusal
from machine.reference import Reference

AUDITED = Path(__file__).parents[1] / "support" / "audited_guests.py"
HERE = sorted(ENGINES.keys() - ({NATIVE} if native_refusal() else set()))
SEEDS = 60
CHUNK = 20


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_engines_agree_on_images_at_random_between_fences(first: int):
    for seed in range(first, first + CHUNK):
        session = make_raw_session(seed)
        both = sides(session)
        difference = first_difference(session, (both[seed % len(both)],))
        assert difference is None, f"image {seed}: {difference}"


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_the_reference_does_with_them_what_the_model_does(first: int):
    for seed in range(first, first + CHUNK):
        image = make_image(seed)
        assert lockstep.first_difference(image, lockstep.now_and_then(image)) == ""


def test_every_side_that_is_tested_has_its_memory_between_fences():
    session = make_raw_session(0)
    assert sides(session)
    for turns in sides(session):
        assert isinstance(Side(session, turns).machine.memory, FencedMemory)


def test_images_get_far_and_trap_in_every_way():
    causes, far = set(), 0
    for seed in range(SEEDS):
        session = make_raw_session(seed)
        side = Side(session, (Reference,))
        for action in session.actions:
            side.act(action)
        causes |= {happening.cause & 0xFF for happening in side.machine.cpu.entered}
        far += side.machine.cpu.executed > session.program.limit // 2
    assert causes >= {1, 2, 3, 4, 5, 6, 8}
    assert far > SEEDS // 4


@pytest.mark.parametrize("engine", HERE)
def test_no_image_has_the_host_open_a_file_or_start_anything(engine: str):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, str(AUDITED), engine, "100", "139"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    executed, *heard = done.stdout.splitlines()
    assert heard == []
    assert int(executed) > 50_000
