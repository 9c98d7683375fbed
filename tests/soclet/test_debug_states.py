"""A debugger that does anything at any time, with a machine that halts, runs, sleeps, ended, or is
on its way through its past.

    pytest tests/soclet/test_debug_states.py --hypothesis-seed=7

Clients come, ask for sensible things and for none, and vanish at any byte. Nothing raises; every
packet has one reply or waits for its stop; the machine changes only where a packet's meaning says
so; and whoever comes next finds it halted or running, as it was left, and is served.
"""

from functools import cache

import guests
from debug_bench import Bench
from fuzz import message
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from rsp import frame

from machine.machine import Machine
from soclet.goals import FreeRun
from soclet.travel.goal import Travel
from toolchain.assembler import assemble

HISTORY = 1 << 20

BUSY = """
        mov r1, 0x8000
        mov r2, 1
        mov r5, 1
loop:   mov [r1], r3
        add r3, r2
        condbr r3 != 3000, loop
        brk
        mov r5, 2
again:  add r3, r2
        mov [r1], r3
        mov pc, again
"""
"""So long that a way through its past takes slices, and stops in between."""

GUESTS = {
    "busy": BUSY,
    "announces": guests.ANNOUNCES,
    "sleeps": guests.SLEEPS_FOR_EVER,
    "check-stops": guests.CHECK_STOPS,
    "powers off": guests.powers_off(7),
}
COMMANDS = (
    *("why r5", "why r3", "why 0x8000", "diff begin now", "diff begin present", "goto begin"),
    *("goto present", "goto 100", "goto 5000", "goto 1", "checkpoint a", "goto a", "reset"),
    *("time", "help", "no such thing", "step-interrupts hold", "phys on", "devices", "tlb"),
)
RESUMES = (b"c", b"s", b"bs", b"bc", b"vCont;c", b"vCont;s:1", b"vCont;r1000,1030:1", b"S05")
HARMLESS = (b"?", b"g", b"p0", b"m1000,20", b"m8000,4", b"x8000,4", b"qC", b"qfThreadInfo")
CHANGES = (
    *(b"M8000,4:01020304", b"P0=07000000", b"Pf=00100000", b"X8000,4:abcd", b"Z0,1028,4"),
    *(b"z0,1028,4", b"Z0,1018,4", b"Z2,8000,4", b"z2,8000,4", b"Z3,8000,4", b"Z0,1040,4"),
)
ENDS = (b"D", b"k", b"vKill;1", b"R00", b"vRun;", b"vAttach;1", b"!")


@cache
def segments(guest):
    program = assemble("test.s", GUESTS[guest])
    return tuple((part.address, part.data) for part in program.segments)


def where(machine):
    """Where the machine is, and what a program could see of that: not who is attached."""
    memory = machine.memory.read(0, machine.memory.size)
    return machine.position, tuple(machine.cpu.r), memory, machine.cpu.asleep


def command(text):
    return b"qRcmd," + text.encode().hex().encode()


LOOKS = (command("why"), command("diff"), command("goto"))


class Debugging(RuleBasedStateMachine):
    @initialize(guest=st.sampled_from(sorted(GUESTS)), ran=st.sampled_from((0, 3, 2000, 6000)))
    def begin(self, guest, ran):
        machine = Machine(64 << 10)
        machine.flash(segments(guest))
        self.bench = Bench(machine, HISTORY)
        self.began, self.stays = None, True
        self.bench.runner.start()
        while ran > 0:
            self.bench.turn(500)
            ran -= 500

    # What a client does

    def ask(self, payload):
        """Send a packet, which may be a command that takes its time in the past."""
        bench = self.bench
        known = bench.met and not bench.session.awaited
        before = where(bench.machine) if known else None
        if bench.session.awaited:
            self.began = None  # what waits is carried out as soon as the command is over
        bench.send(frame(payload))
        if before is not None and payload.startswith(LOOKS):
            self.began, self.stays = before, not payload.startswith(command("goto"))
        self.check_command(left=False)

    def check_command(self, *, left):
        """Once a command that only looks is over, or any was left, the machine is where it was."""
        if self.began is None or (self.bench.commanded and not left):
            return
        if left or self.stays:
            assert where(self.bench.machine) == self.began
        self.began = None

    @precondition(lambda self: not self.bench.over())
    @rule(payload=st.sampled_from(HARMLESS + CHANGES))
    def asks(self, payload):
        self.ask(payload)

    @precondition(lambda self: not self.bench.over())
    @rule(payload=st.sampled_from(RESUMES))
    def resumes(self, payload):
        self.ask(payload)

    @precondition(lambda self: not self.bench.over())
    @rule(text=st.sampled_from(COMMANDS))
    def commands(self, text):
        self.ask(command(text))

    @precondition(lambda self: not self.bench.over())
    @rule(payload=st.sampled_from(ENDS))
    def ends(self, payload):
        self.ask(payload)

    @precondition(lambda self: not self.bench.over() and self.began is None)
    @rule(rnd=st.randoms(use_true_random=False))
    def sends_nonsense(self, rnd):
        self.bench.send(message(rnd))

    @precondition(lambda self: not self.bench.over())
    @rule()
    def presses_ctrl_c(self):
        bench = self.bench
        free = isinstance(bench.runner._goal, FreeRun) and bench.owed <= 1
        before = bench.machine.moment
        commanded = bench.commanded
        bench.send(b"\x03")
        self.check_command(left=commanded)
        if free:
            assert bench.machine.moment == before

    # What goes on meanwhile

    @rule(instructions=st.sampled_from((1, 50, 300, 2000)), slices=st.integers(1, 8))
    def time_passes(self, instructions, slices):
        for _ in range(slices):
            self.bench.turn(instructions)
        self.bench.replies()
        self.check_command(left=False)

    @precondition(lambda self: self.bench.runner.end is None)
    @rule(payload=st.sampled_from(HARMLESS + RESUMES + CHANGES), cut=st.integers(0, 12))
    def vanishes(self, payload, cut):
        """The client dies at some byte, perhaps within a packet; another comes."""
        bench = self.bench
        if not bench.over():
            bench.send(frame(payload)[:cut])
        commanded = bench.commanded
        back = isinstance(bench.runner._goal, Travel)
        halted = bench.machine.halted or commanded or back
        bench.session.close()
        self.check_command(left=commanded)
        if bench.runner.end is None:
            assert bench.machine.halted == halted
        assert bench.runner.breakpoints == frozenset()
        assert bench.runner.watches == ()
        bench.come()

    @invariant()
    def what_ended_stays_ended_and_who_was_let_go_is_replaced(self):
        bench = getattr(self, "bench", None)
        if bench is not None and bench.session.leaving:
            bench.session.close()
            if bench.runner.end is None:
                bench.come()

    def teardown(self):
        """Whatever has come before, the next client is served."""
        bench = getattr(self, "bench", None)
        if bench is None or bench.runner.end is not None:
            return
        bench.session.close()
        bench.come()
        if bench.runner.end is not None:
            return
        reply = bench.send(frame(b"?"))[-1]
        assert reply[:1] in (b"T", b"W", b"X"), reply
        assert bench.machine.halted


Debugging.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    suppress_health_check=list(HealthCheck),
)
test_a_debugger_that_does_anything_at_any_time_is_answered_and_does_no_harm = Debugging.TestCase
