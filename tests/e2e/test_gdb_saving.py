"""The real gdb: it saves a machine, compares runs, and is recorded while it does."""

import guests
import pytest
from running import Running, build, soclet, state_of

COUNTS = f"""{guests.PORTS}
.global start
.func start
        mov     r1, 1
again:  add     r0, r1
        condbr  r0 < 1000, again
done:   mov     r1, POWER_OFF
        mov     [r1], r0
.endfunc
"""


@pytest.fixture
def image(tmp_path):
    return build(tmp_path / "main.elf", COUNTS)


@pytest.fixture
def debugged(gdb, tmp_path, image):
    """Run with a folder for files, recorded, and attach a gdb."""
    started = []

    def debugged(*words):
        states = ("--state-dir", tmp_path / "states")
        run = Running(*words, *states, "--gdb", "0", "--serial", "none")
        started.append(run)
        debugger = gdb(image)
        debugger.attach(run.port("gdb"))
        return run, debugger

    yield debugged
    for run in started:
        run.__exit__()


def test_a_saved_machine_goes_on_elsewhere(debugged, image, tmp_path):
    run, gdb = debugged("run", image, "-S")
    gdb.ask("break again if $r0 == 500")
    gdb.ask("continue")
    assert "saved at tick" in gdb.ask("monitor save half")
    assert "is not a plain file name" in gdb.ask("monitor save ../half")
    saved = tmp_path / "states" / "half"
    again = soclet("run", "--restore", saved, "--serial", "none", "--state", tmp_path / "is")
    assert again.status == 1000 & 0xFF
    gdb.ask("delete")
    gdb.ask("continue")
    here = gdb.number("$pc")
    assert state_of(tmp_path / "is")["registers"]["pc"] == here
    gdb.ask("kill")
    run.wait()
    _, gdb = debugged("run", "--restore", saved, "-S")
    assert gdb.number("$r0") == 500
    assert "again () at" in gdb.ask("frame") or "start () at" in gdb.ask("frame")


def test_a_session_is_recorded_and_the_next_is_compared_with_it(debugged, image, tmp_path):
    (tmp_path / "states").mkdir()
    recording = tmp_path / "states" / "first"
    run, gdb = debugged("run", image, "-S", "--record", recording)
    gdb.ask("break again if $r0 == 500")
    gdb.ask("continue")
    gdb.ask("print $r9 = 7")
    gdb.ask("delete")
    gdb.ask("continue")
    gdb.ask("continue")
    assert run.wait().status == 1000 & 0xFF
    assert soclet("replay", recording, "--serial", "none").status == 0
    _, gdb = debugged("run", image, "-S")
    gdb.ask("break again if $r0 == 500")
    gdb.ask("continue")
    assert "which is as far as this run has come" in gdb.ask("monitor first-divergence first")
    gdb.ask("delete")
    gdb.ask("break done")
    gdb.ask("continue")
    said = gdb.ask("monitor first-divergence first")
    assert "they part at instruction" in said
    assert "r9: 0x0 in this run, 0x7 recorded" in said
    assert gdb.number("$r0") == 1000


def test_a_replay_is_saved_in_its_midst_and_compared(debugged, image, tmp_path):
    recording = tmp_path / "recording"
    soclet("run", image, "--serial", "none", "--record", recording)
    run, gdb = debugged("replay", recording)
    gdb.ask("break again if $r0 == 500")
    gdb.ask("continue")
    gdb.ask("monitor save half")
    (tmp_path / "states" / "all").write_bytes(recording.read_bytes())
    assert "which is as far as this run has come" in gdb.ask("monitor first-divergence all")
    gdb.ask("delete")
    assert "the replay" not in gdb.ask("continue")
    gdb.ask("kill")
    assert run.wait().status == 0
    saved = tmp_path / "states" / "half"
    assert soclet("run", "--restore", saved, "--serial", "none").status == 1000 & 0xFF
