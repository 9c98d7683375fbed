"""Campaigns on dask, on a real cluster of this host."""

import pytest
from distributed import Client, LocalCluster
from racing_guests import RACY, SAFE

from soclet.explore import Explored, preemptions
from soclet.testing import Configuration, Failure, MachineUnderTest

pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def executor():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor()


def nothing_is_lost(machine: MachineUnderTest) -> str | None:
    machine.run_until(symbol="done", ticks="10k")
    return None if machine.memory["counter"] == 4 else "a count was lost"


def explored(source: str, executor=None) -> Explored:
    machine = MachineUnderTest(Configuration(source=source, engine="reference"))
    return preemptions(machine, start="work", end="end", then=nothing_is_lost, executor=executor)


def test_a_cluster_runs_every_trial(executor):
    assert explored(SAFE, executor) == explored(SAFE)


def test_a_cluster_finds_the_same_as_this_process(executor):
    said = []
    for where in (None, executor):
        with pytest.raises(Failure) as failure:
            explored(RACY, where)
        said.append(str(failure.value))
    assert said[0] == said[1]
    assert said[0].endswith("a count was lost")
