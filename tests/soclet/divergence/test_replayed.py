"""Why a replay is not what was recorded: where an engine is wrong, or the recording is."""

from dataclasses import replace

import pytest
from board import DATA, Board
from wrong_engines import wrong

from isa_spec.registers import PC
from machine.events import SerialInput
from machine.machine import EngineMaker, Machine
from machine.reason import Reason
from soclet.capsule import Capsule, CapsuleError
from soclet.capsule.marks import Marker
from soclet.capsule.parts import Ending, Origin
from soclet.divergence.replayed import explain
from soclet.recorded_run import Recording, Verdict

LOOP = ("loop:", "add r0, r1", "mov [r2], r0", "mov r4, [r5]", "add r6, r4", "mov pc, loop")


def recorded(*, every: int = 100, count: int = 6) -> Capsule:
    """A run of a loop that adds up what comes in, with marks."""
    board = Board(*LOOP).set(r1=1, r2=DATA, r5=0x10)
    machine = board.machine
    base, marker = machine.snapshot(), Marker(machine)
    marks = [marker.mark(0)]
    for number in range(count):
        machine.run(budget=every // 2)
        board.type(b"%d" % number)
        machine.run(budget=every - every // 2)
        marks.append(marker.mark(number + 1))
    events = tuple(machine.log.since(base))
    ending = Ending(machine.position, machine.hash(), "tried", "")
    return Capsule(0, base, events, ending, Origin("0", "3"), None, tuple(marks))


def replayed(capsule: Capsule, engine: EngineMaker) -> Recording:
    """Replay it as far as it goes."""
    machine = capsule.machine(engine=engine)
    recording = Recording(capsule, machine)
    while machine.run() is not Reason.REPLAYED:
        pass
    recording.end()
    return recording


def explained(capsule: Capsule, engine: EngineMaker) -> list[str]:
    recording = replayed(capsule, engine)
    assert recording.verdict is Verdict.DIFFERENT
    return list(explain(capsule, recording.reproduced, engine))


@pytest.mark.parametrize("after", [1, 99, 100, 101, 257, 599])
def test_an_engine_that_gets_a_register_wrong_is_found_at_the_instruction(after: int):
    capsule = recorded()
    right = capsule.machine()
    right.run(budget=after - 1)
    said = explained(capsule, wrong(after, register=9))
    assert said == [
        "the reference engine does what was recorded, wrong does not",
        f"they part at instruction {after - 1} (tick {after - 1}), pc {right.cpu.r[PC]:#x}",
        "  r9: 0x100 by wrong, 0x0 by reference",
    ]


def test_an_engine_that_gets_a_word_of_memory_wrong_is_found_with_the_word():
    said = explained(recorded(), wrong(320, word=DATA + 64))
    assert said[1].startswith("they part at instruction 319 (tick 319), pc 0x")
    assert said[2:] == [f"  the word at {DATA + 64:#x}: 0x1 by wrong, 0x0 by reference"]


def test_an_engine_that_is_wrong_after_the_last_mark_is_found_by_the_end():
    capsule = recorded()
    capsule = replace(capsule, marks=capsule.marks[:3])
    assert replayed(capsule, wrong(550, register=9)).reproduced == 3
    said = explained(capsule, wrong(550, register=9))
    assert said[1].startswith("they part at instruction 549 ")


def test_a_recording_without_marks_is_searched_as_a_whole():
    capsule = replace(recorded(), marks=())
    said = explained(capsule, wrong(333, register=9))
    assert said[1].startswith("they part at instruction 332 ")


def test_an_engine_that_is_wrong_only_in_long_runs_is_told_by_the_stretch():
    said = explained(recorded(every=20_000, count=2), wrong(25_000, register=9, at_once=3000))
    found = [line for line in said if line.startswith("they part within ")]
    assert len(found) == 1, said
    stretch, first = int(found[0].split()[3]), int(found[0].split()[7])
    assert first <= 25_000 <= first + stretch
    assert stretch > 3000


def test_an_engine_that_is_wrong_now_and_then_is_told_so():
    capsule = recorded()
    assert list(explain(capsule, 3, lambda *words: Machine().engine.__class__(*words)))[1:] == [
        "  run again from the mark before, it does: what it does is not always the same"
    ]


def test_a_recording_whose_event_was_altered_is_told_by_its_marks():
    capsule = recorded()
    position, event = capsule.events[3]
    assert event == SerialInput(b"3")
    altered = list(capsule.events)
    altered[3] = position, SerialInput(b"4")
    capsule = replace(capsule, events=tuple(altered))
    said = explained(capsule, wrong(10**9))
    assert said[0] == (
        "it departs between tick 300, step 300, and tick 400, step 400, and does so on the "
        "reference engine too"
    )
    told = {line.split(":")[0].strip(): line for line in said[1:]}
    assert set(told) == {"r6"}
    assert told["r6"].endswith(" recorded")


def test_a_recording_of_another_state_of_memory_or_devices_is_told_so():
    capsule = recorded()
    mark = capsule.marks[2]
    state = replace(
        mark.state, memory=bytes(32), devices={**mark.state.devices, "timer": (7, 0, 0)}
    )
    capsule = with_mark(capsule, 2, state)
    said = explained(capsule, wrong(10**9))
    assert any(line.startswith("  timer: (") and "(7, 0, 0) recorded" in line for line in said)
    assert any(line.startswith("  memory's digest: ") for line in said)


def with_mark(capsule: Capsule, number: int, state) -> Capsule:
    from soclet.capsule.encoding import encoding_of
    from soclet.capsule.marks import State

    marks = list(capsule.marks)
    marks[number] = replace(marks[number], encoded=encoding_of(State).build(state))
    return replace(capsule, marks=tuple(marks))


def test_a_machine_that_ends_before_a_mark_is_told_where_both_are():
    board = Board("mov at, 0x20", "mov r0, 5", "mov [at], r0")
    machine = board.machine
    base, marker = machine.snapshot(), Marker(machine)
    machine.run(budget=1)
    mark = marker.mark(0)
    late = replace(mark, position=replace(mark.position, happened=90, tick=90))
    ending = Ending(late.position, "0", "tried", "")
    capsule = Capsule(0, base, (), ending, Origin("0", "3"), None, (late,))
    said = list(explain(capsule, 0, wrong(10**9)))
    assert "  the machine is at tick 3, step 3, recorded tick 90, step 90" in said


def test_a_mark_that_is_none_is_told():
    capsule = recorded()
    marks = (*capsule.marks[:2], replace(capsule.marks[2], encoded=b"x"), *capsule.marks[3:])
    with pytest.raises(CapsuleError, match="a mark of the capsule cannot be read"):
        explained(replace(capsule, marks=marks), wrong(10**9))
