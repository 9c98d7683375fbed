"""`soclet run --restore`: a saved machine goes on; what contradicts it is refused in a line."""

import guests
import pytest
from running import DEMOS, soclet, state_of

from machine.device import NEVER
from machine.engines import ENGINES, native_refusal
from machine.events import SerialInput
from machine.machine import Machine
from machine.reason import Reason
from soclet.capsule import KeptImage, capsule_of
from soclet.capsule.saved import SavedMachine
from toolchain.images import load_image

ECHO = DEMOS / "echo-irq" / "echo-irq.s"
SIZE = 64 << 10


@pytest.fixture
def saved(tmp_path):
    """Save echo-irq in the midst of its first line, with input on the line and output in TX."""

    def saved(*, keep=True):
        image = load_image(ECHO)
        machine = Machine(SIZE, byte_ticks=40)
        machine.flash((part.address, part.data) for part in image.segments)
        assert machine.run() is Reason.ASLEEP
        machine.post(SerialInput(b"hello\nquit\n"))
        machine.run(limit=machine.cpu.time + 300)
        machine.take_output()
        assert machine.serial.waiting
        assert machine.serial.departure < NEVER
        path = tmp_path / "saved"
        SavedMachine.of(machine, KeptImage.of(image) if keep else None).save(path)
        return path, machine

    return saved


@pytest.mark.parametrize("engine", ENGINES)
def test_a_restored_machine_goes_on_on_every_engine(saved, here, tmp_path, engine):
    if engine == "native" and (refusal := native_refusal()) is not None:
        pytest.skip(f"the native engine {refusal}")
    path, machine = saved()
    words = ("--restore", path, "--serial", "none", "--engine", engine)
    assert here("run", *words, "--state", tmp_path / "state").status == 0
    machine.run()
    state = state_of(tmp_path / "state")
    assert (state["time"], state["registers"]["r0"]) == (machine.cpu.time, machine.cpu.r[0])
    assert state["ended"] == "power-off"


def test_what_was_under_way_on_the_line_comes(saved):
    path, machine = saved()
    machine.run()
    rest = bytes(sent.byte for sent in machine.take_output())
    assert rest.endswith(b"quit\n")
    assert soclet("run", "--restore", path).output == rest


def test_its_names_and_lines_are_those_that_were_saved_or_that_are_given(saved, here):
    path, machine = saved()
    words = ("run", "--restore", path, "--serial", "none", "--limit", machine.cpu.time + 1)
    capsule = path.with_suffix(".capsule")
    for more in ([], [ECHO]):
        assert here(*words, "--capsule", capsule, *more).status == 124
        assert ".s:" in here("replay", capsule).errors
    path, _ = saved(keep=False)
    here(*words, "--capsule", capsule)
    assert ".s:" not in here("replay", capsule).errors


def test_an_image_that_is_given_is_not_written_to_memory(saved, here, guest, tmp_path):
    path, _ = saved()
    words = ("run", "--restore", path, "--serial", "none", "--state", tmp_path / "state")
    here(*words)
    was = state_of(tmp_path / "state")
    assert here(*words, guest(guests.SPINS)).status == 0
    assert state_of(tmp_path / "state") == was


def test_a_restored_run_is_recorded_and_replayed(saved, here, tmp_path):
    path, _ = saved()
    recording = tmp_path / "recording"
    assert here("run", "--restore", path, "--serial", "none", "--record", recording).status == 0
    assert here("replay", recording, "--serial", "none").status == 0


def test_an_nvram_file_takes_the_saved_memory(saved, here, tmp_path):
    path, machine = saved()
    machine.run()
    nvram = tmp_path / "nvram"
    nvram.write_bytes(b"\xff" * SIZE)
    words = ("run", "--restore", path, "--serial", "none")
    assert here(*words, "--nvram", nvram).status == 0
    assert nvram.read_bytes()[0x1000:] == machine.memory.read(0x1000, SIZE - 0x1000)
    new = tmp_path / "new"
    assert here(*words, "--nvram", new).status == 0
    assert new.read_bytes()[0x1000:] == nvram.read_bytes()[0x1000:]


def test_an_nvram_file_of_another_size_is_refused_and_left_alone(saved, here, tmp_path):
    path, _ = saved()
    nvram = tmp_path / "nvram"
    nvram.write_bytes(bytes(2 * SIZE))
    said = here("run", "--restore", path, "--nvram", nvram)
    assert (said.status, said.complaint) == (
        125,
        f"soclet: {nvram}: the file has {2 * SIZE} bytes, and the saved machine {SIZE}: "
        "name another file",
    )
    assert nvram.read_bytes() == bytes(2 * SIZE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--memory", "128k"),
            f"the saved machine has {SIZE} bytes of memory, and --memory says {2 * SIZE}: leave "
            "it out",
        ),
        (
            ("--byte-ticks", "0"),
            "a byte takes the saved machine 40 ticks, and --byte-ticks says 0: leave it out",
        ),
    ],
)
def test_options_that_contradict_it_are_refused(saved, here, words, said):
    path, _ = saved()
    run = here("run", "--restore", path, *words)
    assert (run.status, run.complaint) == (125, f"soclet: {path}: {said}")


def test_options_that_say_the_same_are_not(saved, here):
    path, _ = saved()
    words = ("--memory", "64k", "--byte-ticks", "40", "--serial", "none")
    assert here("run", "--restore", path, *words).status == 0


def test_what_cannot_be_restored_is_told_in_a_line(saved, here, tmp_path):
    path, machine = saved()
    assert here("run", "-", "--restore", path).complaint == (
        "soclet: '-' runs what is in NVRAM, and --restore what is saved: give one of them"
    )
    assert here("run").complaint == (
        "soclet run: Missing argument 'IMAGE', or --restore FILE for a saved machine. "
        "Try 'soclet run --help'."
    )
    wrong = tmp_path / "wrong"
    for data, said in (
        (b"hello", "no capsule"),
        (path.read_bytes()[:-1], "the capsule is cut short"),
        (path.read_bytes()[:-1] + b"x", "the capsule is damaged"),
        (path.read_bytes().replace(b"\n\x02", b"\n\x07", 1), "a capsule of version 7"),
        (capsule_of(machine, machine.snapshot(), ended="x").encode(), "holds a run and no saved"),
    ):
        wrong.write_bytes(data)
        run = here("run", "--restore", wrong)
        assert run.status == 125
        assert run.complaint.startswith(f"soclet: {wrong}: {said}")
    none = here("run", "--restore", tmp_path / "none")
    assert (none.status, none.complaint) == (
        125,
        f"soclet: {tmp_path / 'none'}: cannot be read: No such file or directory",
    )
