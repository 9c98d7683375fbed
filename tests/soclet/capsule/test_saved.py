"""Saved machines: what is restored goes on as what was saved would have gone on."""

import pytest
from hypothesis import given
from restless import Act, acts, restless

from machine.engines import ENGINES, maker, native_refusal
from machine.events import Debugger, HoldInterrupts, SerialInput
from machine.machine import Machine
from machine.reason import Reason
from soclet.capsule import Capsule, CapsuleError, KeptImage, capsule_of
from soclet.capsule.container import VERSION
from soclet.capsule.saved import SavedMachine

PROGRAM = KeptImage("/x.bin", "raw", b"x")


def again(machine: Machine, path, engine: str = "reference") -> Machine:
    """Save a machine, and make one of the file."""
    SavedMachine.of(machine).save(path)
    return SavedMachine.load(path).machine(engine=maker(engine))


def finish(machine: Machine) -> str:
    """Run a machine to its end, with input on the way."""
    machine.schedule(machine.cpu.time + 70, SerialInput(b"input"))
    while machine.run(limit=machine.cpu.time + 100_000) is Reason.BRK:
        pass
    return machine.hash()


@given(acts)
def test_what_is_restored_is_what_was_saved_and_so_is_its_future(tmp_path_factory, todo: list[Act]):
    machine = restless(byte_ticks=7).machine
    for each in todo:
        each.do(machine)
    machine.post(Debugger(attached=False))
    machine.post(HoldInterrupts(held=False))
    restored = again(machine, tmp_path_factory.mktemp("saved") / "x")
    machine.restore(machine.snapshot())  # what was still to come is not the machine's
    assert restored.hash() == machine.hash()
    assert restored.position == machine.position
    machine.take_output()
    assert finish(restored) == finish(machine)
    assert restored.take_output() == machine.take_output()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("after", [0, 57, 300, 900])
def test_every_engine_goes_on_with_it(tmp_path, engine: str, after: int):
    if engine == "native" and (refusal := native_refusal()) is not None:
        pytest.skip(f"the native engine {refusal}")
    machine = restless(byte_ticks=40, engine=maker(engine)).machine
    machine.post(SerialInput(b"hello, this is more than RX takes"))
    machine.run(budget=after)
    restored = again(machine, tmp_path / "x", engine)
    assert restored.hash() == machine.hash()
    assert finish(restored) == finish(machine)


def test_no_debugger_is_attached_to_what_is_restored(tmp_path):
    machine = Machine(0x2000)
    machine.post(Debugger(attached=True))
    machine.post(HoldInterrupts(held=True))
    restored = again(machine, tmp_path / "x")
    assert (restored.cpu.debugged, restored.cpu.held) == (False, False)


def test_its_image_is_kept(tmp_path):
    saved = SavedMachine.of(Machine(0x2000, byte_ticks=5), PROGRAM)
    saved.save(tmp_path / "x")
    assert SavedMachine.load(tmp_path / "x") == saved


def complaint(path) -> str:
    with pytest.raises(CapsuleError) as caught:
        SavedMachine.load(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    assert "\n" not in said
    return said.removeprefix(f"{path}: ")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x"
    SavedMachine.of(Machine(0x2000), PROGRAM).save(path)
    return path


def test_a_file_that_is_cut_short_or_damaged_is_told(file):
    data = file.read_bytes()
    for at in range(len(data)):
        file.write_bytes(data[:at])
        said = complaint(file)
        assert "cut short" in said or "no capsule" in said
        file.write_bytes(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
        complaint(file)


def test_a_file_of_another_version_or_of_something_else_is_told(file, tmp_path):
    data = file.read_bytes()
    file.write_bytes(data[:8] + bytes([VERSION + 1]) + data[9:])
    assert complaint(file).startswith(f"a capsule of version {VERSION + 1}, and this soclet reads")
    file.write_text("hello")
    assert complaint(file).startswith("no capsule")
    assert complaint(tmp_path / "none") == "cannot be read: No such file or directory"


def test_a_run_is_no_saved_machine_nor_the_other_way_round(file, tmp_path):
    machine = Machine(0x2000)
    capsule_of(machine, machine.snapshot(), ended="x").save(tmp_path / "run")
    assert complaint(tmp_path / "run") == (
        "holds a run and no saved machine: `soclet replay FILE` runs it again"
    )
    with pytest.raises(CapsuleError, match="holds a saved machine and no run: `soclet run --rest"):
        Capsule.load(file)
