"""Packets that no client should send, made of those that one would; and what each may change.

The grammar here is written apart from the stub's own, so that the two are held to each other.
"""

import os
import re

from rsp import binary, expression, frame

PACKETS = int(os.environ.get("SOCLET_FUZZ_PACKETS", "10000"))
SEED = os.environ.get("SOCLET_FUZZ_SEED", "20")
PER_SESSION = 50
SIZE = 400
"""The packet size that the sessions are to advertise."""

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
    *[b"G" + b"00010000" * registers for registers in (17, 31)],
    b"X1000,8:" + bytes(range(0x20, 0x28)),
    b"qSearch:memory:1000;1000;ab#",
    b"vFile:open:2f6669726d776172652f68656c6c6f2e656c66,0,0",
    b"Z0,1010,4;" + expression("reg 1", "const8 5", "equal", "end"),
    b"Z0,1010,4;cmds:1," + HELLO,
    b"Z1,1010,4;" + expression("const8 1", "if_goto 0", "const8 1", "end") + b";cmds:0," + HELLO,
]

N = rb"0*[0-9a-fA-F]{1,16}"
THREAD = rb"(?::(?:-1|" + N + rb"))?"
ACTION = rb"(?:[cst]|[CS][0-9a-fA-F]{2}|r" + N + rb"," + N + rb")" + THREAD
CLEAR = {"clear", "unwatch"}
ASKS = [
    (rb"M" + N + rb"," + N + rb":(?:[0-9a-fA-F]{2})+", {"memory"}),
    (rb"X" + N + rb"," + N + rb":.+", {"memory"}),
    (rb"P" + N + rb"=[0-9a-fA-F]{8}", {"register"}),
    (rb"G(?:[0-9a-fA-Fx]{8}){17,31}", {"register"}),
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
