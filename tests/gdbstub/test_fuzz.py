"""Ten thousand packets that no client should send; a million of them where that is asked for.

    SOCLET_FUZZ_PACKETS=1000000 SOCLET_FUZZ_SEED=7 pytest tests/gdbstub/test_fuzz.py

Valid packets are mutated, cut, glued and framed wrongly, and sent to a target that is halted, runs,
has ended or was let go. Nothing may raise; every reply is well framed and fits a packet; the same
bytes one by one give the same; and the target is asked to change only what a packet validly asks
for, which an independent grammar decides.
"""

import random

import pytest
from fake_target import CompleteTarget
from fuzz import PACKETS, PER_SESSION, SEED, SIZE, VALID, message, permitted
from rsp import apart, frame

from gdbstub.framing import Framing, Packet
from gdbstub.session import Session
from gdbstub.target import Continue, Exited, Killed, RangeStep, Reason, Signal, Step, Stop


def kind_of(asked):
    if isinstance(asked, (Continue, Step, RangeStep, list)):
        return "resume"
    return asked[0] if isinstance(asked, tuple) else asked


class Pair:
    """One conversation, whole and byte by byte, which must be the same."""

    def __init__(self):
        self.targets = [CompleteTarget(reach=0x20), CompleteTarget(reach=0x20)]
        self.sessions = [Session(target, packet_size=SIZE) for target in self.targets]
        self.framing = Framing(SIZE)
        self.kinds = {"attach"}
        self.pressed = 0
        """Ctrl-C that the target has not heard of yet: it may come after the packets behind it."""

    def send(self, data):
        for event in self.framing.feed(data):
            if isinstance(event, Packet):
                self.kinds |= permitted(event.payload)
        self.pressed += data.count(b"\x03")
        whole = self.sessions[0].receive(data)
        bytewise = b"".join(self.sessions[1].receive(data[n : n + 1]) for n in range(len(data)))
        assert whole == bytewise
        return self.check(whole)

    def stopped(self, event):
        if isinstance(event, Exited):
            self.kinds.add("exited")
        for target in self.targets:
            target.running = False
            target.stop = event
        whole, bytewise = (session.stopped(event) for session in self.sessions)
        assert whole == bytewise
        return self.check(whole)

    def check(self, output):
        """What came back is well formed, what was asked is permitted; give the replies."""
        target, other = self.targets
        assert target.asked == other.asked
        interrupts = target.asked.count("interrupt")
        assert interrupts <= self.pressed
        self.pressed -= interrupts
        kinds = {kind_of(asked) for asked in target.asked} - {"interrupt"}
        assert kinds <= self.kinds, target.asked
        target.asked.clear()
        other.asked.clear()
        if not self.sessions[0].running:
            self.kinds.clear()  # what waited has been answered
        replies = apart(output)
        assert all(len(reply) <= SIZE for reply in replies)
        return replies


EVENTS = [
    *[Stop(Signal.TRAP, Reason.SOFTWARE_BREAKPOINT)] * 6,
    Stop(Signal.SEGV, message="a sentence", fault="another"),
    Stop(Signal.TRAP, Reason.READ_WATCHPOINT, address=2**64 - 1),
    Exited(7, "it ended"),
    Killed(Signal.ABRT),
]


BEGINNINGS = {
    "halted": [b"!", b"?"],
    "running": [b"!", b"c"],
    "ended": [b"!", b"vKill;1"],
    "let go": [b"!", b"D"],
}


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_no_packets_whatever_do_harm(beginning):
    rnd = random.Random(f"{SEED} {beginning}")
    for _ in range(-(-PACKETS // len(BEGINNINGS) // PER_SESSION)):
        pair = Pair()
        for payload in beginning:
            pair.send(frame(payload))
        sent = []
        try:
            for _ in range(PER_SESSION):
                sent.append(message(rnd))
                pair.send(sent[-1])
                if pair.sessions[0].running and rnd.random() < 0.3:
                    pair.stopped(rnd.choice(EVENTS))
                if pair.sessions[0].leaving:
                    break
            still_answers(pair)
        except Exception as error:
            raise AssertionError(f"after {beginning} and {sent}") from error


def still_answers(pair):
    """Whatever has come before, a client that goes on properly is answered properly."""
    if pair.sessions[0].leaving:
        return
    pair.send(b"##" + b"$" + frame(b"vMustReplyEmpty"))
    if pair.sessions[0].running:
        pair.stopped(Stop())
    while pair.sessions[0].running:  # of a resume that waited
        pair.stopped(Stop())
    if not pair.sessions[0].leaving:
        reply = pair.send(frame(b"?"))[-1]
        assert reply[:1] in (b"T", b"W", b"X"), reply


def test_the_grammar_of_this_test_knows_a_change_when_it_sees_one():
    changing = {"memory", "register", "set", "program", "clear", "watch", "unwatch", "resume"}
    changing |= {"reverse step", "reverse continue", "detach", "kill", "restart", "attach", "flash"}
    assert set().union(*map(permitted, VALID)) == changing
