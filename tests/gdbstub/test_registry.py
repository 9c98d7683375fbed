import re

import pytest
from fake_target import CompleteTarget, FakeTarget, PlainTarget

from gdbstub.client import Client
from gdbstub.handlers import packets_for
from gdbstub.registry import PACKETS, name_of, packet
from gdbstub.target import Target


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (b"", b""),
        (b"m1000,4", b"m"),
        (b"qC", b"qC"),
        (b"qCRC:0,1", b"qCRC:"),
        (b"qRcmd,68", b"qRcmd,"),
        (b"qSupported", b"qSupported"),
        (b"qSupported:a+", b"qSupported:"),
        (b"vCont?", b"vCont?"),
        (b"vCont;c:1", b"vCont;"),
        (b"vFlashDone", b"vFlashDone"),
        (b"vFlashDoneX", b"vFlashDoneX"),
        (b"vFile:open:2f", b"vFile:open:"),
        (b"qXfer:features:read:target.xml:0,1", b"qXfer:features:read:"),
        (b"qXfer:features", b"qXfer:"),
        (b"qSearch:memory:0;10;a:b", b"qSearch:memory:"),
        (b"Z0,1000,4", b"Z0"),
        (b"bs", b"bs"),
        (b"Q\x00\xff:", b"Q\x00\xff:"),
        (b"\n", b"\n"),
    ],
)
def test_the_name_of_a_packet_ends_with_its_separator(payload, name):
    assert name_of(payload) == name


def test_every_packet_says_which_question_it_answers_and_where_the_manual_has_it():
    for each in PACKETS.values():
        first, _, rest = (each.handler.__doc__ or "").partition("?")
        assert first, each.name
        assert "\n" not in first, each.name
        assert re.search("(GDB manual|LLDB's extensions): `", rest), each.name


def test_a_packet_cannot_be_declared_twice():
    with pytest.raises(ValueError, match="twice"):
        packet(b"g")(lambda: b"")


def test_a_packet_cannot_be_declared_by_something_that_is_no_name():
    with pytest.raises(ValueError, match="no name"):
        packet(b"gg")(lambda: b"")


def test_a_target_without_abilities_is_asked_only_what_every_target_can():
    plain = {each.name for each in packets_for(PlainTarget())}
    every = {each.name for each in packets_for(CompleteTarget())}
    assert every == set(PACKETS)
    assert every - plain == {
        *(b"Z0", b"z0", b"Z1", b"z1", b"k", b"vKill;", b"!", b"R", b"qRcmd,"),
        *(b"bs", b"bc", b"qThreadExtraInfo,", b"qXfer:threads:read:", b"qXfer:osdata:read:"),
        *(b"Z2", b"z2", b"Z3", b"z3", b"Z4", b"z4", b"qHostInfo", b"qWatchpointSupportInfo:"),
        *(
            b"vRun;",
            b"vAttach;",
            b"qExecAndArgs",
            b"qXfer:exec-file:read:",
            b"vFile:setfs:",
            b"vFile:open:",
        ),
        *(b"vFile:close:", b"vFile:pread:", b"vFile:fstat:", b"vFile:stat:", b"vFile:lstat:"),
        *(b"vFile:readlink:", b"vFile:pwrite:", b"vFile:unlink:"),
        *(b"vFlashErase:", b"vFlashWrite:", b"vFlashDone"),
        *(b"qXfer:features:read:", b"qXfer:memory-map:read:"),
    }


def test_a_new_packet_is_answered_and_advertised_by_its_declaration_alone(connect):
    @packet(b"qexample.Hi", features=("example-hi",))
    def hi(client: Client, target: Target) -> bytes:
        """Are you there?  GDB manual: `qexample.Hi`."""
        return b"%d %d" % (client.packet_size, len(target.registers))

    try:
        talk = connect(FakeTarget())
        assert talk.ask(b"qexample.Hi") == b"16384 17"
        assert talk.ask(b"qexample.Hi,1") == b""
        assert b";example-hi+;" in talk.ask(b"qSupported")
    finally:
        del PACKETS[b"qexample.Hi"]
