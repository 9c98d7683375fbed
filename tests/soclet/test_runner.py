"""The run loop: what ends a run or halts it, and what comes and goes meanwhile."""

import asyncio

import guests
import pytest
from loop_bench import Hour, Line, Looping, Watcher, ended, machine_with, turns

from machine.events import WriteMemory
from machine.machine import Machine
from machine.nvram import Nvram
from machine.reason import Reason
from soclet import runner as runner_module
from soclet.runner import MOST_INPUT, End, Runner


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (guests.powers_off(3), End.POWER_OFF),
        (guests.CHECK_STOPS, End.CHECK_STOP),
        (guests.SLEEPS_FOR_EVER, End.ASLEEP),
        (guests.SPINS, End.LIMIT),
    ],
)
def test_a_run_ends_as_the_machine_does(text, end):
    async def body():
        runner = Runner(machine_with(text), limit=5000)
        runner.start()
        assert await runner.run() is end
        assert runner.machine.halted

    asyncio.run(body())


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (guests.powers_off(3), Reason.POWER_OFF),
        (guests.CHECK_STOPS, Reason.CHECK_STOP),
        (guests.SLEEPS_FOR_EVER, Reason.ASLEEP),
    ],
)
def test_with_a_debugger_attached_an_end_is_a_stop(text, reason):
    async def body():
        runner = Runner(machine_with(text))
        runner.watcher = watcher = Watcher()
        runner.start()
        async with Looping(runner) as task:
            assert watcher.told == [reason]
            assert runner.machine.halted
            assert not task.done()
            runner.finish(End.INTERRUPTED)
            assert await ended(task) is End.INTERRUPTED

    asyncio.run(body())


def test_the_limit_ends_the_run_though_a_debugger_is_attached():
    async def body():
        runner = Runner(machine_with(guests.SPINS), limit=5)
        runner.watcher = watcher = Watcher()
        runner.start()
        assert await ended(runner.run()) is End.LIMIT
        assert watcher.told == [Reason.LIMIT]

    asyncio.run(body())


def test_a_debugger_that_does_not_take_what_is_shown_pauses_the_machine():
    async def body():
        runner = Runner(machine_with(guests.SPINS))
        runner.watcher = watcher = Watcher()
        watcher.ready = False
        runner.start()
        async with Looping(runner):
            await turns()
            assert runner.machine.cpu.time == 0
            assert not runner.machine.halted
            watcher.ready = True
            runner.ready_changed()
            await turns()
            assert runner.machine.cpu.time > 0

    asyncio.run(body())


@pytest.mark.isa("6.11")
def test_a_congested_line_pauses_the_machine_time_included():
    async def body():
        runner = Runner(machine_with(guests.ANNOUNCES))
        runner.line = line = Line()
        line.ready = False
        runner.start()
        async with Looping(runner):
            assert runner.machine.cpu.time == 0
            line.ready = True
            runner.ready_changed()
            await turns()
            stood = runner.machine.cpu.time
            assert stood > 0
            line.ready = False
            await turns()
            paused = runner.machine.cpu.time
            await turns()
            assert runner.machine.cpu.time == paused
            assert bytes(line.written[:3]) == b"\x01\x02\x03"

    asyncio.run(body())


def test_input_that_a_slow_guest_does_not_take_is_held_back():
    async def body():
        runner = Runner(machine_with(guests.SPINS))
        runner.line = line = Line(live=True)
        runner.received(b"x" * 100)
        assert line.held is False
        assert runner.input_waiting == 100 - 16
        runner.received(b"x" * MOST_INPUT)
        assert line.held is True

    asyncio.run(body())


def test_what_came_from_outside_is_held_only_where_somebody_wants_it():
    async def body(forgets):
        runner = Runner(machine_with(guests.SPINS), limit=5000)
        runner.forgets_events = forgets
        runner.received(b"x" * 1000)
        runner.start()
        await runner.run()
        return runner.machine.log

    wanted, unwanted = asyncio.run(body(forgets=False)), asyncio.run(body(forgets=True))
    assert len(wanted) == len(unwanted)
    assert wanted.size > 1000
    assert unwanted.size == 0


def test_a_run_ends_where_it_is_told_to_first():
    async def body():
        runner = Runner(machine_with(guests.SPINS))
        runner.end_requested()
        runner.finish(End.LIMIT)
        assert await ended(runner.run()) is End.INTERRUPTED
        assert runner.machine.cpu.time == 0

    asyncio.run(body())


def test_what_a_debugger_writes_to_a_halted_machine_soon_reaches_the_nvram_file(tmp_path):
    path = tmp_path / "nvram"

    async def body():
        nvram = Nvram(path, 0x8000, default_size=0x8000)
        runner = Runner(Machine(0x8000, nvram=nvram))
        async with Looping(runner) as task:
            runner.machine.post(WriteMemory(0x2000, b"kept"))
            while path.read_bytes()[0x2000:0x2004] != b"kept":  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.01)
            runner.finish(End.INTERRUPTED)
            await ended(task)
        nvram.close()

    asyncio.run(body())


def test_what_was_sent_goes_to_the_line_and_to_whoever_keeps_it():
    async def body():
        kept = bytearray()
        runner = Runner(machine_with(guests.SENDS))
        runner.on_output = kept.extend
        runner.line = line = Line()
        runner.start()
        await ended(runner.run())
        assert kept == line.written == b"!"

    asyncio.run(body())


@pytest.mark.parametrize("seconds", [0.0, 0.002, 1.0])
def test_a_runs_state_does_not_depend_on_how_long_its_slices_take(monkeypatch, seconds):
    hour = Hour()
    clock = iter(range(10**6))
    hour.perf_counter = lambda: next(clock) * seconds
    monkeypatch.setattr(runner_module, "time", hour)

    async def body():
        runner = Runner(machine_with(guests.ANNOUNCES), limit=50_000)
        runner.start()
        await ended(runner.run())
        return runner.machine.hash()

    reference = machine_with(guests.ANNOUNCES)
    reference.run(50_000)
    reference.take_output()
    assert asyncio.run(body()) == reference.hash()
