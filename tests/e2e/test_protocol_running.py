"""A machine that runs while a raw client waits: what stops it, and what it is told."""

import guests
import pytest
from guests import LOOP
from wire import PC, Wire, stopped_at


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
    assert "tick 100\n  instructions  100 executed" in wire.command("time")


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
    run = boot(guests.LOOPS)
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
    run = boot(guests.LOOPS)
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
        assert "tick 0\n  instructions  2 executed" in wire.command("time")


def test_a_flash_is_in_the_nvram_file_as_soon_as_it_is_done(boot, tmp_path):
    nvram = tmp_path / "nvram"
    run = boot(guests.LOOPS, "--nvram", nvram, "--memory", "64k")
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
