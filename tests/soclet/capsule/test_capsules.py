"""Capsules of machines: made of a run, they give the machine that does the same again."""

import pytest
from board import Board
from dice import COUNT, Dice
from hypothesis import given
from restless import Act, acts, restless
from running import DEMOS

from machine.engines import ENGINES, maker, native_refusal
from machine.events import SerialInput
from machine.machine import Machine
from machine.reason import Reason
from soclet.capsule import Capsule, CapsuleError, KeptImage, capsule_of
from soclet.errors import UserError
from toolchain.images import load_image


def replayed(capsule: Capsule, **options) -> Machine:
    machine = Capsule.decode(capsule.encode()).machine(**options)
    while (reason := machine.run()) is not Reason.REPLAYED:
        assert reason is Reason.BRK
    return machine


@given(acts, acts)
def test_a_capsule_replays_what_came_since_its_base(before: list[Act], after: list[Act]):
    board = restless(byte_ticks=7)
    for each in before:
        each.do(board.machine)
    base = board.machine.snapshot()
    board.machine.take_output()
    for each in after:
        each.do(board.machine)
    capsule = capsule_of(board.machine, base, ended="tried")
    machine = replayed(capsule)
    assert machine.hash() == capsule.ending.state_hash == board.machine.hash()
    assert machine.position == capsule.ending.position
    assert machine.take_output() == board.machine.take_output()


@pytest.mark.parametrize("engine", ["auto", *ENGINES])
def test_every_engine_replays_it(engine: str):
    if engine == "native" and (refusal := native_refusal()) is not None:
        pytest.skip(f"the native engine {refusal}")
    board = restless()
    board.machine.schedule(100, SerialInput(b"input"))
    base = board.machine.snapshot()
    assert board.run() is Reason.POWER_OFF
    machine = replayed(capsule_of(board.machine, base, ended="x"), engine=maker(engine))
    assert machine.hash() == board.machine.hash()


def test_a_capsule_may_begin_at_what_the_machine_was_restored_to_last():
    board = restless()
    board.run(100)
    base = board.machine.snapshot()
    board.type(b"never happened")
    board.run(200)
    board.machine.restore(base)
    board.type(b"x")
    board.run(150)
    capsule = capsule_of(board.machine, base, ended="x")
    assert [event for _, event in capsule.events] == [SerialInput(b"x")]
    assert replayed(capsule).hash() == board.machine.hash()


def test_a_capsule_can_be_begun_again():
    board = restless()
    base = board.machine.snapshot()
    board.type(b"x")
    board.run(150)
    capsule = capsule_of(board.machine, base, ended="x")
    machine = capsule.machine()
    machine.run(70)
    machine.reset()
    capsule.rewind(machine)
    assert machine.run() is Reason.REPLAYED
    assert machine.hash() == board.machine.hash()


def test_a_source_is_kept_as_the_program_it_assembles_to():
    source = DEMOS / "hello" / "hello.s"
    kept = KeptImage.of(load_image(source))
    assert (kept.name, kept.format) == (str(source.with_suffix(".elf")), "ELF")
    image = kept.image()
    assert image is not None
    assert image.segments == load_image(source).segments
    assert image.lines()


def test_other_images_are_kept_as_they_are(tmp_path):
    raw = tmp_path / "loop.bin"
    raw.write_bytes(bytes(range(64)))
    kept = KeptImage.of(load_image(raw))
    assert (kept.name, kept.format, kept.data) == (str(raw), "raw", bytes(range(64)))
    assert kept.image() is None


def test_what_was_recorded_on_says_which_versions_and_which_seed():
    machine = Machine(0x2000)
    capsule = capsule_of(machine, machine.snapshot(), ended="x", reason="why", seed=7)
    assert (capsule.origin.seed, capsule.ending.reason) == (7, "why")
    assert str(capsule.origin).startswith("soclet ")


def test_a_small_run_makes_a_small_file(tmp_path):
    image = load_image(DEMOS / "hello" / "hello.s")
    machine = Machine()
    machine.flash((part.address, part.data) for part in image.segments)
    base = machine.snapshot()
    machine.run()
    path = tmp_path / "run.capsule"
    capsule_of(machine, base, KeptImage.of(image), ended="power-off").save(path)
    assert path.stat().st_size < 4096


def test_a_machine_with_devices_of_its_own_is_replayed_where_they_are_given():
    board = Board("loop:", "mov r1, [r2]", "mov pc, loop", devices=(Dice(),))
    board.set(r2=COUNT.address)
    base = board.machine.snapshot()
    board.run(9)
    capsule = capsule_of(board.machine, base, ended="x")
    machine = replayed(capsule, devices=[Dice()])
    assert machine.bus.devices["dice"].save(9) == board.machine.bus.devices["dice"].save(9)
    assert machine.hash() == board.machine.hash()
    with pytest.raises(CapsuleError, match="dice"):
        capsule.machine()


def test_a_file_is_named_in_what_is_wrong_with_it(tmp_path):
    path = tmp_path / "x.capsule"
    with pytest.raises(CapsuleError, match=r"x\.capsule: cannot be read: No such file"):
        Capsule.load(path)
    path.write_text("hello")
    with pytest.raises(CapsuleError, match=r"x\.capsule: no capsule; `soclet run"):
        Capsule.load(path)


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path):
    machine = Machine(0x2000)
    capsule = capsule_of(machine, machine.snapshot(), ended="x")
    with pytest.raises(UserError, match="cannot be written"):
        capsule.save(tmp_path / "none" / "x.capsule")
    assert list(tmp_path.iterdir()) == []
