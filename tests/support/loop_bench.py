"""A run loop on a test's own asyncio loop, with a host's clock that the test moves."""

import asyncio
import itertools

from machine.machine import Machine
from toolchain.assembler import assemble


def machine_with(text):
    machine = Machine(64 << 10)
    machine.flash((part.address, part.data) for part in assemble("test.s", text).segments)
    return machine


class Hour:
    """The host's clock in seconds, as the runner reads it. Slices seem long, and so stay short."""

    def __init__(self):
        self.now = 100.0
        self.perf_counter = itertools.count().__next__

    def monotonic(self):
        return self.now


class Watcher:
    """A debugger's side that keeps what it is told."""

    def __init__(self, attached=True):
        self.attached = attached
        self.reachable = True
        self.ready = True
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


class Looping:
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


async def turns(number=50):
    """Give the loop time to do all that it can do now."""
    for _ in range(number):
        await asyncio.sleep(0)


async def ended(task):
    """Wait for the end; the deadline fails a hang."""
    return await asyncio.wait_for(task, 60)
