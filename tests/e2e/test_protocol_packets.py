"""Every packet once, from a raw socket, to the real machine."""

import re
from xml.etree import ElementTree

import guests
import pytest
from rsp import binary, expand
from wire import Wire

from isa_spec.registers import MASKS
from soclet.description import SLOTS

PROGRAM = """
start:  mov r0, 1
        mov r1, 2
        add r0, r1
loop:   add r2, r0
        mov pc, loop
"""
PC = next(number for number, slot in enumerate(SLOTS) if slot.name == "pc")
R2 = 2
LOOP = 0x1018
SIGTRAP = rb"T05(?:[sh]wbreak:;)?thread:01;.*"


@pytest.fixture
def run(boot):
    return boot(PROGRAM)


@pytest.fixture
def wire(run):
    with Wire(run.port("gdb")) as wire:
        assert b"PacketSize=4000" in wire.ask(b"qSupported:swbreak+;hwbreak+;error-message+")
        yield wire


def little(number):
    return number.to_bytes(4, "little").hex().encode()


def stopped_at(wire, reply, address):
    assert re.fullmatch(SIGTRAP, reply), reply
    assert wire.register(PC) == address


def test_why_halted_and_what_is_expedited(wire):
    reply = wire.ask(b"?")
    assert re.fullmatch(SIGTRAP, reply)
    assert b"%02x:%b;" % (PC, little(0x1000)) in reply


def test_features_are_what_the_machine_has(wire):
    offered = wire.ask(b"qSupported").split(b";")
    wanted = b"""QStartNoAckMode+ qXfer:features:read+ qXfer:memory-map:read+ swbreak+ hwbreak+
        vContSupported+"""
    assert set(wanted.split()) <= set(offered)
    for lacking in (b"ReverseStep+", b"multiprocess+", b"ConditionalBreakpoints+"):
        assert lacking not in offered


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


def test_memory_that_is_not_there_is_refused_in_words(wire):
    assert wire.ask(b"m100000,4") == (b"E.there is nothing at 0x100000: memory ends at 0x100000")
    assert wire.ask(b"m800,4") == b"E.no port can be read at 0x800"
    assert wire.ask(b"Mffffc,8:" + b"11" * 8) == b"E.not all of 0xffffc to 0x100003 is memory"
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
    assert wire.ask(b"s100000000").startswith(b"E.0x100000000 is no address")


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


def test_watchpoints_are_not_offered_yet(wire):
    assert wire.ask(b"Z2,8000,4") == b""


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
    for packet in (b"vMustReplyEmpty", b"qTStatus", b"b", b"QNonStop:0", b"bs", b"vRun;"):
        assert wire.ask(packet) == b""


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
    assert wire.ask(b"vFlashErase:8010,1000").startswith(b"E.flash is erased in blocks of 4096")
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


def test_ctrl_c_stops_a_guest_that_spins(wire):
    for _ in range(3):
        wire.send(b"c")
        wire.interrupt()
        assert wire.reply().startswith(b"T02")
        assert wire.register(PC) in (0x1000, 0x1008, 0x1010, LOOP, LOOP + 8)


def test_two_ctrl_c_are_one_stop(wire):
    wire.send(b"vCont;c")
    wire.interrupt(2)
    assert wire.reply().startswith(b"T02")
    # Had there been another stop reply, it would come before this one.
    assert wire.ask(b"qC") == b"QC01"


def test_ctrl_c_to_a_halted_machine_says_nothing(wire):
    wire.interrupt()
    assert wire.ask(b"qC") == b"QC01"


def test_only_ctrl_c_interrupts_what_comes_meanwhile_waits(wire):
    wire.send(b"c")
    wire.send(b"qC")
    wire.interrupt()
    assert wire.reply().startswith(b"T02")
    assert wire.reply() == b"QC01"


def test_without_acknowledgements_a_step_is_its_stop_and_nothing_else(wire):
    wire.no_acknowledgements()
    for turn in range(1, 4):
        stopped_at(wire, wire.ask(b"vCont;s:1"), 0x1000 + 8 * turn)
    wire.send(b"c")
    wire.interrupt()
    assert wire.reply().startswith(b"T02")


def test_a_hundred_steps_sent_at_once_are_a_hundred_stops(wire):
    wire.no_acknowledgements()
    for _ in range(100):
        wire.send(b"s")
    for _ in range(100):
        assert wire.reply().startswith(b"T05")
    assert "tick 100, 100 instructions" in wire.command("time")


def test_power_off_is_told_and_the_next_resume_ends_the_run(boot):
    run = boot(guests.powers_off(7))
    with Wire(run.port("gdb")) as wire:
        wire.send(b"c")
        said, reply = wire.said_and_reply()
        assert said.startswith("power-off: ")
        assert reply.startswith(b"T05")
        assert wire.ask(b"m1000,1") == b"01"
        assert wire.ask(b"s") == b"W07"
        assert wire.rest() == b""
    assert run.wait().status == 7


def test_a_reset_after_power_off_begins_anew(boot):
    run = boot(guests.powers_off(7))
    with Wire(run.port("gdb")) as wire:
        for _ in range(2):
            wire.send(b"c")
            assert wire.said_and_reply()[0].startswith("power-off: ")
            wire.command("reset")
        stopped_at(wire, wire.ask(b"s"), 0x1008)
    assert run.process.poll() is None


@pytest.mark.parametrize("packet", [b"k", b"vKill;1"])
def test_a_kill_ends_the_run_as_interrupted(boot, packet):
    run = boot(PROGRAM)
    with Wire(run.port("gdb")) as wire:
        wire.send(packet)
        if packet != b"k":
            assert wire.reply() == b"OK"
        assert wire.rest() in (b"", b"+")
    assert run.wait().status == 130


def test_a_step_out_of_sleep_sleeps_until_something_comes(boot):
    run = boot(guests.SLEEPS_UNTIL_1000)
    with Wire(run.port("gdb")) as wire:
        for _ in range(7):
            wire.ask(b"s")
        assert "tick 7" in wire.command("time")
        stopped_at(wire, wire.ask(b"s"), 0x1040)
        assert "tick 1001" in wire.command("time")


def test_in_extended_mode_a_kill_keeps_the_server_and_a_restart_begins_anew(boot):
    run = boot(PROGRAM)
    with Wire(run.port("gdb")) as wire:
        assert wire.ask(b"!") == b"OK"
        for kill in (b"vKill;1", b"k"):
            stopped_at(wire, wire.ask(b"s"), 0x1008)
            wire.send(kill)
            if kill != b"k":
                assert wire.reply() == b"OK"
            assert wire.ask(b"g").startswith(b"E")
            wire.send(b"R00")
            stopped_at(wire, wire.ask(b"?"), 0x1000)
        assert "tick 0, 2 instructions executed" in wire.command("time")


def test_a_flash_is_in_the_nvram_file_as_soon_as_it_is_done(boot, tmp_path):
    nvram = tmp_path / "nvram"
    run = boot(PROGRAM, "--nvram", nvram, "--memory", "64k")
    with Wire(run.port("gdb")) as wire:
        assert wire.ask(b"vFlashErase:8000,1000") == b"OK"
        assert wire.ask(b"vFlashWrite:8004:new") == b"OK"
        assert nvram.read_bytes()[0x8000:0x8008] == bytes(8)
        assert wire.ask(b"vFlashDone") == b"OK"
        run.process.kill()
        run.process.wait()
    assert nvram.read_bytes()[0x8000:0x9000] == b"\xff" * 4 + b"new" + b"\xff" * 4089


TICKING = f"""{guests.PORTS}
        mov r1, DEADLINE
        mov r0, 9
        mov [r1], r0
        mov r0, 0
        mov [r1], r0
        mov ivec, vectors
        mov imask, 1 << 16
        mov status, 5
main:   nop
        nop
        nop
handler: mov imask, 0
        mov r5, 77
        iret
        .align 4
vectors: .word 0,0,0,0, 0,0,0,0, 0,0,0,0, 0,0,0,0, handler
"""


@pytest.mark.parametrize(
    ("mode", "pcs", "handled"),
    [
        ("over", [0x1048, 0x1050], [0, 77]),
        ("into", [0x1048, 0x1058, 0x1060, 0x1068], [0, 0, 0, 77]),
        ("hold", [0x1048, 0x1050, 0x1058], [0, 0, 0]),
    ],
)
def test_steps_treat_interrupts_as_they_are_told(boot, mode, pcs, handled):
    run = boot(TICKING)
    with Wire(run.port("gdb")) as wire:
        assert wire.command(f"step-interrupts {mode}") == f"step-interrupts is {mode}\n"
        for _ in range(8):
            wire.ask(b"s")
        assert wire.register(PC) == 0x1040
        found = []
        for _ in pcs:
            wire.send(b"s")
            said, _reply = wire.said_and_reply()
            assert ("interrupt: interrupt 16" in said or "timer" in said) == bool(said)
            found.append((wire.register(PC), wire.register(5)))
        assert found == list(zip(pcs, handled, strict=True))
