"""The run loop: how a sleep passes by either clock, and what ends or halts a run.

The host's clock is the test's: `hour` stands still until it is moved.
"""

import asyncio

import guests
import pytest

from isa_spec.registers import PC
from machine.cpu import Reason
from machine.machine import Machine
from soclet import runner as runner_module
from soclet.goals import Done, Step
from soclet.runner import MOST_INPUT, Clock, End, Runner
from toolchain.assembler import assemble

DEADLINE_PROGRAM = guests.SLEEPS_UNTIL_1000.replace("1000", "2000000")
WAITS_FOR_RX = f"""{guests.PORTS}
        mov imask, 1 << 17
        wait
        mov r1, TIME
        mov r0, [r1]
        mov r1, 0x20
h:      mov pc, h
"""


def machine_with(text):
    machine = Machine(64 << 10)
    machine.flash((part.address, part.data) for part in assemble("test.s", text).segments)
    return machine


class Hour:
    """The host's clock in seconds, as the runner reads it."""

    def __init__(self):
        self.now = 100.0
        self.perf_counter = lambda: 0.0

    def monotonic(self):
        return self.now


class Watcher:
    """A debugger's side that keeps what it is told."""

    def __init__(self, attached=True):
        self.attached = attached
        self.reachable = True
        self.told = []

    def reached(self, outcome):
        self.told.append(outcome)


class Line:
    """A line that is there, live or not, and can be congested."""

    interactive = False
    announcement = None

    def __init__(self, live=False):
        self.live = live
        self.ready = True
        self.written = bytearray()
        self.held = None

    def write(self, data):
        self.written += data

    def hold_input(self, held):
        self.held = held


@pytest.fixture
def hour(monkeypatch):
    hour = Hour()
    monkeypatch.setattr(runner_module, "time", hour)
    return hour


async def turns(number=50):
    """Give the loop time to do all that it can do now."""
    for _ in range(number):
        await asyncio.sleep(0)


async def ended(task):
    return await asyncio.wait_for(task, 60)


class Running:
    """A runner's loop as a task, cancelled at the end."""

    def __init__(self, runner):
        self.runner = runner

    async def __aenter__(self):
        self.task = asyncio.create_task(self.runner.run())
        await turns()
        return self.task

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


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


def test_the_virtual_clock_skips_sleep(hour):
    async def body():
        runner = Runner(machine_with(DEADLINE_PROGRAM))
        runner.start()
        assert await runner.run() is End.POWER_OFF
        assert runner.machine.cpu.time == 2_000_000 + 3

    asyncio.run(body())
    assert hour.now == 100.0


def test_the_paced_clock_sleeps_a_microsecond_a_tick_and_ends_at_the_deadline_exactly():
    async def body():
        loop = asyncio.get_running_loop()
        runner = Runner(
            machine_with(guests.SLEEPS_UNTIL_1000.replace("1000", "30000")), clock=Clock.PACED
        )
        before = loop.time()
        runner.start()
        assert await ended(runner.run()) is End.POWER_OFF
        assert loop.time() - before >= 0.029
        # Three instructions after the tick that it slept until, however late the host was.
        assert runner.machine.cpu.time == 30_000 + 3

    asyncio.run(body())


def test_input_arrives_at_the_tick_that_a_paced_sleep_has_reached(hour):
    async def body():
        runner = Runner(machine_with(WAITS_FOR_RX), clock=Clock.PACED)
        runner.line = Line(live=True)
        runner.start()
        async with Running(runner):
            assert runner.machine.cpu.asleep
            assert runner.machine.cpu.time == 2
            hour.now += 0.5
            runner.received(b"x")
            await turns()
            assert runner.machine.cpu.r[0] == 2 + 500_000 + 1

    asyncio.run(body())


def test_input_arrives_at_once_in_a_virtual_sleep(hour):
    async def body():
        runner = Runner(machine_with(WAITS_FOR_RX))
        runner.line = Line(live=True)
        runner.start()
        async with Running(runner):
            hour.now += 0.5
            runner.received(b"x")
            await turns()
            assert runner.machine.cpu.r[0] == 2 + 1

    asyncio.run(body())


def test_masked_input_moves_a_paced_sleep_on_and_does_not_end_it(hour):
    async def body():
        runner = Runner(machine_with(DEADLINE_PROGRAM), clock=Clock.PACED)
        runner.line = Line(live=True)
        runner.start()
        async with Running(runner):
            for elapsed in (0.25, 0.25, 0.5):
                hour.now += elapsed
                runner.received(b"x")
                await turns()
            assert runner.machine.cpu.asleep
            # 100.25 and the like are exact in binary, a tick more or less is the division's.
            assert abs(runner.machine.cpu.time - (7 + 1_000_000)) <= 2

    asyncio.run(body())


def test_a_sleep_never_passes_its_deadline_however_late_the_host_is(hour):
    async def body():
        runner = Runner(machine_with(DEADLINE_PROGRAM), clock=Clock.PACED)
        runner.line = Line(live=True)
        runner.start()
        async with Running(runner) as task:
            hour.now += 60
            runner.received(b"x")
            assert runner.machine.cpu.time == 2_000_000
            assert await ended(task) is End.POWER_OFF
            assert runner.machine.cpu.time == 2_000_000 + 3

    asyncio.run(body())


def test_a_paced_sleep_is_cut_at_the_limit(hour):
    async def body():
        runner = Runner(machine_with(DEADLINE_PROGRAM), clock=Clock.PACED, limit=1_000_000)
        runner.line = Line(live=True)
        runner.start()
        async with Running(runner) as task:
            hour.now += 60
            runner.received(b"x")
            assert await ended(task) is End.LIMIT
            assert runner.machine.cpu.time == 1_000_000

    asyncio.run(body())


def test_a_halted_machines_time_stands_still_though_it_was_asleep(hour):
    async def body():
        machine = machine_with(guests.SLEEPS_UNTIL_1000.replace("1000", "20000"))
        runner = Runner(machine, clock=Clock.PACED)
        runner.watcher = Watcher()
        runner.start()
        async with Running(runner):
            assert machine.cpu.asleep
            hour.now += 0.010
            runner.halt()
            halted_at = machine.cpu.time
            assert abs(halted_at - (7 + 10_000)) <= 1
            hour.now += 60
            # Longer than the sleep would have been: its timer, if there still is one, goes off.
            await asyncio.sleep(0.05)
            assert machine.cpu.time == halted_at
            assert machine.cpu.asleep
            # And what was slept while it stood still does not count when it goes on.
            runner.start()
            await turns()
            assert machine.cpu.time < halted_at + 1000

    asyncio.run(body())


def test_a_step_out_of_a_paced_sleep_is_reached_when_it_is_over(hour):
    async def body():
        runner = Runner(machine_with(DEADLINE_PROGRAM), clock=Clock.PACED)
        runner.watcher = watcher = Watcher()
        runner.line = Line(live=True)
        machine = runner.machine
        while not machine.cpu.asleep:
            assert runner.advance(Step(), 100) is Done.STEPPED
        pc = machine.cpu.r[PC]
        assert runner.advance(Step(), 100) is Reason.ASLEEP
        runner.start(Step())
        async with Running(runner):
            assert watcher.told == []
            hour.now += 5
            runner.received(b"x")
            await turns()
            assert watcher.told == [Done.STEPPED]
            assert (machine.cpu.r[PC], machine.cpu.time) == (pc + 8, 2_000_001)
            assert machine.halted

    asyncio.run(body())


@pytest.mark.parametrize("clock", list(Clock))
def test_an_endless_sleep_waits_while_a_line_is_live_and_no_longer(clock):
    async def body():
        runner = Runner(machine_with(guests.SLEEPS_FOR_EVER), clock=clock)
        runner.line = line = Line(live=True)
        runner.start()
        async with Running(runner) as task:
            assert not task.done()
            line.live = False
            runner.ready_changed()
            assert await ended(task) is End.ASLEEP

    asyncio.run(body())


def test_an_endless_sleep_waits_for_a_debugger_and_is_told_to_one_that_is_there():
    async def body():
        runner = Runner(machine_with(guests.SLEEPS_FOR_EVER))
        runner.watcher = watcher = Watcher(attached=False)
        runner.start()
        async with Running(runner) as task:
            assert not task.done()
            watcher.attached = True
            runner.halt()
            runner.start()
            await turns()
            assert watcher.told == [Reason.ASLEEP]
            assert not task.done()

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
        async with Running(runner) as task:
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


def test_a_congested_line_pauses_the_machine_time_included():
    async def body():
        runner = Runner(machine_with(guests.ANNOUNCES))
        runner.line = line = Line()
        line.ready = False
        runner.start()
        async with Running(runner):
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


def test_a_run_ends_where_it_is_told_to_first():
    async def body():
        runner = Runner(machine_with(guests.SPINS))
        runner.end_requested()
        runner.finish(End.LIMIT)
        assert await ended(runner.run()) is End.INTERRUPTED
        assert runner.machine.cpu.time == 0

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
