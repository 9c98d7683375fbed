"""Packets that no client should send, to the real machine: what asks for no change changes nothing.

    SOCLET_FUZZ_PACKETS=1000000 SOCLET_FUZZ_SEED=7 pytest tests/soclet/test_debug_fuzz.py

After every message in which an independent grammar finds nothing that validly asks for a change, a
hash of the whole machine (registers, memory, devices, time) and what is set to stop it are compared
with what they were before.
"""

import random
import re

import guests
import pytest
from fuzz import PACKETS, PER_SESSION, SEED, SIZE, message, permitted
from loop_bench import machine_with
from rsp import apart, frame
from running import DEMOS

from gdbstub.framing import Framing, Packet
from gdbstub.session import Session
from machine.machine import Machine
from machine.reason import Reason
from soclet.goals import FreeRun
from soclet.runner import Runner
from soclet.thread_target import ThreadTarget
from toolchain.assembler import assemble

COMMAND = re.compile(rb"qRcmd,(?:[0-9a-fA-F]{2})*")
ROUNDS = 200
"""Instructions that the machine runs between two messages."""


class Bench:
    """A machine with a debugger's session, whose client's bytes are given by hand."""

    ready = True

    def __init__(self, machine):
        self.runner = Runner(machine)
        self.machine = self.runner.machine
        self.target = ThreadTarget(self.runner)
        self.target.server = self
        self.framing = Framing(SIZE)
        self.session = Session(self.target, packet_size=SIZE)
        self.output = b""
        self.met = False

    def stopped(self, event):
        self.output += self.session.stopped(event)

    def console(self, text):
        self.output += self.session.console(text)

    def state(self):
        runner = self.runner
        settings = (runner.breakpoints, runner.watches, runner.end, self.machine.halted)
        return self.machine.hash(), settings, self.target.virtual, self.target.step_interrupts

    def send(self, data):
        """Send bytes, as whole as they are; check what they have changed; give the replies."""
        before = self.state()
        asks = b"\x03" in data or self.asks_for_change(self.framing.feed(data))
        waited = self.session.running
        self.output += self.session.receive(data)
        while self.session.backlog and not self.session.leaving:
            self.output += self.session.proceed()
        if not asks and not waited:
            assert self.state() == before
        output, self.output = self.output, b""
        replies = apart(output)
        assert all(len(reply) <= SIZE for reply in replies)
        return replies

    def asks_for_change(self, events):
        packets = [event.payload for event in events if isinstance(event, Packet)]
        comes, self.met = bool(packets) and not self.met, self.met or bool(packets)
        return comes or any(permitted(each) or COMMAND.fullmatch(each) for each in packets)

    def run(self):
        """Let the machine run for a little, as its loop would."""
        outcome = self.runner.advance(FreeRun(), ROUNDS)
        if outcome not in (Reason.BUDGET, Reason.ASLEEP):
            self.runner.halt()
            self.target.reached(outcome)

    def over(self):
        return self.session.leaving or self.runner.end is not None


def with_processes():
    """The demo with two processes, both begun."""
    machine = Machine(64 << 10)
    program = assemble(DEMOS / "processes" / "processes.s")
    machine.flash((part.address, part.data) for part in program.segments)
    machine.run(machine.cpu.time + 100_000)
    machine.take_output()
    return machine


MACHINES = {"a plain guest": lambda: machine_with(guests.ANNOUNCES), "processes": with_processes}


@pytest.mark.parametrize("make", MACHINES.values(), ids=MACHINES.keys())
def test_no_packets_whatever_change_the_machine_but_those_that_validly_ask_for_it(make):
    rnd = random.Random(SEED)
    machine = make()
    begin = machine.snapshot()
    for _ in range(-(-PACKETS // len(MACHINES) // PER_SESSION)):
        machine.restore(begin)
        machine.halted = True
        bench = Bench(machine)
        sent = [rnd.choice((b"!", b"?", b"qSupported:error-message+;swbreak+"))]
        try:
            bench.send(frame(sent[0]))
            while len(sent) <= PER_SESSION and not bench.over():
                sent.append(message(rnd))
                bench.send(sent[-1])
                if bench.session.running and rnd.random() < 0.7:
                    bench.run()
            still_answers(bench)
        except Exception as error:
            raise AssertionError(f"after {sent}") from error


def still_answers(bench):
    if bench.over():
        return
    bench.send(b"##" + b"$" + frame(b"vMustReplyEmpty"))
    while bench.session.running and not bench.over():
        bench.send(b"\x03")
    if not bench.over():
        reply = bench.send(frame(b"?"))[-1]
        assert reply[:1] in (b"T", b"W", b"X"), reply


@pytest.mark.parametrize("packet", [b"P0=00000001", b"M8000,1:55", b"s", b"Z2,8000,4", b"Z0,0,4"])
def test_the_comparison_sees_what_a_packet_changes(packet):
    bench = Bench(machine_with(guests.ANNOUNCES))
    bench.send(frame(b"?"))
    before = bench.state()
    bench.send(frame(packet))
    assert bench.state() != before
