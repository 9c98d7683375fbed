"""What `soclet run` takes of its host: memory that it touches, and work while nothing happens."""

import asyncio
from pathlib import Path

import guests
import pytest
from loop_bench import Line, Looping, ended, machine_with, turns
from running import Running

from machine.engines import AUTO, ENGINES
from soclet.runner import Clock, End, Runner

MIB = 1 << 20
SENDS_AND_SPINS = f"""{guests.PORTS}
        mov r1, TX
        mov r0, 'x'
        mov [r1], r0
        jmp .
"""


def touched(process):
    """The most bytes of memory that a process has had so far, libraries and all."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields["VmHWM"].removesuffix("kB")) * 1024


@pytest.mark.parametrize("engine", [AUTO, *ENGINES])
@pytest.mark.parametrize("size", ["1M", "1G"])
def test_a_machine_has_touched_less_than_60_mib_at_its_first_byte(guest, engine, size):
    words = ("run", guest(SENDS_AND_SPINS), "--memory", size, "--engine", engine)
    with Running(*words) as machine:
        assert machine.process.stdout.read(1) == b"x"
        assert touched(machine.process) < 60 * MIB


@pytest.fixture
def counted(monkeypatch):
    """Make a runner for a text whose machine counts how often it is run."""

    def make(text, clock):
        runner = Runner(machine_with(text), clock=clock)
        runs = []
        run = runner.machine.run
        monkeypatch.setattr(
            runner.machine, "run", lambda *words, **more: runs.append(0) or run(*words, **more)
        )
        return runner, runs

    return make


@pytest.mark.usefixtures("hour")
@pytest.mark.parametrize(
    ("text", "live"),
    [
        (guests.SLEEPS_UNTIL_1000, False),
        (guests.SLEEPS_UNTIL_1000, True),
        (guests.SLEEPS_FOR_EVER, True),
    ],
)
def test_a_machine_that_sleeps_by_the_paced_clock_is_left_alone(counted, text, live):
    async def body():
        runner, runs = counted(text.replace("1000", "0xf0000000"), Clock.PACED)
        runner.line = Line(live=live)
        runner.start()
        async with Looping(runner) as task:
            assert runner.machine.cpu.asleep
            before = len(runs)
            await turns(1000)
            assert len(runs) == before
            assert not task.done()

    asyncio.run(body())


def test_a_sleep_of_weeks_takes_the_virtual_clock_as_little_as_a_short_one(hour, counted):
    async def body():
        taken = []
        for ticks in ("1000", "0xf0000000"):
            runner, runs = counted(guests.SLEEPS_UNTIL_1000.replace("1000", ticks), Clock.VIRTUAL)
            runner.start()
            assert await ended(runner.run()) is End.POWER_OFF
            assert runner.machine.cpu.time == int(ticks, 0) + 3
            taken.append(len(runs))
        assert taken[0] == taken[1]

    asyncio.run(body())
    assert hour.now == 100.0
