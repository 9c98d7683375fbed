"""The power-cut explorer finds records that a cut tears."""

import pytest
from racing_guests import TORN, WHOLE

from soclet.explore import Explored, power_cuts
from soclet.testing import Configuration, Failure, MachineUnderTest


def made(source: str, **options) -> MachineUnderTest:
    return MachineUnderTest(Configuration(source=source, engine="reference", **options))


def both_words_are_equal(machine: MachineUnderTest) -> None:
    one, other = machine.memory.words(0x4000, 2)
    assert one == other, f"the record is torn: {one} and {other}"


def it_starts_again(machine: MachineUnderTest) -> None:
    assert machine.run_to_power_off(ticks=1000) == 0


def test_a_torn_record_is_found_at_the_store_that_tears_it():
    machine = made(TORN)
    with pytest.raises(Failure) as failure:
        power_cuts(machine, start="begin", end="end", then=both_words_are_equal)
    assert str(failure.value) == (
        "with the power cut after 1 of the 2 stores from begin to end "
        "(to 0x4000, at pc 0x1020 <begin>, source.s:7): the record is torn: 1 and 0"
    )
    assert machine.time == 0


def test_a_record_that_is_written_in_one_store_survives_every_cut():
    machine = made(WHOLE)
    explored = power_cuts(machine, start="begin", end="end", then=it_starts_again, jobs=2)
    assert explored == Explored(3)


def test_an_nvram_file_sees_nothing_of_the_trials(tmp_path):
    machine = made(WHOLE, nvram=tmp_path / "nvram", memory="64k")
    machine.run_until(symbol="begin")
    machine.machine.commit()
    before = (tmp_path / "nvram").read_bytes()
    power_cuts(machine, start="begin", end="end", then=it_starts_again, jobs=2)
    machine.machine.commit()
    assert (tmp_path / "nvram").read_bytes() == before
    machine.close()
