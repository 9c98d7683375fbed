"""Packets that no client should send, to the real machine: what asks for no change changes nothing.

    SOCLET_FUZZ_PACKETS=1000000 SOCLET_FUZZ_SEED=7 pytest tests/soclet/test_debug_fuzz.py

After every message in which an independent grammar finds nothing that validly asks for a change, a
hash of the whole machine (registers, memory, devices, time) and what is set to stop it are compared
with what they were before.
"""

import random

import guests
import pytest
from debug_bench import Bench
from fuzz import PACKETS, PER_SESSION, SEED, message
from loop_bench import machine_with
from rsp import frame
from running import DEMOS

from machine.machine import Machine
from toolchain.assembler import assemble

ROUNDS = 200
"""Instructions that the machine runs between two messages."""


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
                    bench.turn(ROUNDS)
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
