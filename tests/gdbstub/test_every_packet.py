"""Every packet that is declared, once on a fake target; and none by a name that only begins so.

What is declared without an example here fails, and so does an example of what is not declared.
"""

import re

import pytest
from fake_target import ELF, CompleteTarget, PlainTarget
from rsp import binary, expression

from gdbstub.crc import gdb_crc
from gdbstub.registry import PACKETS

STOP = b"T05thread:01;0d:0d010000;0e:0e010000;0f:%b;"
AT_START = STOP % b"00100000"
ALWAYS = b";" + expression("const8 1", "end")
STAT_SIZE = b"".join(n.to_bytes(8, "big") for n in (len(ELF), 512, -(-len(ELF) // 512)))
STAT_MODE_AND_LINKS = (0o100444).to_bytes(4, "big") + (1).to_bytes(4, "big")
STAT = b"F40;" + binary(bytes(8) + STAT_MODE_AND_LINKS + bytes(12) + STAT_SIZE + bytes(12))
NAME = b"2f6669726d776172652f68656c6c6f2e656c66"

EXAMPLES = {
    b"!": (b"!", [b"OK"]),
    b"?": (b"?", [AT_START]),
    b"C": (b"C05;2000", []),
    b"D": (b"D;1", [b"OK"]),
    b"G": (b"G" + b"00010000" * 16 + b"00000000", [b"OK"]),
    b"H": (b"Hg1f", [b"OK"]),
    b"M": (b"M2000,2:abCD", [b"OK"]),
    b"P": (b"P1=01020304", [b"OK"]),
    b"QStartNoAckMode": (b"QStartNoAckMode", [b"OK"]),
    b"R": (b"R00", []),
    b"S": (b"S05", [STOP % b"04100000"]),
    b"T": (b"T1f", [b"OK"]),
    b"X": (b"X2000,4:" + binary(b"#$}*"), [b"OK"]),
    b"Z0": (b"Z0,1010,4" + ALWAYS, [b"OK"]),
    b"Z1": (b"Z1,1010,4", [b"OK"]),
    b"Z2": (b"Z2,2000,3", [b"OK"]),
    b"Z3": (b"Z3,2000,4", [b"OK"]),
    b"Z4": (b"Z4,2001,1", [b"OK"]),
    b"bc": (b"bc", []),
    b"bs": (b"bs", [b"T05replaylog:begin;" + AT_START[3:]]),
    b"c": (b"c2000", []),
    b"g": (b"g", [re.compile(rb"000100000101000002010000[0-9a-f]{112}")]),
    b"k": (b"k", []),
    b"m": (b"m1000,3", [b"000000"]),
    b"p": (b"p0F", [b"00100000"]),
    b"qAttached": (b"qAttached", [b"1"]),
    b"qAttached:": (b"qAttached:1", [b"1"]),
    b"qC": (b"qC", [b"QC01"]),
    b"qCRC:": (b"qCRC:1000,10", [b"C%08x" % gdb_crc([bytes(16)])]),
    b"qExecAndArgs": (b"qExecAndArgs", [b"S;" + NAME + b";;"]),
    b"qRcmd,": (b"qRcmd,6869", [b"O" + b"did hi\n".hex().encode(), b"OK"]),
    b"qSearch:memory:": (b"qSearch:memory:1000;100;" + binary(b"\0\0"), [b"1,1000"]),
    b"qSupported": (b"qSupported", [re.compile(rb"PacketSize=4000;.*vContSupported\+")]),
    b"qSupported:": (b"qSupported:swbreak+", [re.compile(rb"PacketSize=4000;.*swbreak\+.*")]),
    b"qSymbol:": (b"qSymbol::", [b"OK"]),
    b"qThreadExtraInfo,": (
        b"qThreadExtraInfo,1f",
        [b'sh <"&">: asleep'.hex().encode()],
    ),
    b"qHostInfo": (b"qHostInfo", [b"watchpoint_exceptions_received:before;"]),
    b"qWatchpointSupportInfo:": (b"qWatchpointSupportInfo:", [b"num:65536;"]),
    b"qXfer:exec-file:read:": (b"qXfer:exec-file:read:1:0,100", [b"l/firmware/hello.elf"]),
    b"qXfer:features:read:": (
        b"qXfer:features:read:target.xml:0,15",
        [b'm<?xml version="1.0"?>'],
    ),
    b"qXfer:memory-map:read:": (b"qXfer:memory-map:read::0,c", [b"m<memory-map>"]),
    b"qXfer:osdata:read:": (b"qXfer:osdata:read:processes:0,15", [b'm<?xml version="1.0"?>']),
    b"qXfer:threads:read:": (b"qXfer:threads:read::0,15", [b'm<?xml version="1.0"?>']),
    b"qfThreadInfo": (b"qfThreadInfo", [b"m01,1f,03"]),
    b"qsThreadInfo": (b"qsThreadInfo", [b"l"]),
    b"s": (b"s", [STOP % b"04100000"]),
    b"vAttach;": (b"vAttach;1", [b"E16"]),  # it is attached already
    b"vCont;": (b"vCont;s:1f;c", [STOP % b"04100000"]),
    b"vCont?": (b"vCont?", [b"vCont;c;C;s;S;t;r"]),
    b"vFile:close:": (b"vFile:close:0", [b"F0"]),
    b"vFile:fstat:": (b"vFile:fstat:0", [STAT]),
    b"vFile:lstat:": (b"vFile:lstat:" + NAME, [STAT]),
    b"vFile:open:": (b"vFile:open:" + NAME + b",0,0", [b"F1"]),
    b"vFile:pread:": (b"vFile:pread:0,8,2", [b"F8;" + binary(ELF[2:10])]),
    b"vFile:pwrite:": (b"vFile:pwrite:0,0,x", [b"F-1,1e"]),
    b"vFile:readlink:": (b"vFile:readlink:" + NAME, [b"F-1,16"]),
    b"vFile:setfs:": (b"vFile:setfs:0", [b"F0"]),
    b"vFile:stat:": (b"vFile:stat:" + NAME, [STAT]),
    b"vFile:unlink:": (b"vFile:unlink:" + NAME, [b"F-1,1e"]),
    b"vFlashDone": (b"vFlashDone", [b"OK"]),
    b"vFlashErase:": (b"vFlashErase:2000,1000", [b"OK"]),
    b"vFlashWrite:": (b"vFlashWrite:2000:" + binary(b"}#"), [b"OK"]),
    b"vKill;": (b"vKill;1", [b"OK"]),
    b"vRun;": (b"vRun;", [AT_START]),
    b"x": (b"x1000,2", [b"b\0\0"]),
    b"z0": (b"z0,1010,4", [b"OK"]),
    b"z1": (b"z1,1010,4", [b"OK"]),
    b"z2": (b"z2,2000,3", [b"OK"]),
    b"z3": (b"z3,2000,4", [b"OK"]),
    b"z4": (b"z4,2001,1", [b"OK"]),
}

BEGINNING = (b"!", b"vFlashErase:2000,1000", b"vFile:open:" + NAME + b",0,0")
"""What a client has said before it."""

OF_AN_ABILITY = [name for name in EXAMPLES if not isinstance(PlainTarget(), PACKETS[name].ability)]

examples = pytest.mark.parametrize("name", EXAMPLES, ids=bytes.decode)


def test_every_declared_packet_has_an_example():
    assert EXAMPLES.keys() == PACKETS.keys()


@examples
def test_a_packet_is_answered(connect, name):
    payload, expected = EXAMPLES[name]
    assert payload.startswith(name)
    talk = connect(CompleteTarget())
    talk.ask_all(*BEGINNING)
    replies = talk.ask_all(payload)
    assert len(replies) == len(expected)
    for reply, wanted in zip(replies, expected, strict=True):
        assert re.fullmatch(wanted if isinstance(wanted, re.Pattern) else re.escape(wanted), reply)


@pytest.mark.parametrize("name", OF_AN_ABILITY, ids=bytes.decode)
def test_a_packet_is_unknown_where_the_target_lacks_what_it_needs(connect, name):
    assert connect(PlainTarget()).ask(EXAMPLES[name][0]) == b""


@examples
def test_where_there_is_no_program_a_packet_is_answered_or_an_error(connect, name):
    payload, _ = EXAMPLES[name]
    talk = connect(CompleteTarget())
    talk.ask(b"vKill;1")
    replies = talk.ask_all(payload)
    assert (replies == [b"E03"]) != PACKETS[name].without_program


LONG = [name for name in EXAMPLES if len(name) > 2]


@pytest.mark.parametrize("name", LONG, ids=bytes.decode)
def test_a_name_that_only_begins_like_a_packet_s_or_ends_before_it_is_unknown(connect, name):
    rest = EXAMPLES[name][0][len(name) :]
    word, end = (name, b"") if name[-1:].isalpha() else (name[:-1], name[-1:])
    talk = connect(CompleteTarget())
    for other in (word + b"X" + end, word[:-1] + end, word.swapcase() + end, b" " + name):
        if other not in PACKETS:
            assert talk.ask(other + rest) == b"", other
