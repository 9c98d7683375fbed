"""Every packet once, from a raw socket, to the real machine."""

from xml.etree import ElementTree

import pytest
from guests import LOOP
from rsp import binary, expand
from wire import PC, SIGTRAP, little, stopped_at

from isa_spec.registers import MASKS
from soclet.description import SLOTS

R2 = 2


def test_why_halted_and_what_is_expedited(wire):
    reply = wire.ask(b"?")
    assert SIGTRAP.fullmatch(reply)
    assert b"%02x:%b;" % (PC, little(0x1000)) in reply


def test_features_are_what_the_machine_has(wire):
    offered = wire.ask(b"qSupported").split(b";")
    wanted = b"""QStartNoAckMode+ qXfer:features:read+ qXfer:memory-map:read+ swbreak+ hwbreak+
        vContSupported+ ConditionalBreakpoints+ BreakpointCommands+ ReverseStep+ ReverseContinue+"""
    assert set(wanted.split()) <= set(offered)
    assert b"multiprocess+" not in offered


def test_all_registers_are_read_and_written_at_once(wire):
    values = expand(wire.ask(b"g"))
    assert len(values) == 8 * len(SLOTS)
    assert values[8 * PC : 8 * PC + 8] == little(0x1000)
    changed = bytearray(values)
    changed[8 * 7 : 8 * 8] = little(0xCAFE)
    assert wire.ask(b"G" + bytes(changed)) == b"OK"
    assert wire.ask(b"g") == bytes(changed)


def test_registers_are_read_and_written_one_by_one(wire):
    for number, slot in enumerate(SLOTS):
        written = 0x12345678
        if slot.number is None:
            reply = wire.ask(b"P%x=%b" % (number, little(written)))
            assert reply == b"E.cpsr is always 0 on this machine"
            assert wire.ask(b"P%x=%b" % (number, little(0))) == b"OK"
            assert wire.register(number) == 0
        else:
            assert wire.ask(b"P%x=%b" % (number, little(written))) == b"OK"
            assert wire.register(number) == written & MASKS[slot.number], slot.name
    assert wire.ask(b"pff").startswith(b"E")


def test_memory_in_hexadecimal_and_in_binary(wire):
    assert wire.ask(b"M8000,4:01020304") == b"OK"
    assert wire.ask(b"m8000,4") == b"01020304"
    data = b"#$}*\x00\x03"
    assert wire.ask(b"X8010,6:" + binary(data)) == b"OK"
    assert wire.ask(b"m8010,6") == data.hex().encode()
    assert wire.ask(b"x8010,6") == b"b" + binary(data)
    assert wire.ask(b"X8000,0:") == b"OK"
    assert wire.ask(b"x0,0") == b"OK"
    assert wire.ask(b"x8000,1") == b"b\1"


def test_memory_that_is_not_there_is_refused_in_words(wire):
    assert wire.ask(b"m100000,4") == b"E.there is nothing at 0x100000: memory is 0x1000 to 0xfffff"
    assert wire.ask(b"m800,4") == b"E.there is no port at 0x800"
    assert wire.ask(b"Mffffc,8:" + b"11" * 8) == (
        b"E.there is nothing at 0x100000: memory is 0x1000 to 0xfffff; nothing was written"
    )
    assert wire.ask(b"mffffc,4") == b"00000000"
    assert wire.ask(b"mffffc,8") == b"00000000"
    assert wire.ask(b"mffffffffffffffff,4").startswith(b"E")


def test_stepping_in_each_way(wire):
    stopped_at(wire, wire.ask(b"s"), 0x1008)
    stopped_at(wire, wire.ask(b"S05"), 0x1010)
    stopped_at(wire, wire.ask(b"vCont;s:1;c"), 0x1018)
    stopped_at(wire, wire.ask(b"s1000"), 0x1008)
    stopped_at(wire, wire.ask(b"S05;1000"), 0x1008)
    stopped_at(wire, wire.ask(b"vCont;r1008,1018:1;c"), 0x1018)
    stopped_at(wire, wire.ask(b"vCont;S05:1"), 0x1020)
    assert wire.ask(b"vCont?") == b"vCont;c;C;s;S;t;r"
    assert wire.ask(b"s100000000").startswith(b"E.0x100000000 is beyond the last address")


@pytest.mark.parametrize("resume", [b"c", b"C05", b"vCont;c", b"vCont;C05:1", b"c1000"])
@pytest.mark.parametrize("kind", [b"0", b"1"])
def test_running_to_a_breakpoint_of_either_kind(wire, resume, kind):
    assert wire.ask(b"Z%b,1010,4" % kind) == b"OK"
    assert wire.ask(b"Z%b,1010,2" % kind) == b"OK"
    reply = wire.ask(resume)
    assert (b"swbreak" if kind == b"0" else b"hwbreak") in reply
    stopped_at(wire, reply, 0x1010)
    # A breakpoint is looked at before the first instruction too.
    stopped_at(wire, wire.ask(b"c"), 0x1010)
    assert wire.ask(b"z%b,1010,4" % kind) == b"OK"
    assert wire.ask(b"Z0,1020,4") == b"OK"
    stopped_at(wire, wire.ask(b"c"), 0x1020)


def test_a_breakpoint_on_a_page_that_runs_stops_the_next_time_around(wire):
    for turn in range(3):
        assert wire.ask(b"Z0,1018,4") == b"OK"
        stopped_at(wire, wire.ask(b"c"), LOOP)
        assert wire.register(R2) == 3 * turn
        assert wire.ask(b"z0,1018,4") == b"OK"
        wire.ask(b"s")


def test_watchpoints_of_any_length_are_set_and_taken_back(wire):
    for kind in (b"2", b"3", b"4"):
        assert wire.ask(b"Z" + kind + b",8001,5") == b"OK"
        assert wire.ask(b"z" + kind + b",8001,5") == b"OK"


@pytest.mark.parametrize("place", [b"100000000,4", b"ffffffffffffffff,4", b"ffffffff,2"])
def test_what_lies_beyond_the_last_address_is_neither_watched_nor_a_breakpoint(wire, place):
    for packet in (b"Z2,", b"Z3,", b"Z4,"):
        assert wire.ask(packet + place).startswith(b"E.")
    if place != b"ffffffff,2":
        why = b"E.0x%b is beyond the last address, 0xffffffff" % place[:-2]
        assert wire.ask(b"Z0," + place) == wire.ask(b"Z1," + place) == why
    assert wire.ask(b"Z2,fffffffe,2") == wire.ask(b"Z0,ffffffff,4") == b"OK"


def test_threads_there_is_one(wire):
    assert wire.ask(b"Hg0") == wire.ask(b"Hc-1") == wire.ask(b"Hg1") == b"OK"
    assert wire.ask(b"T1") == b"OK"
    assert wire.ask(b"T2").startswith(b"E")
    assert wire.ask(b"qC") == b"QC01"
    assert wire.ask(b"qfThreadInfo") == b"m01"
    assert wire.ask(b"qsThreadInfo") == b"l"
    assert wire.ask(b"qAttached") == b"1"


def test_the_documents_are_read_piece_by_piece(wire):
    document, at = b"", 0
    while True:
        piece = wire.ask(b"qXfer:features:read:target.xml:%x,100" % at)
        document += piece[1:]
        at = len(document)
        if piece[:1] == b"l":
            break
        assert piece[:1] == b"m"
    assert len(list(ElementTree.fromstring(document).iter("reg"))) == len(SLOTS)
    assert b'type="ram"' in wire.ask(b"qXfer:memory-map:read::0,1000")


def test_monitor_commands(wire):
    assert "step-interrupts" in wire.command("help")
    assert wire.command("halt") == "the machine is halted\n"
    assert wire.ask(b"s") != b""
    assert wire.command("reset") == "the machine is reset and halted\n"
    assert wire.register(PC) == 0x1000
    assert wire.ask(b"?").startswith(b"T05")
    assert wire.command("nonsense").startswith(b"E.no monitor command 'nonsense'")


def test_unknown_packets_get_the_empty_reply(wire):
    for packet in (b"vMustReplyEmpty", b"qTStatus", b"b", b"QNonStop:0", b"bx"):
        assert wire.ask(packet) == b""
    assert wire.ask(b"vRun;").startswith(b"E.")


def test_flashing_is_collected_and_done_at_once(wire):
    assert wire.ask(b"M8000,4:01020304") == b"OK"
    assert wire.ask(b"vFlashErase:8000,1000") == b"OK"
    assert wire.ask(b"vFlashWrite:8010:" + binary(b"}#$*new")) == b"OK"
    assert wire.ask(b"m8000,4") == b"01020304"
    assert wire.ask(b"vFlashDone") == b"OK"
    assert wire.ask(b"m8000,4") == b"ffffffff"
    assert wire.ask(b"m8010,7") == b"}#$*new".hex().encode()


def test_flashing_elsewhere_than_memory_is_refused(wire):
    assert wire.ask(b"vFlashErase:0,1000") == b"E.memtype"
    assert wire.ask(b"vFlashErase:100000,1000") == b"E.memtype"
    assert wire.ask(b"vFlashErase:8010,1000").startswith(
        b"E.flash is erased in whole blocks of 0x1000 bytes"
    )
    assert wire.ask(b"vFlashWrite:8000:x").startswith(b"E.flash at 0x8000 is written without")


def test_new_code_flashed_over_what_was_executed_runs(wire):
    """Execute, halt, flash the same page, execute again."""
    assert wire.ask(b"Z0,1018,4") == b"OK"
    stopped_at(wire, wire.ask(b"c"), LOOP)
    page = bytearray.fromhex(wire.ask(b"m1000,1000").decode())
    page[4:8] = (40).to_bytes(4, "little")  # mov r0, 40
    assert wire.ask(b"vFlashErase:1000,1000") == b"OK"
    assert wire.ask(b"vFlashWrite:1000:" + binary(bytes(page))) == b"OK"
    assert wire.ask(b"vFlashDone") == b"OK"
    wire.command("reset")
    stopped_at(wire, wire.ask(b"c"), LOOP)
    assert wire.register(0) == 42
