"""Whole conversations, as real clients have them: all at once, byte by byte, and anyhow cut.

A transcript is a list of exchanges: what the client sends, and all that it gets for it.
"""

import pytest
from fake_target import ELF, FEATURES, FakeTarget
from hypothesis import given, settings
from hypothesis import strategies as st
from rsp import apart, binary, frame

from gdbstub.crc import gdb_crc
from gdbstub.session import Session

STOPPED = b"T05thread:01;0d:0d010000;0e:0e010000;0f:%b;"

GDB_CONNECTS_STEPS_AND_DETACHES = [
    (b"+", []),
    (
        frame(b"qSupported:multiprocess+;swbreak+;hwbreak+;vContSupported+;xmlRegisters=i386"),
        [b"+", FEATURES],
    ),
    (b"+" + frame(b"vMustReplyEmpty"), [b"+", b""]),
    (b"+" + frame(b"QStartNoAckMode"), [b"+", b"OK"]),
    (b"+" + frame(b"Hg0"), [b"OK"]),
    (frame(b"qTStatus"), [b""]),
    (frame(b"?"), [STOPPED % b"00100000"]),
    (frame(b"qfThreadInfo") + frame(b"qsThreadInfo"), [b"m01", b"l"]),
    (frame(b"qAttached"), [b"1"]),
    (frame(b"Hc-1"), [b"OK"]),
    (frame(b"vCont?"), [b"vCont;c;C;s;S;t;r"]),
    (frame(b"vCont;s:1;c"), [STOPPED % b"04100000"]),
    (frame(b"Z0,1010,4"), [b"OK"]),
    (frame(b"vCont;c"), [b"T05swbreak:;" + STOPPED[3:] % b"10100000"]),
    (frame(b"z0,1010,4"), [b"OK"]),
    (frame(b"X2000,0:"), [b"OK"]),
    (frame(b"X2000,4:}\x03}\x04}\x5d\x03"), [b"OK"]),
    (frame(b"m2000,4"), [b"23247d03"]),
    (frame(b"D"), [b"OK"]),
]

A_CLIENT_THAT_STUMBLES = [
    (b"+" + b"\xff\x00 noise", []),
    (b"$?#00", [b"-"]),
    (b"$?#3f", [b"+", STOPPED % b"00100000"]),
    (b"-", [STOPPED % b"00100000"]),
    (b"+", []),
    (b"$m10" + frame(b"m1000,2"), [b"+", b"0000"]),
    (b"+" + frame(b"pffffffff"), [b"+", b"E16"]),
    (b"+" + b"$" + b"x" * 0x4001 + b"#00", [b"+", b"E16"]),
    (b"+" + frame(b"M0,1:00"), [b"+", b"E0e"]),
    (b"+\x03\x03", []),
    (frame(b"s"), [b"+", b"T02" + STOPPED[3:] % b"04100000"]),
    (b"+" + frame(b"c2000"), [b"+"]),
    (b"\x03\x03", [b"T02" + STOPPED[3:] % b"00200000"]),
    (b"+" + frame(b"k"), [b"+"]),
]

IF_R1 = (
    b"Z0,1010,4;X2b,260001162022051320000e21002826000216202204021620172203130e200023210028220121"
)
IF_R1 += b"002a220027"
"""`break *0x1010 if $r1 == 5 && *(char*)($r2+4) != 3`, as gdb 13 sends it."""
DPRINTF = (
    b"Z0,1020,4;cmds:1,X26,26000316202330002600021620220022003403001072323d25645c74257320256c785c"
)
DPRINTF += b"6e0027"
"""`dprintf *0x1020,"r2=%d\\t%s %lx\\n",$r2,(char*)0x3000,$r3`, as gdb 13 sends it."""

GDB_READS_THE_FILE_AND_LEAVES_THE_DECIDING_TO_THE_TARGET = [
    (b"+" + frame(b"qSupported:swbreak+;hwbreak+;error-message+"), [b"+", FEATURES]),
    (b"+" + frame(b"QStartNoAckMode"), [b"+", b"OK"]),
    (b"+" + frame(b"!") + frame(b"?"), [b"OK", STOPPED % b"00100000"]),
    (frame(b"qXfer:exec-file:read::0,1000"), [b"l/firmware/hello.elf"]),
    (frame(b"vFile:setfs:0"), [b"F0"]),
    (frame(b"vFile:open:2f6669726d776172652f68656c6c6f2e656c66,0,1c0"), [b"F0"]),
    (frame(b"vFile:pread:0,9,0"), [b"F9;" + binary(ELF[:9])]),
    (frame(b"vFile:open:2f6574632f706173737764,0,1c0"), [b"F-1,2"]),
    (frame(b"vFile:close:0"), [b"F0"]),
    (frame(IF_R1) + frame(DPRINTF) + frame(b"Z2,3001,4"), [b"OK", b"OK", b"OK"]),
    (
        frame(IF_R1.replace(b"X2b,26", b"X2b,0c")),
        [
            b"E.the agent opcode trace is not taken: there "
            b"are no tracepoints, and so nothing to collect for"
        ],
    ),
    (frame(b"vCont;c"), [b"T05swbreak:;" + STOPPED[3:] % b"10100000"]),
    (frame(b"z0,1010,4") + frame(b"vCont;s:1;c"), [b"OK", STOPPED % b"14100000"]),
    (frame(b"qCRC:1000,10"), [b"C%08x" % gdb_crc([bytes(16)])]),
    (frame(b"X2002,3:}\x03;:") + frame(b"qSearch:memory:1000;2000;}\x03;:"), [b"OK", b"1,2002"]),
    (frame(b"vCont;c"), [b"T05swbreak:;" + STOPPED[3:] % b"20100000"]),
    (
        frame(b"z0,1020,4") + frame(b"vCont;c") + b"\x03",
        [b"OK", b"T02" + STOPPED[3:] % b"20100000"],
    ),
    (frame(b"vRun;2f62696e2f7368"), [b"E.only /firmware/hello.elf can be run here"]),
    (frame(b"vKill;a410"), [b"OK"]),
    (frame(b"vRun;"), [STOPPED % b"00100000"]),
    (frame(b"bs") + frame(b"QNonStop:1") + frame(b"vCtrlC"), [b"", b"", b""]),
    (frame(b"z2,3001,4") + frame(b"D"), [b"OK", b"OK"]),
    (frame(b"vAttach;1"), [STOPPED % b"00100000"]),
]

LLDB_READS_STEPS_AND_WRITES = [
    (b"+" + frame(b"QStartNoAckMode"), [b"+", b"OK"]),
    (
        b"+"
        + frame(
            b"qSupported:xmlRegisters=i386,arm,mips,arc;multiprocess+;fork-events+;vfork-events+"
        ),
        [FEATURES],
    ),
    (frame(b"QThreadSuffixSupported") + frame(b"QListThreadsInStopReply"), [b"", b""]),
    (
        frame(b"qHostInfo") + frame(b"vCont?"),
        [b"watchpoint_exceptions_received:before;", b"vCont;c;C;s;S;t;r"],
    ),
    (frame(b"qVAttachOrWaitSupported") + frame(b"QEnableErrorStrings"), [b"", b""]),
    (frame(b"qProcessInfo") + frame(b"qC") + frame(b"?"), [b"", b"QC01", STOPPED % b"00100000"]),
    (frame(b"Hg1") + frame(b"p0"), [b"OK", b"00010000"]),
    (frame(b"x0,0") + frame(b"xffff0110,4"), [b"OK", b"E0e"]),
    (frame(b"qfThreadInfo") + frame(b"qsThreadInfo") + frame(b"pf"), [b"m01", b"l", b"00100000"]),
    (frame(b"qMemoryRegionInfo:1000") + frame(b"jThreadsInfo"), [b"", b""]),
    (frame(b"M2000,8:2324257d2a030062"), [b"OK"]),
    (frame(b"x2000,9"), [binary(b"#$%}*\x03\0b\0")]),  # without the `b` of gdb's
    (frame(b"x1000,200"), [bytes(0x200)]),
    (frame(b"Z0,1010,4") + frame(b"c"), [b"OK", STOPPED % b"10100000"]),
    (frame(b"z0,1010,4") + frame(b"vCont;s:0001"), [b"OK", STOPPED % b"14100000"]),
    (frame(b"P2=05000000") + frame(b"D"), [b"OK", b"OK"]),
]
"""As lldb 14 sends it."""

A_BROWSER = [(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", []), (frame(b"?"), [])]

TRANSCRIPTS = {
    "gdb connects, steps and detaches": GDB_CONNECTS_STEPS_AND_DETACHES,
    "gdb reads the file and leaves the deciding to the target": (
        GDB_READS_THE_FILE_AND_LEAVES_THE_DECIDING_TO_THE_TARGET
    ),
    "lldb reads, steps and writes": LLDB_READS_STEPS_AND_WRITES,
    "a client that stumbles": A_CLIENT_THAT_STUMBLES,
    "a browser": A_BROWSER,
}


def sent(transcript):
    return b"".join(data for data, _ in transcript)


def answered(transcript):
    return [each for _, replies in transcript for each in replies]


def session():
    return Session(FakeTarget(reach=0x20))


@pytest.fixture(params=TRANSCRIPTS.values(), ids=TRANSCRIPTS.keys())
def transcript(request):
    return request.param


def test_each_exchange_gives_its_replies(transcript):
    client = session()
    for data, replies in transcript:
        assert apart(client.receive(data)) == replies, data


def test_in_one_chunk_the_replies_are_the_same(transcript):
    assert apart(session().receive(sent(transcript))) == answered(transcript)


def test_byte_by_byte_the_replies_are_the_same(transcript):
    client, data = session(), sent(transcript)
    output = b"".join(client.receive(data[n : n + 1]) for n in range(len(data)))
    assert apart(output) == answered(transcript)


@settings(max_examples=50)
@given(st.sampled_from(sorted(TRANSCRIPTS)), st.data())
def test_however_it_is_cut_the_replies_are_the_same(name, data):
    transcript = TRANSCRIPTS[name]
    stream = sent(transcript)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    client = session()
    bounds = zip([0, *cuts], [*cuts, len(stream)], strict=True)
    output = b"".join(client.receive(stream[a:b]) for a, b in bounds)
    assert apart(output) == answered(transcript)


hostile = st.one_of(
    st.binary(max_size=40).map(frame),
    st.builds(
        lambda name, rest: frame(name + rest),
        st.sampled_from(
            b"? g G p P m M X x s S C H T D; qC qRcmd, vCont; vCont? Z0, z0, Z1, vFlashErase: "
            b"vFlashWrite: vFlashDone qXfer:features:read: qSupported: QStartNoAckMode R ! vKill;"
            b"".split()
        ),
        st.one_of(st.binary(max_size=12), st.from_regex(rb"[0-9a-f,:;=-]{0,12}", fullmatch=True)),
    ),
    st.sampled_from([b"+", b"-", b"\x03", b"$", b"#", b"$c#63"]),
)


@settings(max_examples=300)
@given(st.lists(hostile, max_size=20))
def test_no_client_whatever_can_make_a_session_raise(messages):
    client = session()
    for message in messages:
        apart(client.receive(message))
    client.close()


@settings(max_examples=300)
@given(st.lists(st.binary(max_size=40).filter(lambda each: b"$" not in each), max_size=10))
def test_bytes_that_are_no_packet_change_nothing(chunks):
    target = FakeTarget()
    client = Session(target)
    for chunk in chunks:
        assert set(apart(client.receive(chunk))) <= {b"-"}
    assert set(target.asked) <= {"attach"}


def test_a_client_that_asks_for_much_at_once_is_answered_bit_by_bit():
    client = session()
    client.receive(frame(b"QStartNoAckMode"))
    pieces = [client.receive(frame(b"m1000,2000") * 200 + frame(b"c") + frame(b"qC") + b"\x03")]
    while client.backlog:
        pieces.append(client.proceed())
    assert len(pieces) > 10
    assert all(len(piece) < 0x4_8000 for piece in pieces)
    *memory, stop, thread = apart(b"".join(pieces))
    assert memory == [bytes(0x4000).replace(b"\0", b"0")] * 200
    assert stop.startswith(b"T02")
    assert thread == b"QC01"


def test_a_client_that_leaves_is_not_answered_any_more():
    client = session()
    client.receive(frame(b"QStartNoAckMode"))
    client.receive(frame(b"m1000,2000") * 100)
    client.close()
    assert client.proceed() == b""
