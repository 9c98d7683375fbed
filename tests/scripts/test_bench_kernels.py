"""The benchmarks' kernels: each does what it says, on every engine and in every language."""

import re

import peers
import pytest
from guest_runs import Guest, WrongError
from kernels import FOLDER, KERNELS, SIZES, Kernel
from peers import ByHand, Peers
from speeds import FIRST_REPEATS, Length, engines_here, fit

from machine.reason import Reason

COMPUTING = [name for name, kernel in KERNELS.items() if kernel.computes]
OTHER_ENGINES = [name for name in engines_here() if name != "reference"]


@pytest.fixture
def found(tmp_path):
    """Whoever is here."""
    return peers.find(tmp_path)


@pytest.mark.parametrize("engine", OTHER_ENGINES)
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_gives_its_total_and_the_same_state_on_every_engine(name, engine):
    guests = [Guest(KERNELS[name], one) for one in ("reference", engine)]
    # Guest.run holds the total, and what was sent, against what Python computes.
    counts = [[guest.run(repeats).instructions for repeats in (1, 2)] for guest in guests]
    assert counts[0] == counts[1]
    assert guests[0].machine.hash() == guests[1].machine.hash()


@pytest.mark.parametrize("engine", OTHER_ENGINES)
@pytest.mark.parametrize("name", [name for name, one in KERNELS.items() if one.translatable])
def test_with_translation_a_kernel_executes_the_same_instructions(name, engine):
    guest = Guest(KERNELS[name], engine)
    assert guest.run(1, translated=True).instructions == guest.run(1).instructions


@pytest.mark.parametrize("name", KERNELS)
def test_every_turn_of_a_kernel_takes_as_many_instructions(name):
    guest = Guest(KERNELS[name], "reference")
    assert Length(KERNELS[name]).instructions(3) == guest.run(3).instructions


@pytest.mark.parametrize("name", KERNELS)
def test_a_first_run_is_short_enough_for_the_reference_engine(name):
    assert Length(KERNELS[name]).instructions(FIRST_REPEATS) < 2_000_000


def test_a_kernel_that_gives_something_else_is_an_error_that_says_what():
    right = KERNELS["fib"]
    wrong = Kernel("fib", right.what, lambda: 6766)
    with pytest.raises(WrongError, match="fib on reference gave 0x1a6d; 0x1a6e would be right"):
        Guest(wrong, "reference").run(1)


def test_a_kernel_that_sends_something_else_is_an_error():
    right = KERNELS["serial"]
    wrong = Kernel("serial", "", right.give, computes=False, input=right.input, output=right.input)
    with pytest.raises(WrongError, match="serial on reference sent something else"):
        Guest(wrong, "reference").run(1)


def test_a_kernel_that_does_not_end_by_power_off_is_an_error():
    guest = Guest(KERNELS["fib"], "reference")
    guest.machine.run = lambda **_options: Reason.CHECK_STOP
    with pytest.raises(WrongError, match="fib on reference ended by check-stop, not by power-off"):
        guest.run(1)


def test_there_is_a_kernel_in_every_language_and_the_sizes_are_all_used():
    def stems(pattern):
        return {path.stem for path in FOLDER.glob(pattern)}

    assert stems("*.s") == KERNELS.keys()
    assert stems("riscv/*.s") == KERNELS.keys() | {"board"}
    assert stems("c/*.c") == set(COMPUTING)
    sources = "".join(path.read_text() for path in FOLDER.glob("*.s"))
    assert set(re.findall("|".join(SIZES), sources)) == SIZES.keys()


@pytest.mark.parametrize("name", KERNELS)
def test_whoever_is_here_does_the_kernels_work_or_is_named_as_missing(name, found):
    kernel = KERNELS[name]
    assert {peer.name for peer in found.here} | found.missing.keys() >= peers.TITLES.keys() - {
        "py65"
    }
    for peer in found.here:
        # tinyrv takes a second for what others do in a hundredth.
        if peer.name != "tinyrv" and (kernel.computes or not peer.only_computes):
            assert peer.run(kernel, 1) > 0


def test_a_peer_that_gives_something_else_is_an_error(found):
    wrong = Kernel("fib", "", lambda: 6766)
    for peer in found.here:
        with pytest.raises(WrongError, match="gave 0x1a6d; 0x1a6e would be right"):
            peer.run(wrong, 1)


def test_those_that_are_missing_are_named_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "python")
    found = peers.find(tmp_path)
    assert [peer.name for peer in found.here] == ["by-hand"]
    assert found.missing == {
        "gcc": "gcc is not installed",
        "qemu": "qemu-system-riscv32 is not installed",
        "qemu-icount": "qemu-system-riscv32 is not installed",
        "unicorn": "unicorn is not in .cache/peers",
        "tinyrv": "tinyrv is not in .cache/peers",
        "py65": "py65 is not in .cache/peers",
    }


def test_only_those_that_are_asked_for_are_measured_or_missed():
    here = (ByHand(),)
    all_of_them = Peers(here, True, {"gcc": "gcc is not installed"})
    assert all_of_them.only(None) is all_of_them
    assert all_of_them.only(["none"]) == Peers((), False, {})
    assert all_of_them.only(["gcc", "py65"]) == Peers((), True, all_of_them.missing)
    assert all_of_them.only(["by-hand"]) == Peers(here, False, {})


@pytest.mark.parametrize(("speed", "repeats"), [(1, 1), (1000, 500), (1e9, 2000)])
def test_a_run_is_fitted_to_the_seconds_that_it_is_to_take(speed, repeats):
    assert fit(lambda times: times / speed, 0.5, most=2000) == repeats


def test_a_run_that_is_slow_once_is_fitted_all_the_same():
    delays = iter([5.0])
    assert fit(lambda times: times / 1000 + next(delays, 0), 0.5, most=2000) == 500
