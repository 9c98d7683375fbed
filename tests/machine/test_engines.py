"""The engines by name, and auto, which goes over to another within a run."""

import subprocess
import sys

import pytest
from board import START, Board

from machine.auto import SHORT_RUN
from machine.engines import AUTO, ENGINES, maker
from machine.native import backend
from machine.reason import Reason

LOOP = ("loop:", "add r0, r1", "sub r2, r0", "mov [r8], r2", "mov pc, loop")


@pytest.fixture(autouse=True)
def engine():
    """Each test chooses its own."""


def board(name: str) -> Board:
    return Board(*LOOP, engine=maker(name)).set(r1=1, r8=0x4000)


@pytest.mark.parametrize("name", [AUTO, *ENGINES])
def test_every_engine_gives_the_same_state(name: str):
    made, plain = board(name), board("reference")
    for tick in (10, SHORT_RUN - 1, SHORT_RUN, SHORT_RUN + 1, 3 * SHORT_RUN + 7):
        assert made.run(tick) is Reason.LIMIT
        plain.run(tick)
        assert made.machine.hash() == plain.machine.hash()


def test_auto_changes_over_within_a_run_and_says_what_executes():
    made = board(AUTO)
    assert made.machine.engine.name == "reference (chosen by auto)"
    made.run(SHORT_RUN - 1)
    assert made.machine.engine.name == "reference (chosen by auto)"
    made.run(2 * SHORT_RUN)
    fastest = "compiled" if backend.refusal() else "native"
    assert made.machine.engine.name == f"{fastest} (chosen by auto)"
    assert made.time == 2 * SHORT_RUN


def test_auto_goes_over_to_compiled_code_where_the_host_cannot_run_machine_code(monkeypatch):
    monkeypatch.setattr(backend, "refusal", lambda: "needs an x86-64 processor, this is vax")
    made = board(AUTO)
    made.run(2 * SHORT_RUN)
    assert made.machine.engine.name == "compiled (chosen by auto)"


def test_auto_stops_at_breakpoints_before_and_after_it_changes_over():
    made = board(AUTO)
    here = frozenset({START + 8})
    for tick in (1, 2 * SHORT_RUN):
        made.run(tick)
        assert made.run(tick + 10, breakpoints=here) is Reason.BREAKPOINT
        assert made["pc"] == START + 8


def test_starting_with_auto_loads_no_other_engine():
    late = ("machine.compiled.", "machine.native.")
    code = f"import sys, machine.engines; print(*(n for n in sys.modules if n.startswith({late})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_name_that_is_no_engines_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no engine 'fast'; there are auto, reference, compiled"):
        maker("fast")
