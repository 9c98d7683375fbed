"""A machine with a debugger's session, whose client's bytes are given by hand; no socket, no loop.

Holds the session to what every client may count on: one reply for each packet, well framed, and a
machine that changes only where a packet's meaning says so.
"""

import re

from fuzz import SIZE, permitted
from rsp import apart

from gdbstub.framing import BadChecksum as Bad
from gdbstub.framing import Framing, Nack, Oversize, Packet
from gdbstub.session import Session
from machine.reason import Reason
from soclet.runner import Runner
from soclet.thread_target import ThreadTarget

COMMAND = re.compile(rb"qRcmd,(?:[0-9a-fA-F]{2})*")
CONSOLE = re.compile(rb"O(?:[0-9a-f]{2})+")
SOMETIMES_SILENT = (b"k", b"R")
"""Packets that have no reply, but an error where they are refused."""


class Regular:
    """Keeps moments of a history by what was executed, not by what the host's clock says."""

    EVERY = 500

    def __init__(self, history):
        self.history = history
        self.since = 0

    def passed(self, executed, _seconds):
        self.since += max(0, executed)
        if self.since >= self.EVERY and not self.history.repeats:
            self.since = 0
            self.history.keep(self.EVERY)


class Bench:
    """One machine, and its clients one after the other. `history`: bytes that its past may take."""

    ready = True

    def __init__(self, machine, history=None):
        self.runner = Runner(machine)
        self.machine = self.runner.machine
        if history is not None:
            self.runner.remember(history)
            self.runner._spacing = Regular(self.machine.history)
        self.target = ThreadTarget(self.runner)
        self.target.server = self
        self.runner.watcher = self.target
        self.come()

    def come(self):
        """Another client has connected."""
        self.framing = Framing(SIZE)
        self.session = Session(self.target, packet_size=SIZE)
        self.output = b""
        self.met = False
        self.owed = self.spare = 0
        """Replies that must still come, and those that may come besides."""

    def stopped(self, event):
        self.output += self.session.stopped(event)

    def answered(self, answer):
        self.output += self.session.answered(answer)

    def console(self, text):
        self.output += self.session.console(text)

    def state(self):
        runner = self.runner
        settings = (runner.breakpoints, runner.watches, runner.end, self.machine.halted)
        return self.machine.hash(), settings, self.target.virtual, self.target.step_interrupts

    def send(self, data):
        """Send bytes, as whole as they are; check what they have changed; give the replies."""
        before = self.state()
        events = self.framing.feed(data)
        self._count(events)
        asks = b"\x03" in data or self._asks_for_change(events)
        waited = self.session.running
        self.output += self.session.receive(data)
        while self.session.backlog and not self.session.leaving:
            self.output += self.session.proceed()
        if not asks and not waited:
            assert self.state() == before
        return self.replies()

    def replies(self):
        """Give what has come since the last call; each packet has its one reply, or it waits."""
        output, self.output = self.output, b""
        replies = apart(output)
        assert all(len(reply) <= SIZE for reply in replies)
        answers = [each for each in replies if each not in (b"+", b"-")]
        self.owed -= sum(1 for each in answers if not CONSOLE.fullmatch(each))
        if not self.session.leaving:
            assert self.owed >= -self.spare
            assert self.owed <= 0 or self.session.awaited
        return replies

    def _count(self, events):
        for event in events:
            match event:
                case Packet(payload) if not payload.startswith(SOMETIMES_SILENT):
                    self.owed += 1
                case Packet() | Nack() | Bad() | Oversize():
                    self.spare += 1

    def _asks_for_change(self, events):
        packets = [event.payload for event in events if isinstance(event, Packet)]
        comes, self.met = bool(packets) and not self.met, self.met or bool(packets)
        return comes or any(permitted(each) or COMMAND.fullmatch(each) for each in packets)

    def turn(self, instructions):
        """Let the machine go on towards its goal for a slice, as its loop would."""
        goal = self.runner._goal
        if goal is None or self.runner.end is not None:
            return
        outcome = self.runner.advance(goal, instructions)
        assert outcome is not Reason.PAUSED  # which is for those who go through history
        if outcome is not Reason.BUDGET and outcome is not Reason.ASLEEP:
            self.runner._reached(outcome)

    @property
    def commanded(self):
        """Whether the client waits for what comes of a command."""
        return self.session.awaited and not self.session.running

    def over(self):
        return self.session.leaving or self.runner.end is not None
