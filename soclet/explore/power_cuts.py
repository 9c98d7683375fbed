"""The power-cut explorer: the power fails after each store of a region in turn.

Memory is non-volatile (isa §1): what was stored stays, and nothing else does. It finds records that
are torn when the next start finds half of them.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

from machine.happenings import Store
from soclet.explore.campaign import ALL, Explored, Share, Then, explore, situation
from soclet.testing.failure import Failure
from soclet.testing.machine_under_test import MachineUnderTest


@dataclass(frozen=True, slots=True)
class PowerCut:
    """Cuts the power once so many instructions were executed."""

    after: tuple[int, ...]

    def __call__(self, machine: MachineUnderTest, trial: int) -> None:
        """Disturb a machine."""
        machine.run_instructions(self.after[trial])
        machine.power_cycle()


def power_cuts(
    machine: MachineUnderTest,
    *,
    start: int | str,
    end: int | str,
    then: Then,
    jobs: int = 1,
    executor: Executor | None = None,
    share: Share = ALL,
) -> Explored:
    """Cut the power before the first store from `start` to `end`, and after each of them in turn.

    `then` is given the machine at reset, with memory as the cut left it; it goes on and judges it
    as for `preemptions`. Raises Failure with the earliest store for which it is wrong; the machine
    is then what it was in that trial, after `then`. Else it is left where the region starts.
    """
    __tracebackhide__ = True
    if machine.pc != machine.symbols.address(start):
        machine.run_until(pc=start)
    saved = machine.snapshot()
    first = machine.machine.cpu.executed
    stores: list[tuple[Store, int]] = []

    def note(store: Store) -> None:
        stores.append((store, machine.machine.cpu.executed - first))

    with machine.observing(Store, note):
        machine.run_until(pc=end)
    machine.restore(saved)
    after = (0, *(executed for _, executed in stores))
    what = situation(machine, PowerCut(after), then)
    found = explore(
        machine, what, len(after), jobs=jobs, executor=executor, share=share, label="power cuts"
    )
    if isinstance(found, Explored):
        return found
    where = ""
    if found.trial:
        store, _ = stores[found.trial - 1]
        where = f" (to {store.address:#x}, at pc {machine.places.show(store.pc)})"
    what.fails(machine, found.trial)
    raise Failure(
        f"with the power cut after {found.trial} of the {len(stores)} stores from {start} to {end}"
        f"{where}: {found.why}"
    )
