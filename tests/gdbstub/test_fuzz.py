"""Ten thousand packets that no client should send; a million of them where that is asked for.

    SOCLET_FUZZ_PACKETS=1000000 SOCLET_FUZZ_SEED=7 pytest tests/gdbstub/test_fuzz.py

Valid packets are mutated, cut, glued and framed wrongly, and sent to a target that is halted, runs,
has ended or was let go. Nothing may raise; every reply is well framed and fits a packet; the same
bytes one by one give the same; and the target is asked to change only what a packet validly asks
for, which an independent grammar decides.
"""

import os
import random
import re

import pytest
from fake_target import CompleteTarget
from rsp import apart, binary, expression, frame

from gdbstub.framing import Framing, Packet
from gdbstub.session import Session
from gdbstub.target import Continue, Exited, Killed, RangeStep, Reason, Signal, Step, Stop

PACKETS = int(os.environ.get("SOCLET_FUZZ_PACKETS", "10000"))
SEED = int(os.environ.get("SOCLET_FUZZ_SEED", "20"))
PER_SESSION = 50
SIZE = 400

HELLO = expression("const8 0", "const8 0", r"printf 0 hello\n", "end")
VALID = [
    *b"? ! g p1 pf P1=01020304 m1000,10 m1000,4 M1000,4:01020304 x1000,8 x0,0 c s C05 S05".split(),
    *b"c1010 s1010 C05;1010 Hg0 Hg1f Hc-1 T1 T2 k R00 D D;1 bs bc qC qAttached vCont?".split(),
    *b"vCont;c vCont;s:1;c vCont;r1000,1010:1 vCont;t vCont;C0b:1f qfThreadInfo".split(),
    *b"qsThreadInfo qThreadExtraInfo,1f qSymbol:: QStartNoAckMode qRcmd,68656c70".split(),
    *b"qSupported qSupported:swbreak+;error-message+ Z0,1010,4 z0,1010,4 Z1,1010,4".split(),
    *b"z1,1010,4 Z2,1010,4 z2,1010,4 Z3,1010,7 z3,1010,7 Z4,1010,1 z4,1010,1".split(),
    *b"vKill;1 vRun; vRun;68656c6c6f2e656c66 vAttach;1 vFlashErase:2000,1000".split(),
    *b"vFlashWrite:2000:abc vFlashDone qCRC:1000,100 vFile:setfs:0 vFile:close:0".split(),
    *b"vFile:pread:0,100,0 vFile:fstat:0 vMustReplyEmpty qXfer:memory-map:read::0,fff".split(),
    *b"qXfer:features:read:target.xml:0,fff qXfer:threads:read::0,fff".split(),
    *b"qXfer:osdata:read:processes:0,fff qXfer:exec-file:read:1:0,fff".split(),
    b"G" + b"00010000" * 17,
    b"X1000,8:" + bytes(range(0x20, 0x28)),
    b"qSearch:memory:1000;1000;ab#",
    b"vFile:open:2f6669726d776172652f68656c6c6f2e656c66,0,0",
    b"Z0,1010,4;" + expression("reg 1", "const8 5", "equal", "end"),
    b"Z0,1010,4;cmds:1," + HELLO,
    b"Z1,1010,4;" + expression("const8 1", "if_goto 0", "const8 1", "end") + b";cmds:0," + HELLO,
]

N = rb"[0-9a-fA-F]{1,16}"
THREAD = rb"(?::(?:-1|" + N + rb"))?"
ACTION = rb"(?:[cst]|[CS][0-9a-fA-F]{2}|r" + N + rb"," + N + rb")" + THREAD
CLEAR = {"clear", "unwatch"}
ASKS = [
    (rb"M" + N + rb"," + N + rb":(?:[0-9a-fA-F]{2})+", {"memory"}),
    (rb"X" + N + rb"," + N + rb":.+", {"memory"}),
    (rb"P" + N + rb"=[0-9a-fA-F]{8}", {"register"}),
    (rb"G(?:[0-9a-fA-Fx]{8}){17}", {"register"}),
    (rb"Z[01]," + N + rb"," + N + rb"(?:;.*)?", {"set", "program"}),
    (rb"z[01]," + N + rb"," + N, {"clear"}),
    (rb"Z[234]," + N + rb"," + N, {"watch"}),
    (rb"z[234]," + N + rb"," + N, {"unwatch"}),
    (rb"[cs](?:" + N + rb")?", {"resume"}),
    (rb"[CS][0-9a-fA-F]{2}(?:;" + N + rb")?", {"resume"}),
    (rb"vCont;" + ACTION + rb"(?:;" + ACTION + rb")*", {"resume"}),
    (rb"bs", {"reverse step"}),
    (rb"bc", {"reverse continue"}),
    (rb"D(?:;" + N + rb")?", {"detach", *CLEAR}),
    (rb"k|vKill;" + N, {"kill"}),
    (rb"R" + N + rb"|vRun;[0-9a-fA-F]*", {"restart", "attach"}),
    (rb"vAttach;" + N, {"attach"}),
    (rb"vFlashDone", {"flash"}),
]
ASKS = [(re.compile(pattern, re.DOTALL), kinds) for pattern, kinds in ASKS]


def permitted(payload):
    """The kinds of change that a packet may ask a target for."""
    return {kind for pattern, kinds in ASKS if pattern.fullmatch(payload) for kind in kinds}


def kind_of(asked):
    if isinstance(asked, (Continue, Step, RangeStep, list)):
        return "resume"
    return asked[0] if isinstance(asked, tuple) else asked


ENDINGS = (b"k", b"D", b"vKill", b"vRun", b"vAttach")


def chosen(rnd):
    """A valid packet; one after which little more can happen comes seldom."""
    if rnd.random() < 0.05:
        return rnd.choice((b"!", b"R00", b"vRun;"))
    payload = rnd.choice(VALID)
    return rnd.choice(VALID) if payload.startswith(ENDINGS) else payload


def mutated(rnd, payload):
    """A packet that looks like a valid one."""
    data = bytearray(payload)
    for _ in range(rnd.choice((0, 0, 1, 1, 2, 5))):
        at = rnd.randrange(len(data) + 1)
        match rnd.randrange(8):
            case 0 if data:
                data[min(at, len(data) - 1)] ^= 1 << rnd.randrange(8)
            case 1:
                data[at:at] = bytes([rnd.randrange(256)])
            case 2:
                del data[at : at + rnd.randrange(1, 4)]
            case 3:
                del data[at:]
            case 4:
                data[at:at] = rnd.choice((b"f" * rnd.randrange(30), b"-1", b",", b";", b":", b"0x"))
            case 5:
                data[at:at] = rnd.choice(VALID)
            case 6:
                data += bytes(rnd.randrange(256) for _ in range(rnd.randrange(20)))
            case 7:
                data[at : at + 1] = rnd.choice(b"0123456789abcdefABCDEF,;:-").to_bytes(1, "big")
    return bytes(data)


def message(rnd):
    """Bytes of a client: mostly a packet, well framed or not."""
    payload = mutated(rnd, chosen(rnd))
    match rnd.randrange(20):
        case 0:
            return b"\x03" * rnd.randrange(1, 3)
        case 1:
            return rnd.choice((b"+", b"-", b"+-+", b"---"))
        case 2:
            return bytes(rnd.randrange(256) for _ in range(rnd.randrange(30)))
        case 3:
            return b"$%b#%02x" % (binary(payload), rnd.randrange(256))
        case 4:
            return b"$" + payload + rnd.choice((b"", b"#", b"#0", b"#zz", b"$", b"}"))
        case 5:
            return b"$" + payload  # unfinished: the next message goes on with it
        case 6:
            return frame(b"m" * rnd.randrange(SIZE - 2, SIZE + 3))
        case 7:
            return frame(bytes(rnd.randrange(256) for _ in range(rnd.randrange(30))))
        case _:
            return b"+" + frame(binary(payload))


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
