"""`soclet run --capsule` and `soclet replay`: a run in a file, and the same run again."""

import guests
import pytest
from running import DEMOS, Running, soclet, state_of

from machine.engines import ENGINES, native_refusal
from machine.events import Position
from soclet.capsule import Capsule, Ending, Origin
from soclet.replay import NOT_REPRODUCED

ECHO = DEMOS / "echo-irq" / "echo-irq.s"


@pytest.fixture
def recorded(tmp_path):
    """Record a run with its state; give the capsule's path."""

    def recorded(*words, typed=b""):
        path = tmp_path / "run.capsule"
        run = soclet(
            "run", *words, "--capsule", path, "--state", tmp_path / "was.json", typed=typed
        )
        assert "Traceback" not in run.errors
        return path

    return recorded


def replaced(path, **changes):
    """Write a capsule whose ending is another."""
    capsule = Capsule.load(path)
    was = capsule.ending
    values = {"position": was.position, "state_hash": was.state_hash, "ended": was.ended}
    ending = Ending(**{**values, "reason": was.reason, **changes})
    Capsule(
        capsule.byte_ticks,
        capsule.base,
        capsule.events,
        ending,
        Origin("0.0.1", "3.99"),
        capsule.image,
    ).save(path)


def test_a_replay_sends_the_same_and_ends_in_the_same_state(recorded, tmp_path):
    capsule = recorded(ECHO, "--byte-ticks", "30", typed=b"hello\nquit\n")
    replay = soclet("replay", capsule, "--state", tmp_path / "is.json", typed=b"other")
    assert replay.status == 0
    assert replay.output.endswith(b"hello\nquit\n")
    assert (tmp_path / "is.json").read_bytes() == (tmp_path / "was.json").read_bytes()


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_replays_it(recorded, here, engine, tmp_path):
    if engine == "native" and (refusal := native_refusal()) is not None:
        pytest.skip(f"the native engine {refusal}")
    capsule = recorded(ECHO, typed=b"hello\nquit\n")
    assert here("replay", capsule, "--engine", engine, "--state", tmp_path / "is.json").status == 0
    assert state_of(tmp_path / "is.json") == state_of(tmp_path / "was.json")


@pytest.mark.parametrize(
    ("text", "words", "ended", "said"),
    [
        (guests.powers_off(3), (), "power-off", "power-off: the firmware switched the machine"),
        (guests.CHECK_STOPS, (), "check-stop", "check-stop: division by zero"),
        (guests.SLEEPS_FOR_EVER, (), "asleep", "asleep: nothing can wake the wait"),
        (guests.SPINS, ("--limit", "5000"), "limit", "the limit of 5000 ticks was reached"),
        (guests.SLEEPS_UNTIL_1000, ("--limit", "500"), "limit", "the limit of 500 ticks was"),
    ],
)
def test_however_a_run_ended_its_replay_ends_so(
    guest, recorded, here, tmp_path, text, words, ended, said
):
    capsule = recorded(guest(text), "--serial", "none", *words)
    replay = here("replay", capsule, "--serial", "none", "--state", tmp_path / "is.json")
    assert replay.status == 0
    end, where = replay.errors.splitlines()
    assert end.startswith(f"soclet: end of the recording: {said}")
    state = state_of(tmp_path / "is.json")
    assert state == state_of(tmp_path / "was.json")
    assert state["ended"] == ended
    assert where.startswith(f"soclet: tick {state['time']}: pc {state['registers']['pc']:#x}")


def test_an_interrupted_run_is_recorded_too(guest, tmp_path, here):
    path = tmp_path / "run.capsule"
    with Running("run", guest(guests.SPINS), "--serial", "tcp:0", "--capsule", path) as run:
        run.port("serial")
        run.send_signal()
        assert run.wait().status == 130
    replay = here("replay", path)
    assert (replay.status, replay.errors.splitlines()[0]) == (
        0,
        "soclet: end of the recording: interrupted",
    )


def test_memory_that_was_in_a_file_is_in_the_capsule(guest, recorded, here, tmp_path):
    nvram = tmp_path / "memory.bin"
    image = guest(guests.COUNTS_RUNS)
    words = (image, "--nvram", nvram, "--memory", "64k", "--serial", "none")
    recorded(*words)
    capsule = recorded(*words)
    nvram.unlink()
    assert here("replay", capsule, "--state", tmp_path / "is.json").status == 0
    assert state_of(tmp_path / "is.json") == state_of(tmp_path / "was.json")
    assert not nvram.exists()


def test_the_image_may_be_gone_and_places_still_have_names(guest, recorded, here):
    image = guest(guests.CHECK_STOPS)
    capsule = recorded(image, "--serial", "none")
    image.unlink()
    image.with_suffix(".s").unlink()
    assert "guest.s:4" in here("replay", capsule).errors


def test_another_state_at_the_end_is_told_with_the_versions(guest, recorded, here):
    capsule = recorded(guest(guests.powers_off(3)), "--serial", "none")
    replaced(capsule, state_hash="0" * 64)
    replay = here("replay", capsule)
    assert replay.status == NOT_REPRODUCED
    told, why, where = replay.errors.splitlines()[-3:]
    assert told.startswith(
        f"soclet: {capsule}: the replay ends in another state than was recorded; recorded by "
        "soclet 0.0.1 on Python 3.99, replayed by soclet "
    )
    assert why == (
        "soclet: running it again from the last mark on, on the reference engine, to see why"
    )
    assert where == (
        "soclet: it departs between tick 0, step 0, and tick 3, step 3, and does so on the "
        "reference engine too"
    )


def test_a_replay_that_ends_before_the_recording_is_told(guest, recorded, here):
    capsule = recorded(guest(guests.powers_off(3)), "--serial", "none")
    end = Capsule.load(capsule).ending.position
    replaced(capsule, position=Position(end.happened + 5, end.tick + 5))
    replay = here("replay", capsule)
    assert replay.status == NOT_REPRODUCED
    assert (
        f"the replay stopped at tick {end.tick}, step {end.happened}, before the recorded end"
        in (replay.errors)
    )


def test_a_client_that_may_type_is_not_waited_for(guest, recorded, here):
    capsule = recorded(guest(guests.SLEEPS_FOR_EVER), "--serial", "none")
    end = Capsule.load(capsule).ending.position
    replaced(capsule, position=Position(end.happened + 5, end.tick + 5))
    replay = here("replay", capsule, "--serial", "tcp:0")
    assert replay.status == NOT_REPRODUCED
    assert "before the recorded end" in replay.errors


def test_a_limit_ends_a_replay_before(guest, recorded, here):
    capsule = recorded(guest(guests.SPINS), "--limit", "5000", "--serial", "none")
    replay = here("replay", capsule, "--limit", "70")
    assert (replay.status, replay.complaint) == (
        124,
        "soclet: tick 70: pc 0x1000 <here>, guest.s:2, kernel mode",
    )


def test_what_cannot_be_replayed_is_told_in_a_line(tmp_path, here, guest, recorded):
    wrong = tmp_path / "wrong.capsule"
    wrong.write_text("hello")
    assert here("replay", wrong).complaint == (
        f"soclet: {wrong}: no capsule; `soclet run IMAGE --capsule FILE` makes one"
    )
    assert here("replay", wrong).status == 1
    capsule = recorded(guest(guests.SPINS), "--limit", "50", "--serial", "none")
    said = here("replay", capsule, "-S")
    assert (said.status, said.complaint) == (
        1,
        "soclet: --halt waits for a debugger: give --gdb PORT too",
    )
    assert here("replay", capsule, "--engine", "none").status == 2
    nowhere = tmp_path / "none" / "x"
    assert "cannot be written" in here("replay", capsule, "--state", nowhere).complaint
    assert "cannot be written" in here("run", guest(guests.SPINS), "--capsule", nowhere).complaint


def test_a_run_that_cannot_start_leaves_no_capsule(tmp_path, here):
    path = tmp_path / "run.capsule"
    assert here("run", tmp_path / "none.elf", "--capsule", path).status == 125
    assert not path.exists()
