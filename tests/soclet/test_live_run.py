"""`monitor save` and `monitor first-divergence`: files in --state-dir, the machine as it was."""

from types import SimpleNamespace

import pytest
from board import DATA, Board

from gdbstub.target import TargetError
from machine.events import SerialInput, WriteRegister
from machine.reference import Reference
from soclet.capsule import capsule_of
from soclet.capsule.recorder import Recorder
from soclet.capsule.saved import SavedMachine
from soclet.goals import Done
from soclet.live_run import LiveRun
from soclet.runner import Runner
from soclet.state_dir import StateDir
from soclet.thread_target import ThreadTarget

LOOP = ("loop:", "add r0, r1", "mov [r2], r0", "mov pc, loop")


@pytest.fixture
def target(tmp_path):
    """A target on a loop that has run for 100 instructions, with input after 50."""
    board = Board(*LOOP).set(r1=1, r2=DATA)
    machine = board.machine
    target = ThreadTarget(Runner(machine))
    target.attach()
    target.live_run = LiveRun(machine, machine.snapshot(), None, StateDir(tmp_path / "states"))
    machine.run(budget=50)
    machine.post(SerialInput(b"x"))
    machine.run(budget=50)
    return target


def refusal(target, text):
    with pytest.raises(TargetError) as caught:
        target.monitor(text)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_a_machine_is_saved_as_it_is_and_changes_nothing(target):
    machine = target.machine
    was, path = machine.hash(), target.live_run.folder.path / "here"
    assert target.monitor("save here") == f"saved at tick 100: soclet run --restore {path}\n"
    assert machine.hash() == was
    restored = SavedMachine.load(path).machine(engine=Reference)
    restored.run(budget=70)
    machine.run(budget=70)
    assert restored.cpu.r == machine.cpu.r
    assert dict(restored.memory.pages()) == dict(machine.memory.pages())


def test_what_was_saved_under_a_name_is_replaced(target):
    target.monitor("save here")
    target.machine.run(budget=3)
    assert target.monitor("save here").startswith("saved at tick 103")
    (path,) = target.live_run.folder.path.iterdir()
    assert SavedMachine.load(path).state.cpu[1] == 103


@pytest.mark.parametrize("command", ["save", "first-divergence"])
def test_without_a_folder_files_are_refused(target, command):
    target.live_run = None
    assert refusal(target, f"{command} here") == (
        f"monitor {command} needs a folder for files: run the machine with --state-dir DIR"
    )


@pytest.mark.parametrize("command", ["save", "first-divergence"])
@pytest.mark.parametrize("name", ["", "../here", "/tmp/here", ".."])
def test_names_that_lead_elsewhere_are_refused(target, command, name, tmp_path):
    assert refusal(target, f"{command} {name}").startswith(f"{name!r} is not a plain file name")
    assert list(tmp_path.iterdir()) == [tmp_path / "states"]
    assert list((tmp_path / "states").iterdir()) == []


def test_a_run_that_is_the_recorded_one_so_far_is_said_to_be(target):
    live = target.live_run
    capsule_of(target.machine, live.base, ended="x").save(live.folder.path / "run")
    target.machine.run(budget=10)
    was = target.machine.hash()
    said = target.monitor("first-divergence run")
    assert said == "the same up to tick 100, step 100, which is as far as the recorded one goes\n"
    assert target.machine.hash() == was


def test_a_run_that_departs_from_the_recorded_one_is_told_where(target):
    live, machine = target.live_run, target.machine
    recorder = Recorder(live.folder.path / "run", machine, machine.snapshot())
    here = machine.snapshot()
    machine.run(budget=40)
    recorder.finish("x", "")
    machine.restore(here)
    target.live_run = LiveRun(machine, here, None, live.folder)
    machine.run(budget=20)
    machine.post(WriteRegister(9, 7))
    machine.run(budget=20)
    assert target.monitor("first-divergence run").splitlines() == [
        "they part at instruction 119 (tick 119), pc 0x1010",
        "  r9: 0x7 in this run, 0x0 recorded",
        "what came from outside differs",
        "  at tick 120, step 120: WriteRegister(number=9, value=7) in this run",
        "  nothing more recorded",
    ]


def test_what_takes_longer_than_a_slice_is_told_later(target):
    live, machine = target.live_run, target.machine
    machine.run(budget=100_000)
    capsule_of(machine, live.base, ended="x").save(live.folder.path / "run")
    was, told = machine.hash(), []
    target.server = SimpleNamespace(answered=told.append)
    assert target.monitor("first-divergence run") is None
    while not machine.halted:
        outcome = target.runner.advance(target.runner._goal, 1)
        if outcome is Done.ANSWERED:
            target.runner.halt()
            target.reached(outcome)
    assert told == [
        "the same up to tick 100100, step 100100, which is as far as this run has come\n"
    ]
    assert machine.hash() == was


def test_what_is_no_recording_is_told(target):
    folder = target.live_run.folder.path
    target.monitor("save here")
    (folder / "text").write_text("hello")
    assert refusal(target, "first-divergence here").endswith(
        "holds a saved machine and no run: `soclet run --restore FILE` goes on with it"
    )
    assert "no capsule" in refusal(target, "first-divergence text")
    assert "cannot be read: No such file" in refusal(target, "first-divergence none")
