"""Recordings: written as a machine runs, and replayed however far they came."""

from collections.abc import Callable
from pathlib import Path

import pytest
from board import DATA, Board
from hypothesis import given, settings
from hypothesis import strategies as st
from restless import Act, acts, restless

from machine.events import Reset, SerialInput, WriteRegister
from machine.machine import Machine
from machine.reason import Reason
from soclet.capsule import Capsule, CapsuleError, recorder
from soclet.capsule.recorder import MARK_SECONDS, Recorder
from soclet.errors import UserError
from soclet.recorded_run import Recording, Verdict


class Hour:
    """The host's time, as a recorder reads it: each look takes none, and it is moved on."""

    def __init__(self):
        self.now = 100.0

    def perf_counter(self):
        return self.now

    def pass_(self):
        self.now += 2 * MARK_SECONDS


@pytest.fixture
def hour(monkeypatch):
    hour = Hour()
    monkeypatch.setattr(recorder, "time", hour)
    return hour


def begin(path: Path, machine: Machine) -> Recorder:
    return Recorder(path, machine, machine.snapshot())


def verdict(capsule: Capsule) -> tuple[Verdict | None, Machine]:
    """What becomes of a replay that looks at every mark, and the machine after it."""
    machine = capsule.machine()
    recording = Recording(capsule, machine)
    while (reason := machine.run()) is not Reason.REPLAYED:
        assert reason is Reason.BRK
    recording.end()
    assert not recording.departed
    assert recording.reproduced == len(capsule.marks)
    return recording.verdict, machine


@settings(deadline=None)
@given(todo=acts, byte_ticks=st.sampled_from([0, 7]))
def test_a_recording_is_reproduced_at_every_mark(tmp_path_factory, todo: list[Act], byte_ticks):
    path = tmp_path_factory.mktemp("recorded") / "run"
    machine = restless(byte_ticks=byte_ticks).machine
    hour = Hour()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorder, "time", hour)
        recording = begin(path, machine)
        for each in todo:
            each.do(machine)
            hour.pass_()
            recording.progress()
        recording.finish("tried", "")
    capsule = Capsule.load(path)
    assert verdict(capsule)[0] is Verdict.REPRODUCED
    assert verdict(capsule)[1].hash() == machine.hash()
    assert list(capsule.events) == list(machine.log)[-len(capsule.events) or len(machine.log) :]


def some(path: Path, hour: Hour, *, finish: bool = True) -> list[Callable[[], object]]:
    """Record a run with input, a debugger's write and a reset, with a mark after each."""
    board = restless()
    machine = board.machine
    recording = begin(path, machine)
    for event in (SerialInput(b"some input"), WriteRegister(0, 5), Reset(), SerialInput(b"x")):
        for _ in range(2):
            machine.run(budget=60)
            hour.pass_()
            recording.progress()
        machine.post(event)
    machine.run(budget=10)
    if finish:
        recording.finish("tried", "the test was over")
    recording.close()
    return machine


def test_it_begins_and_ends_with_a_mark(tmp_path, hour):
    machine = some(tmp_path / "run", hour)
    capsule = Capsule.load(tmp_path / "run")
    assert len(capsule.marks) == 1 + 8 + 1
    assert capsule.marks[0].position.happened == 0
    assert capsule.marks[-1].position == capsule.end == machine.position
    assert (capsule.ended, capsule.reason) == ("tried", "the test was over")


def test_what_was_not_finished_is_replayed_up_to_the_last_mark(tmp_path, hour):
    some(tmp_path / "run", hour, finish=False)
    capsule = Capsule.load(tmp_path / "run")
    end = capsule.marks[-1].position
    assert (capsule.ending, capsule.ended, capsule.end) == (None, "unfinished", end)
    assert capsule.reason == (
        f"recorded up to tick {end.tick}, step {end.happened}; "
        "the recording process ended before it was done"
    )
    outcome, machine = verdict(capsule)
    assert outcome is Verdict.REPRODUCED
    assert machine.position == end


def read(data: bytes) -> Capsule | str:
    """Read a file, or give what is said of it."""
    try:
        return Capsule.decode(data)
    except CapsuleError as error:
        return str(error)


def test_wherever_it_is_cut_off_it_is_replayed_up_to_a_mark_or_refused_in_a_line(tmp_path, hour):
    some(tmp_path / "run", hour)
    data = (tmp_path / "run").read_bytes()
    whole = Capsule.decode(data)
    reached = set()
    for length in range(len(data)):
        capsule = read(data[:length])
        if isinstance(capsule, str):
            assert "\n" not in capsule
            assert not reached, "what is longer is not refused where a shorter one was not"
            continue
        assert capsule.ending is None
        count = len(capsule.marks)
        assert capsule.marks == whole.marks[:count]
        assert capsule.events == whole.events[: capsule.marks[-1].events]
        if count not in reached:
            assert verdict(capsule)[0] is Verdict.REPRODUCED
        reached.add(count)
    assert reached == set(range(1, len(whole.marks) + 1))


@given(flip=st.integers(0))
def test_a_flipped_bit_anywhere_is_noticed(tmp_path_factory, flip: int):
    path = tmp_path_factory.mktemp("recorded") / "run"
    with pytest.MonkeyPatch.context() as patch:
        hour = Hour()
        patch.setattr(recorder, "time", hour)
        some(path, hour)
    data = bytearray(path.read_bytes())
    data[flip // 8 % len(data)] ^= 1 << flip % 8
    with pytest.raises(CapsuleError) as caught:
        Capsule.decode(bytes(data))
    assert "\n" not in str(caught.value)


def test_marks_are_made_as_often_as_their_cost_allows(tmp_path, monkeypatch):
    class Slow(Hour):
        """A host on which each look at the time takes a second."""

        def perf_counter(self):
            self.now += 1
            return self.now

    hour = Slow()
    monkeypatch.setattr(recorder, "time", hour)
    board = Board("loop:", "add r0, r1", "mov pc, loop").set(r1=1)
    recording = begin(tmp_path / "run", board.machine)
    for _ in range(200):
        board.machine.run(budget=1)
        recording.progress()
    recording.close()
    assert len(Capsule.load(tmp_path / "run").marks) == 1 + 200 // (recorder.SHARE + 2)


def test_a_machine_that_stands_still_is_marked_once(tmp_path, hour):
    board = Board("loop:", "mov pc, loop")
    recording = begin(tmp_path / "run", board.machine)
    for _ in range(5):
        hour.pass_()
        recording.progress()
    recording.close()
    assert len(Capsule.load(tmp_path / "run").marks) == 1


def test_a_machine_that_falls_asleep_is_marked_at_once(tmp_path, hour):
    board = Board("mov r0, 1", "wait").set(imask=0x20000)
    recording = begin(tmp_path / "run", board.machine)
    assert board.run() is Reason.ASLEEP
    hour.now += MARK_SECONDS / 100
    recording.progress()
    recording.close()
    assert Capsule.load(tmp_path / "run").end == board.machine.position


# Another course is taken


def branched(path: Path, hour: Hour, *, finish: bool = True) -> tuple[Machine, Capsule]:
    """Record a run that goes on from a point in its past."""
    machine = (
        Board("loop:", "add r0, r1", "mov [r2], r0", "mov pc, loop").set(r1=1, r2=DATA).machine
    )
    recording = begin(path, machine)
    machine.run(budget=30)
    machine.post(WriteRegister(0, 100))
    hour.pass_()
    recording.progress()
    past, logged = machine.snapshot(), list(machine.log)
    machine.run(budget=30)
    machine.post(WriteRegister(0, 200))
    machine.run(budget=30)
    hour.pass_()
    recording.progress()
    machine.restore(past)
    # As whoever takes the machine back does: what never happened is in no log.
    machine.log = type(machine.log)(tuple(logged))
    hour.pass_()
    recording.progress()
    recording.branched(len(machine.log), machine.position)
    machine.run(budget=12)
    machine.post(WriteRegister(0, 300))
    machine.run(budget=12)
    if finish:
        recording.finish("tried", "")
    else:
        hour.pass_()
        recording.progress()
    recording.close()
    return machine, Capsule.load(path)


@pytest.mark.parametrize("finish", [True, False])
def test_what_came_after_a_point_is_dropped_where_another_course_was_taken_there(
    tmp_path, hour, finish
):
    machine, capsule = branched(tmp_path / "run", hour, finish=finish)
    values = [event.value for _, event in capsule.events if isinstance(event, WriteRegister)]
    assert values == [100, 300]
    assert [mark.position.happened for mark in capsule.marks] == [0, 30, 54]
    outcome, again = verdict(capsule)
    assert outcome is Verdict.REPRODUCED
    assert again.hash() == machine.hash()


def test_a_look_at_the_past_is_not_recorded(tmp_path, hour):
    machine = Board("loop:", "add r0, r1", "mov pc, loop").set(r1=1).machine
    recording = begin(tmp_path / "run", machine)
    machine.run(budget=20)
    past = machine.snapshot()
    machine.run(budget=20)
    hour.pass_()
    recording.progress()
    size = (tmp_path / "run").stat().st_size
    machine.restore(past)
    machine.run(budget=10)
    hour.pass_()
    recording.progress()
    assert (tmp_path / "run").stat().st_size == size
    machine.run(budget=20)
    recording.finish("tried", "")
    assert [mark.position.happened for mark in Capsule.load(tmp_path / "run").marks] == [0, 40, 50]


def test_a_run_that_ends_in_its_past_is_recorded_up_to_there(tmp_path, hour):
    machine = Board("loop:", "add r0, r1", "mov pc, loop").set(r1=1).machine
    recording = begin(tmp_path / "run", machine)
    machine.run(budget=20)
    past = machine.snapshot()
    machine.run(budget=20)
    hour.pass_()
    recording.progress()
    machine.restore(past)
    recording.finish("interrupted", "")
    capsule = Capsule.load(tmp_path / "run")
    assert capsule.end.happened == 20
    assert verdict(capsule)[0] is Verdict.REPRODUCED


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    machine = Machine(0x2000)
    with pytest.raises(UserError, match="cannot be written: No such file"):
        begin(tmp_path / "none" / "run", machine)
    with pytest.raises(UserError, match="cannot be written: No space left"):
        begin(Path("/dev/full"), machine)
