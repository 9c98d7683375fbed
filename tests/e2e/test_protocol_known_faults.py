"""Faults that other stubs are known for, each looked for in the real machine's server."""

import guests
import pytest
from guests import LOOP
from wire import PC, Wire, stopped_at

PACKET_SIZE = 0x4000


def binary_write(size):
    """A write of raw bytes to 0x8000 that makes a packet of so many bytes."""
    count = size - len(b"X8000,0000:")
    return b"X8000,%04x:" % count + b"\xa5" * count


def test_a_packet_of_exactly_packet_size_is_taken_and_one_of_a_byte_more_is_not(wire):
    assert wire.ask(b"qSupported:error-message+").startswith(b"PacketSize=%x;" % PACKET_SIZE)
    in_hexadecimal = b"M08000,1ffa:" + b"5a" * 0x1FFA
    assert len(in_hexadecimal) == len(binary_write(PACKET_SIZE)) == PACKET_SIZE
    assert wire.ask(in_hexadecimal) == b"OK"
    assert wire.ask(b"m9ff8,3") == b"5a5a00"
    assert wire.ask(binary_write(PACKET_SIZE)) == b"OK"
    assert wire.ask(b"mbff3,3") == b"a5a500"
    too_long = b"E.a packet is at most 16384 bytes long"
    assert wire.ask(binary_write(PACKET_SIZE + 1)) == wire.ask(in_hexadecimal + b"5") == too_long
    assert wire.ask(b"mbff3,3") == b"a5a500"
    assert wire.ask(b"m8000,2000") == wire.ask(b"m8000,2001") == wire.ask(b"m8000,ffffffff")
    assert len(wire.ask(b"m8000,2000")) == PACKET_SIZE
    assert len(wire.ask(b"x8000,ffffffff")) == PACKET_SIZE


def test_what_one_client_has_agreed_to_does_not_hold_for_the_next(boot):
    port = boot(guests.LOOPS).port("gdb")
    with Wire(port) as first:
        first.ask(b"qSupported:multiprocess+;swbreak+;error-message+")
        first.ask(b"!")
        first.no_acknowledgements()
        first.ask(b"Hg1")
        assert b"p" not in first.ask(b"qC")
    with Wire(port) as second:
        second.send(b"pff")
        assert second.socket.recv(100) == b"+$E16#ac"
    with Wire(port) as third:
        assert third.ask(b"vRun;") == b"E16"
        assert third.ask(b"?").startswith(b"T05thread:01;")
        assert third.ask(b"qfThreadInfo") == b"m01"


@pytest.mark.parametrize("annex", [b"target.xm", b"target.xmlx", b"target", b"", b"TARGET.XML"])
def test_an_annex_is_known_by_its_whole_name(wire, annex):
    assert wire.ask(b"qXfer:features:read:%b:0,fff" % annex).startswith(b"E")
    assert wire.ask(b"qXfer:features:read:target.xml:0,5") == b"m<?xml"


@pytest.mark.parametrize(
    "packet",
    [
        *(
            b"qCx",
            b"qSupportedx",
            b"qfThreadInfox",
            b"QStartNoAckModex",
            b"vContx",
            b"vCont",
            b"vCo",
        ),
        *(b"vMustReplyEmptyx", b"vKil;1", b"qAttachedx", b"qRcm,68", b"qRcmdx,68", b"vRunx;"),
    ],
)
def test_a_packet_is_known_by_its_whole_name(wire, packet):
    assert wire.ask(packet) == b""


@pytest.mark.parametrize("packet", [b"pffffffff", b"p1f", b"p80000000", b"Pffffffff=00000000"])
def test_a_register_that_there_is_not_has_no_value(wire, packet):
    assert wire.ask(packet).startswith(b"E.there is no register ")


@pytest.mark.parametrize(
    "packet",
    [
        *(b"Mfffffff0,4:00000000", b"M100000,1:00", b"Mfffff,2:0000", b"M800,4:00000000"),
        *(b"X100000,1:x", b"M10000000000,1:00", b"Mffffffffffffffff,2:0000"),
    ],
)
def test_a_write_to_nowhere_is_an_error_and_writes_nothing(wire, packet):
    before = wire.ask(b"mfffff,1")
    assert wire.ask(packet).startswith(b"E.")
    assert wire.ask(b"mfffff,1") == before


def test_a_breakpoint_set_twice_is_cleared_once(wire):
    for kind in (b"4", b"4", b"2"):
        assert wire.ask(b"Z0,1018," + kind) == b"OK"
    stopped_at(wire, wire.ask(b"c"), LOOP)
    assert wire.ask(b"z0,1018,4") == wire.ask(b"z0,1018,4") == b"OK"
    assert wire.ask(b"Z0,1020,4") == b"OK"
    stopped_at(wire, wire.ask(b"c"), LOOP + 8)
    stopped_at(wire, wire.ask(b"s"), LOOP)


def test_who_comes_while_the_machine_runs_gets_no_stop_reply_unasked(boot):
    run = boot(guests.ECHOES, serial="tcp:0", halted=False)
    with Wire(run.port("gdb")) as wire:
        assert wire.ask(b"qSupported").startswith(b"PacketSize")
        assert wire.ask(b"qC") == b"QC01"
        assert wire.ask(b"?").startswith(b"T05")


def test_a_step_without_acknowledgements_has_its_stop_reply_and_no_more(wire):
    wire.no_acknowledgements()
    stopped_at(wire, wire.ask(b"s"), 0x1008)
    stopped_at(wire, wire.ask(b"vCont;s:1"), 0x1010)


def test_two_interrupts_are_one_stop(wire):
    wire.send(b"c")
    wire.interrupt(2)
    assert wire.reply().startswith(b"T02")
    wire.interrupt(2)
    assert wire.ask(b"vMustReplyEmpty") == b""
    wire.send(b"c")
    wire.interrupt()
    assert wire.reply().startswith(b"T02")


def test_the_next_client_is_served_when_one_has_left_the_machine_running(boot):
    run = boot(guests.ECHOES, serial="tcp:0")
    for _ in range(3):
        with Wire(run.port("gdb")) as wire:
            wire.ask(b"?")
            wire.send(b"vCont;c")
    with Wire(run.port("gdb")) as wire:
        assert wire.register(PC) != 0
        assert wire.ask(b"D") == b"OK"


@pytest.mark.parametrize("packet", [b"bs", b"bc"])
def test_a_step_back_that_is_not_offered_ends_nothing(wire, packet):
    offered = wire.ask(b"qSupported")
    reply = wire.ask(packet)
    assert reply == b"" if b"ReverseStep+" not in offered else reply.startswith(b"T05")
    assert wire.ask(b"qC") == b"QC01"
