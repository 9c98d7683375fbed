"""Memory as flash: the map that the real gdb reads, what it does then, and flashing by packets."""

import guests
import pytest
from running import build
from wire import Wire

from toolchain.assembler import assemble

OTHER = guests.LOOPS.replace("mov r0, 1", "mov r0, 5")
CODE = assemble("main.s", guests.LOOPS).segments[0].data
OTHER_CODE = assemble("main.s", OTHER).segments[0].data
IN_RAM = "0x00000000 0x100000000 rw"
AS_FLASH = "0x00001000 0x00100000 flash blocksize 0x1000"


def reconnect(run, gdb):
    gdb.ask("disconnect")
    gdb.attach(run.port("gdb"))


@pytest.fixture
def flashing(debug, tmp_path):
    """A machine with NVRAM, and a gdb to which its memory is flash."""
    nvram = tmp_path / "nvram"
    run, gdb = debug(guests.LOOPS, "--nvram", nvram)
    gdb.ask("monitor memory-map flash")
    reconnect(run, gdb)
    return gdb, nvram


def test_memory_is_ram_unless_said_otherwise(debug):
    _, gdb = debug(guests.LOOPS)
    assert IN_RAM in gdb.ask("info mem")
    assert "is told that memory is ram\n" in gdb.ask("monitor memory-map")


def test_the_choice_is_for_who_connects_next_and_outlives_the_client(debug, gdb):
    run, first = debug(guests.LOOPS)
    assert "connects from now on is told that memory is flash" in first.ask(
        "monitor memory-map flash"
    )
    # This gdb has read the map already, and has no command to read it again.
    first.ask("mem auto")
    assert IN_RAM in first.ask("info mem")
    reconnect(run, first)
    assert AS_FLASH in first.ask("info mem")
    first.ask("detach")
    second = gdb(run.image)
    second.attach(run.port("gdb"))
    shown = second.ask("info mem")
    assert AS_FLASH in shown
    assert "0x00000000 0x00001000 rw" in shown
    assert "0x00100000 0x100000000 rw" in shown
    second.ask("monitor memory-map ram")
    reconnect(run, second)
    assert IN_RAM in second.ask("info mem")


def test_run_in_extended_mode_reads_the_map_anew(boot, gdb):
    run = boot(guests.LOOPS)
    debugger = gdb(run.image)
    debugger.ask(f"target extended-remote 127.0.0.1:{run.port('gdb')}")
    debugger.ask("monitor memory-map flash")
    debugger.ask("break loop")
    debugger.ask("run")
    assert AS_FLASH in debugger.ask("info mem")


def test_load_flashes_and_the_file_has_it_at_once(flashing, tmp_path):
    gdb, nvram = flashing
    assert nvram.read_bytes()[0x1000:].startswith(CODE)
    gdb.ask(f"file {build(tmp_path / 'other.elf', OTHER)}")
    gdb.ask("set debug remote 1")
    said = gdb.ask("load")
    gdb.ask("set debug remote 0")
    for packet in ("vFlashErase:00001000,00001000", "vFlashWrite:1000:", "vFlashDone"):
        assert f"Sending packet: ${packet}" in said
    assert nvram.read_bytes()[0x1000:].startswith(OTHER_CODE)
    assert "matched" in gdb.ask("compare-sections")
    gdb.ask("break loop")
    assert "Breakpoint 1, loop" in gdb.ask("continue")
    assert gdb.number("$r0") == 7


def test_breakpoints_are_hardware_s_and_variables_are_not_written(flashing):
    gdb, _ = flashing
    gdb.ask("break loop")
    assert "Breakpoint 1, loop" in gdb.ask("continue")
    assert "Breakpoint 1, loop" in gdb.ask("continue")
    gdb.ask("stepi")
    assert "Writing to flash memory forbidden in this context" in gdb.ask(
        "set var *(int *)0x2000 = 5"
    )
    assert gdb.number("*(int *)0x2000") == 0
    # Registers, ports and what lies above memory are reached as before.
    gdb.ask("set var $r5 = 9")
    assert gdb.number("$r5") == 9
    assert gdb.number("*(int *)0x28") == 1 << 20
    nowhere = gdb.ask("set var *(int *)0x20000000 = 5")
    assert "Cannot access memory at address 0x20000000" in nowhere


# Packets, as other clients send them


@pytest.fixture
def flasher(boot, tmp_path):
    """A raw client of a machine that keeps its memory in a file."""
    nvram = tmp_path / "nvram"
    with Wire(boot(guests.LOOPS, "--nvram", nvram).port("gdb")) as wire:
        wire.ask(b"qSupported:error-message+")
        yield wire, nvram


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (b"vFlashWrite:2000:abcd", b"E.flash at 0x2000 is written without being erased before"),
        (b"vFlashErase:2004,1000", b"E.flash is erased in whole blocks of 0x1000 bytes"),
        (b"vFlashErase:2000,10", b"E.flash is erased in whole blocks of 0x1000 bytes"),
        (b"vFlashErase:0,1000", b"E.memtype"),
        (b"vFlashErase:ff000,2000", b"E.memtype"),
        (b"vFlashWrite:100000:abcd", b"E.memtype"),
    ],
)
def test_what_is_wrong_with_flashing_is_told_in_words_and_nothing_is_done(flasher, packet, told):
    wire, nvram = flasher
    before = nvram.read_bytes()
    assert wire.ask(packet).startswith(told)
    assert wire.ask(b"vFlashDone") == b"OK"
    assert nvram.read_bytes() == before


def test_all_is_done_at_once_and_the_file_has_it(flasher):
    wire, nvram = flasher
    before = nvram.read_bytes()
    assert wire.ask(b"vFlashErase:8000,2000") == b"OK"
    assert wire.ask(b"vFlashWrite:8004:abcd") == b"OK"
    assert wire.ask(b"vFlashWrite:8002:ab").startswith(b"E.flash at 0x8002 is written out of order")
    assert wire.ask(b"m8000,8") == b"0" * 16
    assert nvram.read_bytes() == before
    assert wire.ask(b"vFlashDone") == b"OK"
    assert wire.ask(b"m8000,a") == b"ffffffff" + b"abcd".hex().encode() + b"ffff"
    flashed = b"\xff" * 4 + b"abcd" + b"\xff" * 0x1FF8
    assert nvram.read_bytes() == before[:0x8000] + flashed + before[0xA000:]


def test_where_the_file_cannot_be_written_that_is_told(flasher):
    wire, nvram = flasher
    nvram.with_name("nvram.journal").mkdir()
    wire.ask(b"vFlashErase:8000,1000")
    assert wire.ask(b"vFlashDone") == (
        f"E.memory is flashed, but not the NVRAM file: {nvram}: Is a directory".encode()
    )


def test_without_a_file_memory_is_flashed_all_the_same(boot):
    with Wire(boot(guests.LOOPS).port("gdb")) as wire:
        assert wire.ask(b"vFlashErase:8000,1000") == b"OK"
        assert wire.ask(b"vFlashWrite:8000:abcd") == b"OK"
        assert wire.ask(b"vFlashDone") == b"OK"
        assert wire.ask(b"m8000,5") == b"61626364ff"
