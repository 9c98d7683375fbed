"""What the machine does, it does with every engine."""

from functools import partial

import board
import pytest

from machine.compiled.engine import Compiled
from machine.engines import native_refusal
from machine.native.engine import Native
from machine.reference import Reference

EAGER = partial(Compiled, warm=1, stride=1, worthwhile=1)
"""Compiles what is met for the first time, which no user's engine does."""


ENGINES = {"reference": Reference, "compiled": EAGER}
if native_refusal() is None:
    ENGINES["native"] = Native


@pytest.fixture(autouse=True, params=ENGINES.values(), ids=ENGINES)
def engine(request, monkeypatch):
    """Have boards made with each of the engines in turn."""
    monkeypatch.setattr(board, "ENGINE", request.param)
    return request.param
