"""A campaign: trials of one situation, in this process or in many, with the same result.

Each trial begins at the same state and is known by a number. What is found is the failing trial
with the lowest number, so neither the order in which trials are run nor where they are run shows.
"""

import contextlib
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from typing import Any, Final

import click

from soclet.errors import UserError
from soclet.testing.configuration import Configuration
from soclet.testing.machine_under_test import MachineUnderTest, Saved

Then = Callable[[MachineUnderTest], object]
"""What is done with a machine after it was disturbed; raises AssertionError where it is wrong."""

Share = tuple[int, int]
"""Which of how many parts of a campaign is run, counted from 0: `(0, 4)` is the first of four."""

ALL: Final[Share] = (0, 1)

CHUNKS: Final = 8
"""Pieces of work for each process: few enough to cost little, enough to share it evenly."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What every trial begins with, and what it does: all that another process needs to know."""

    configuration: Configuration
    saved: Saved
    disturb: Callable[[MachineUnderTest, int], None]
    then: Then

    def fails(self, machine: MachineUnderTest, trial: int) -> str | None:
        """Run a trial; give why it fails, None where it does not."""
        machine.restore(self.saved)
        try:
            self.disturb(machine, trial)
            said = self.then(machine)
        except AssertionError as error:
            return str(error).partition("\n")[0] or type(error).__name__
        if said is False or isinstance(said, str):
            return said or "what was to hold does not"
        return None


@dataclass(frozen=True, slots=True)
class Found:
    """A trial that fails, and why."""

    trial: int
    why: str


@dataclass(frozen=True, slots=True)
class Explored:
    """How many trials were run without a failure."""

    trials: int


def situation(
    machine: MachineUnderTest, disturb: Callable[[MachineUnderTest, int], None], then: Then
) -> Situation:
    """Take the state that a machine is in as what trials begin with."""
    # Trials write to memory, not to anybody's file.
    configuration = replace(machine.configuration, nvram=None, memory=machine.machine.memory.size)
    return Situation(configuration, machine.snapshot(), disturb, then)


def explore(
    machine: MachineUnderTest,
    situation: Situation,
    count: int,
    *,
    jobs: int,
    executor: Executor | None,
    share: Share,
    label: str,
) -> Found | Explored:
    """Run a part of so many trials on so many processes; give the first that fails, if one does.

    The machine is then what it was when the situation was taken.

    An executor is anything with `map`, such as a process pool, or dask's Client by its
    `get_executor()`. Raises UserError where a trial cannot be sent to another process.
    """
    trials = shared(count, share)
    found = _run(machine, situation, trials, jobs=jobs, executor=executor, label=label)
    machine.restore(situation.saved)
    return Explored(len(trials)) if found is None else found


def _run(
    machine: MachineUnderTest,
    situation: Situation,
    trials: Sequence[int],
    *,
    jobs: int,
    executor: Executor | None,
    label: str,
) -> Found | None:
    with contextlib.ExitStack() as stack:
        if executor is None and jobs > 1:
            # Not forked: what this process has open is not theirs.
            pool = ProcessPoolExecutor(jobs, get_context("spawn"))
            executor = stack.enter_context(pool)
            stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        shown = stack.enter_context(_progress(len(trials), label))
        if executor is None:
            return _first(machine, situation, shown(trials))
        size = max(1, -(-len(trials) // (jobs * CHUNKS)))
        chunks = [tuple(trials[at : at + size]) for at in range(0, len(trials), size)]
        packed = _pack(situation)
        results = executor.map(_run_chunk, [packed] * len(chunks), chunks)
        for found in shown(results, size):
            if isinstance(found, Found):
                return found
    return None


def _first(machine: MachineUnderTest, situation: Situation, trials: Iterable[int]) -> Found | None:
    for trial in trials:
        why = situation.fails(machine, trial)
        if why is not None:
            return Found(trial, why)
    return None


def _run_chunk(packed: bytes, trials: Sequence[int]) -> Found | None:
    """Run trials in a process of a pool."""
    situation, machine = _unpack(packed)
    return _first(machine, situation, trials)


@lru_cache(maxsize=1)
def _unpack(packed: bytes) -> tuple[Situation, MachineUnderTest]:
    situation: Situation = pickle.loads(packed)
    return situation, MachineUnderTest(situation.configuration)


def _pack(situation: Situation) -> bytes:
    """Give what a process needs; functions of a test go by value, for nobody can import them."""
    import cloudpickle

    module = sys.modules.get(getattr(situation.then, "__module__", ""))
    by_value = module is not None and module.__name__ not in ("__main__", "builtins")
    try:
        if by_value:
            cloudpickle.register_pickle_by_value(module)
        return bytes(cloudpickle.dumps(situation))
    except (TypeError, pickle.PicklingError, AttributeError) as error:
        raise UserError(
            f"a trial cannot be sent to another process ({error}); use jobs=1, or a function that "
            "refers to nothing but the machine it is given"
        ) from error
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)


Shown = Callable[..., Iterator[Any]]


@contextlib.contextmanager
def _progress(count: int, label: str) -> Iterator[Shown]:
    """Give what passes results on, and moves a bar by what each stands for, on a terminal."""
    if not sys.stderr.isatty():
        yield lambda results, _step=1: iter(results)
        return
    with click.progressbar(length=count, label=label, file=sys.stderr) as bar:

        def shown(results: Iterable[Any], step: int = 1) -> Iterator[Any]:
            for result in results:
                yield result
                bar.update(step)

        yield shown


def shared(count: int, share: Share) -> range:
    """Give the trials of a part, of so many in all."""
    part, parts = share
    if not 0 <= part < parts:
        raise UserError(f"part {part} of {parts}: parts are counted from 0 to {parts - 1}")
    return range(part, count, parts)
