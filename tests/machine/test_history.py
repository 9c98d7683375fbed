"""History: any moment of a run can be gone to, and what comes after it is what came after it."""

from itertools import pairwise

import pytest
from board import DATA, SIZE, START, VECTORS, Board
from hypothesis import given
from hypothesis import strategies as st
from restless import Act, acts, posting, restless, running

from isa_spec.registers import PC
from machine.events import (
    HoldInterrupts,
    Moment,
    Position,
    Reset,
    SerialInput,
    WriteMemory,
    WriteRegister,
)
from machine.history import History
from machine.machine import Machine
from machine.nvram import Nvram
from machine.reason import Reason

PLENTY = 1 << 28


def go(machine: Machine, to: Moment) -> None:
    """Go to a moment, however many slices that takes."""
    history(machine).go(to)
    while (reason := machine.run(budget=7, skip_sleep=True)) is not Reason.PAUSED:
        assert reason in (Reason.BUDGET, Reason.BRK)


def history(machine: Machine) -> History:
    assert machine.history is not None
    return machine.history


class Diary:
    """What a machine was at the moments that somebody looked at it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.seen: dict[Moment, str] = {}

    def look(self) -> None:
        self.seen[self.machine.moment] = self.machine.hash()


def lived(machine: Machine, todo: list[Act], spacing: int) -> Diary:
    History(machine, PLENTY)
    diary = Diary(machine)
    diary.look()
    for number, each in enumerate(todo):
        each.do(machine)
        if number % spacing == 0:
            history(machine).keep()
        diary.look()
    return diary


@given(acts, st.integers(1, 4), st.sampled_from([0, 7]), st.data())
def test_any_moment_is_come_back_to_exactly(
    todo: list[Act], spacing: int, byte_ticks: int, data: st.DataObject
):
    machine = restless(byte_ticks=byte_ticks).machine
    diary = lived(machine, todo, spacing)
    for moment in data.draw(st.lists(st.sampled_from(list(diary.seen)), max_size=6)):
        go(machine, moment)
        assert machine.moment == moment
        assert machine.hash() == diary.seen[moment]
        if data.draw(st.booleans()):
            history(machine).keep()


@given(acts, st.data())
def test_what_comes_after_is_what_came_after(todo: list[Act], data: st.DataObject):
    machine = restless().machine
    diary = lived(machine, todo, 2)
    present = machine.moment
    go(machine, data.draw(st.sampled_from(list(diary.seen))))
    go(machine, present)
    assert not machine.repeats
    assert machine.moment == present
    assert machine.hash() == diary.seen[present]


unscheduled = st.lists(st.one_of(running, running, posting), max_size=10)


@given(unscheduled, unscheduled, st.data())
def test_another_future_is_as_if_there_had_been_no_other(
    todo: list[Act], other: list[Act], data: st.DataObject
):
    machine = restless(byte_ticks=3).machine
    diary = lived(machine, todo, 2)
    moment = data.draw(st.sampled_from(list(diary.seen)))
    go(machine, moment)
    lone = Machine(SIZE, byte_ticks=3)
    lone.restore(machine.snapshot())
    for each in (machine, lone):
        each.post(WriteRegister(1, 3))
    assert not machine.repeats
    for each_act in other:
        each_act.do(machine)
        history(machine).keep()
        each_act.do(lone)
        assert machine.hash() == lone.hash()
    go(machine, history(machine).begin)
    assert machine.hash() == diary.seen[history(machine).begin]


LOOP = ("loop:", "add r0, r1", "mov [r2], r0", "add r2, r3", "mov pc, loop")


def counting(**options: int) -> Machine:
    """Stores ever higher numbers at ever higher addresses."""
    board = Board(*LOOP, **options).set(r1=1, r2=DATA, r3=4)
    History(board.machine, PLENTY)
    return board.machine


def test_the_event_that_came_next_is_no_other_future():
    machine = counting()
    machine.run(budget=10)
    here = machine.moment
    machine.post(HoldInterrupts(held=True))
    machine.run(budget=10)
    there = machine.moment
    go(machine, here)
    machine.post(HoldInterrupts(held=True))
    assert machine.repeats
    assert history(machine).branches == 0
    go(machine, there)
    go(machine, here)
    machine.post(HoldInterrupts(held=False))
    assert not machine.repeats
    assert history(machine).branches == 1


def test_what_has_left_the_serial_line_is_given_once_and_that_of_another_future_too():
    board = Board("loop:", "mov [r4], r0", "add r0, r1", "mov pc, loop", byte_ticks=2).set(
        r0=ord("a"), r1=1, r4=0x14
    )
    machine = board.machine
    History(machine, PLENTY)

    def output() -> str:
        return "".join(chr(sent.byte) for sent in machine.take_output())

    machine.run(budget=30)
    before = machine.moment
    first = output()
    machine.run(budget=30)
    assert first + output() == "abcdefghijklmnopqrst"[: len(first) + len("klmnopqrst")]
    given, furthest = machine.outbox.departed, machine.moment
    go(machine, before)
    assert output() == ""
    go(machine, furthest)
    assert output() == ""
    assert machine.outbox.departed == given
    go(machine, before)
    machine.post(WriteRegister(0, ord("A")))
    machine.run(budget=30)
    assert output().startswith(("A", "k", "l"))


def test_the_beginning_is_where_history_was_begun():
    machine = counting()
    machine.run(budget=10)
    History(machine, PLENTY)
    machine.run(budget=10)
    assert history(machine).begin.position == Position(10, 10)
    go(machine, history(machine).begin)
    assert machine.cpu.executed == 10


def test_what_history_takes_stays_within_its_limit_and_the_beginning_says_so():
    board = Board(*LOOP, size=1 << 20).set(r1=1, r2=0x8000, r3=4096)
    machine = board.machine
    limit = 20 * 4096
    History(machine, limit)
    for _ in range(100):
        machine.run(budget=8)
        history(machine).keep(100)
        assert history(machine).size <= limit
    assert history(machine).begin.position.happened > 600
    begin = history(machine).begin
    go(machine, begin)
    assert machine.moment == begin


def test_moments_are_thinned_out_with_age():
    machine = counting()
    for _ in range(1000):
        machine.run(budget=4)
        machine.cpu.r[2] = DATA
        history(machine).keep(400)
    gaps = [
        after.position.happened - before.position.happened
        for before, after in pairwise(history(machine).frames)
    ]
    assert len(gaps) < 200
    assert max(gaps) <= 400
    assert gaps[-1] == 4


def test_a_page_that_was_written_furthest_on_is_as_it_was_everywhere():
    machine = counting()
    seen = {}
    for _ in range(6):
        machine.run(budget=4 * 300)
        history(machine).keep()
        machine.run(budget=4 * 300)
        seen[machine.moment] = machine.hash()
    for moment in [*reversed(seen), *seen, *reversed(seen)]:
        go(machine, moment)
        assert machine.hash() == seen[moment]


def test_the_nvram_file_stays_at_what_was_furthest_until_another_future_begins(tmp_path):
    nvram = Nvram(tmp_path / "nvram", None, default_size=SIZE)
    machine = Board(*LOOP, nvram=nvram).set(r1=1, r2=DATA, r3=0).machine
    History(machine, PLENTY)
    machine.run(budget=40)
    machine.commit()
    before = machine.moment
    machine.run(budget=40)
    machine.commit()
    furthest, present = (tmp_path / "nvram").read_bytes(), machine.moment
    go(machine, before)
    machine.commit()
    assert (tmp_path / "nvram").read_bytes() == furthest
    go(machine, present)
    machine.commit()
    assert (tmp_path / "nvram").read_bytes() == furthest
    go(machine, before)
    machine.post(WriteMemory(DATA + 8, b"other"))
    machine.commit()
    changed = (tmp_path / "nvram").read_bytes()
    assert changed[DATA : DATA + 4] == b"\x0a\0\0\0"
    assert changed[DATA + 8 : DATA + 13] == b"other"
    nvram.close()


def test_a_restored_machine_has_no_past():
    machine = counting()
    snapshot = machine.snapshot()
    machine.run(budget=40)
    machine.restore(snapshot)
    assert history(machine).frames == (machine.moment,)


@pytest.mark.parametrize("ending", ["power-off", "check-stop"])
def test_what_ended_a_machine_is_gone_back_over(ending: str):
    vectors = VECTORS if ending == "power-off" else 0x10
    stop = ("mov r4, 0x20", "mov [r4], r0") if ending == "power-off" else ("div r0, r5",)
    machine = Board("add r0, r1", "add r0, r1", *stop).set(r1=1, ivec=vectors).machine
    History(machine, PLENTY)
    machine.run()
    ended, was = machine.moment, machine.hash()
    machine.post(Reset())
    machine.post(WriteRegister(PC, START))
    machine.run(budget=2)
    present, now = machine.moment, machine.hash()
    go(machine, Moment(Position(1, 0), ended.events))
    cpu = machine.cpu
    assert (cpu.r[0], cpu.exit_status, cpu.check_stopped) == (1, None, False)
    go(machine, ended)
    assert machine.hash() == was
    go(machine, present)
    assert (machine.moment, machine.hash()) == (present, now)


def test_what_came_from_outside_counts_and_is_forgotten_with_the_oldest_moments():
    machine = counting()
    history, before = History(machine, 64 << 10), len(machine.log)
    history.forgets_events = True
    for _ in range(100):
        machine.post(SerialInput(bytes(1000)))
        machine.run(budget=10)
        history.keep()
        assert history.size <= 64 << 10 or len(history.frames) == 1
    assert len(machine.log) == before + 100
    assert machine.log.forgotten == history.begin.events > 0
    now, was = machine.moment, machine.hash()
    go(machine, history.begin)
    go(machine, now)
    assert (machine.moment, machine.hash()) == (now, was)


def test_what_somebody_wants_of_what_came_from_outside_is_not_forgotten():
    machine = counting()
    history, before = History(machine, 4096), len(machine.log)
    for _ in range(100):
        machine.post(SerialInput(bytes(1000)))
        machine.run(budget=10)
        history.keep()
    assert (len(machine.log), machine.log.forgotten) == (before + 100, 0)
