"""What the machine does, it does with every engine."""

from functools import partial

import board
import pytest

from machine.compiled.engine import Compiled
from machine.reference import Reference

EAGER = partial(Compiled, warm=1, stride=1, worthwhile=1)
"""Compiles what is met for the first time, which no user's engine does."""


@pytest.fixture(autouse=True, params=[Reference, EAGER], ids=["reference", "compiled"])
def engine(request, monkeypatch):
    """Have boards made with each of the engines in turn."""
    monkeypatch.setattr(board, "ENGINE", request.param)
    return request.param
