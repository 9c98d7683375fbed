"""How a sleep passes by either clock. `hour` stands still until the test moves it."""

import asyncio

import guests
import pytest
from loop_bench import Line, Looping, Watcher, ended, machine_with, turns

from isa_spec.registers import PC
from machine.reason import Reason
from soclet.goals import Done, Step
from soclet.runner import Clock, End, Runner

DEADLINE_PROGRAM = guests.SLEEPS_UNTIL_1000.replace("1000", "2000000")
WAITS_FOR_RX = f"""{guests.PORTS}
        mov imask, 1 << 17
        wait
        mov r1, TIME
        mov r0, [r1]
        mov r1, 0x20
h:      mov pc, h
"""


def test_the_virtual_clock_skips_sleep(hour):
    async def body():
        runner = Runner(machine_with(DEADLINE_PROGRAM))
        runner.start()
        assert await runner.run() is End.POWER_OFF
        assert runner.machine.cpu.time == 2_000_000 + 3

    asyncio.run(body())
    assert hour.now == 100.0


@pytest.mark.isa("3.18")
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
        async with Looping(runner):
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
        async with Looping(runner):
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
        async with Looping(runner):
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
        async with Looping(runner) as task:
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
        async with Looping(runner) as task:
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
        async with Looping(runner):
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
        async with Looping(runner):
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
        async with Looping(runner) as task:
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
        async with Looping(runner) as task:
            assert not task.done()
            watcher.attached = True
            runner.halt()
            runner.start()
            await turns()
            assert watcher.told == [Reason.ASLEEP]
            assert not task.done()

    asyncio.run(body())
