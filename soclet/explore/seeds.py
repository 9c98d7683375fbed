"""The explorer of chance: a situation disturbed by what follows from one seed after the other.

For faults that nobody can foresee: bits that flip, lines that lose bytes.
"""

from collections.abc import Callable
from concurrent.futures import Executor

from soclet.explore.campaign import ALL, Explored, Share, Then, explore, situation
from soclet.testing.failure import Failure
from soclet.testing.machine_under_test import MachineUnderTest


def seeds(
    machine: MachineUnderTest,
    count: int,
    *,
    disturb: Callable[[MachineUnderTest, int], None],
    then: Then,
    jobs: int = 1,
    executor: Executor | None = None,
    share: Share = ALL,
) -> Explored:
    """Begin where the machine is, once for each seed from 0 to `count` - 1.

    `disturb` is given the machine and the seed, and has something happen to it, now or at ticks to
    come; `then` goes on and judges, as for `preemptions`. Raises Failure with the lowest seed for
    which it is wrong; the machine is then what it was in that trial, after `then`. Else it is left
    as it was.
    """
    __tracebackhide__ = True
    what = situation(machine, disturb, then)
    found = explore(machine, what, count, jobs=jobs, executor=executor, share=share, label="seeds")
    if isinstance(found, Explored):
        return found
    what.fails(machine, found.trial)
    raise Failure(f"with seed {found.trial} of {count}: {found.why}")
