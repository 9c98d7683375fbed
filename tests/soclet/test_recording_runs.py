"""`soclet run --record`: a run in a file as it goes, replayed whatever became of the process."""

import socket
from random import Random

import guests
import pytest
from running import DEADLINE, DEMOS, Running, soclet, state_of
from wrong_engines import wrong

from machine.engines import ENGINES, native_refusal
from machine.events import SerialInput
from soclet import replay
from soclet.capsule import Capsule
from soclet.replay import NOT_REPRODUCED

ECHO = DEMOS / "echo-irq" / "echo-irq.s"
CHATTERS = f"""{guests.PORTS}
; Adds what comes in to words all over memory, and says something now and then, for ever.
        mov     r1, 1
        mov     r2, 0x8000
        mov     r3, 0x8000
        mov     r9, 4
        mov     r10, STATUS
        mov     r11, RX
        mov     r12, TX
        mov     r13, 0xffff
loop:   mov     r4, [r11]
        add     r0, r4
        add     r0, r1
        mov     [r2], r0
        add     r2, r9
        condbr  r2 < 0x20000, next
        mov     r2, r3
        mov     [r12], r0
next:   mov     pc, loop
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.recording"


def test_a_recording_is_replayed_as_a_capsule_is(path, tmp_path):
    words = ("--byte-ticks", "30", "--record", path, "--state", tmp_path / "was.json")
    assert soclet("run", ECHO, *words, typed=b"hello\nquit\n").status == 0
    again = soclet("replay", path, "--state", tmp_path / "is.json", typed=b"other")
    assert again.status == 0
    assert again.output.endswith(b"hello\nquit\n")
    assert (tmp_path / "is.json").read_bytes() == (tmp_path / "was.json").read_bytes()
    assert "power-off: the firmware switched the machine off" in again.errors


def test_a_recording_and_a_capsule_of_one_run_differ_only_in_marks(path, tmp_path, here, guest):
    words = ("--serial", "none", "--record", path, "--capsule", tmp_path / "capsule")
    here("run", guest(guests.SPINS), *words, "--limit", "5000")
    recording, capsule = Capsule.load(path), Capsule.load(tmp_path / "capsule")
    assert recording.ending == capsule.ending
    assert (recording.base, recording.image) == (capsule.base, capsule.image)
    assert (len(recording.marks) >= 2, capsule.marks) == (True, ())


def cut_off(path, guest, seed):
    """Record a run with input on the way, and kill it at some moment."""
    rng = Random(seed)
    words = ("run", guest(CHATTERS), "--record", path, "--serial", "tcp:0")
    with Running(*words) as run:
        wanted = rng.randrange(1000, 4000)
        with socket.create_connection(("127.0.0.1", run.port("serial")), DEADLINE) as line:
            while path.stat().st_size < wanted:
                line.sendall(rng.randbytes(rng.randrange(1, 40)))
                assert line.recv(rng.randrange(1, 400))
            run.process.kill()
        assert run.process.wait() == -9


@pytest.mark.parametrize("seed", range(5))
def test_a_run_whose_process_is_killed_is_replayed_up_to_the_last_mark(path, guest, here, seed):
    cut_off(path, guest, seed)
    capsule = Capsule.load(path)
    assert capsule.ending is None
    engine = Random(seed).choice(["auto", "compiled"])
    said = here("replay", path, "--serial", "none", "--engine", engine)
    assert said.status == 0, said.errors
    end = capsule.end
    assert said.errors.splitlines()[0] == (
        f"soclet: end of the recording: recorded up to tick {end.tick}, step {end.happened}; "
        "the recording process ended before it was done"
    )


def test_a_recording_that_was_killed_ends_unfinished(path, guest, here, tmp_path):
    cut_off(path, guest, 77)
    here("replay", path, "--serial", "none", "--state", tmp_path / "is.json")
    assert state_of(tmp_path / "is.json")["ended"] == "unfinished"


def test_a_checksum_that_fails_in_the_midst_is_an_error(path, guest, here):
    cut_off(path, guest, 78)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    said = here("replay", path)
    assert (said.status, said.complaint) == (
        1,
        f"soclet: {path}: the capsule is damaged: copy or record it again",
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("other", ENGINES)
def test_what_one_engine_recorded_every_other_replays(path, guest, here, engine, other):
    if "native" in (engine, other) and (refusal := native_refusal()) is not None:
        pytest.skip(f"the native engine {refusal}")
    words = ("--serial", "none", "--limit", "300k", "--record", path)
    assert here("run", guest(CHATTERS), "--engine", engine, *words).status == 124
    assert here("replay", path, "--serial", "none", "--engine", other).status == 0


def test_an_engine_that_is_wrong_is_told_with_instruction_line_and_register(
    path, guest, here, monkeypatch
):
    words = ("--serial", "none", "--limit", "100k", "--record", path)
    here("run", guest(CHATTERS), *words, "--engine", "reference")
    monkeypatch.setattr(replay, "maker", lambda _name: wrong(70_002, register=9))
    said = here("replay", path, "--serial", "none")
    assert said.status == NOT_REPRODUCED
    lines = said.errors.splitlines()
    assert lines[-3:] == [
        "soclet: the reference engine does what was recorded, wrong does not",
        "soclet: they part at instruction 70001 (tick 70001), pc 0x1040 <loop>, guest.s:18",
        "soclet:   r9: 0x104 by wrong, 0x4 by reference",
    ]
    assert "the replay is not what was recorded for tick " in said.errors


def test_a_recording_whose_input_was_altered_is_told_by_marks(path, guest, here):
    cut_off(path, guest, 79)
    capsule = Capsule.load(path)
    events = list(capsule.events)
    position, event = events[0]
    events[0] = position, SerialInput(bytes([event.data[0] ^ 1, *event.data[1:]]))
    altered = Capsule(
        capsule.byte_ticks, capsule.base, tuple(events), None, capsule.origin,
        capsule.image, capsule.marks,
    )  # fmt: skip
    altered.save(path)
    said = here("replay", path, "--serial", "none")
    assert said.status == NOT_REPRODUCED
    assert "the replay is not what was recorded for tick " in said.errors
    assert "soclet: it departs between tick " in said.errors
    assert "and does so on the reference engine too" in said.errors
    assert " recorded\n" in said.errors
    assert "Traceback" not in said.errors


def test_a_run_that_cannot_be_recorded_does_not_start(guest, here, tmp_path):
    image = guest(guests.SPINS)
    said = here("run", image, "--record", tmp_path / "none" / "x", "--serial", "none")
    assert said.status == 125
    assert "cannot be written" in said.complaint
    said = here("run", image, "--record", "/dev/full", "--serial", "none")
    assert (said.status, said.complaint) == (
        125,
        "soclet: /dev/full: cannot be written: No space left on device",
    )
    assert here("run", tmp_path / "none.elf", "--record", tmp_path / "x").status == 125
    assert not (tmp_path / "x").exists()
