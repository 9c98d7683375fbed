"""What whoever has the debugger's port can do to the host's files: nothing outside --state-dir."""

import os
import sys
from pathlib import Path

import audited
import guests
import pytest
from audited import CHANGES, PROGRAMS
from rsp import binary
from running import ROOT, Running
from wire import Wire

import gdbstub.handlers  # noqa: F401 - it declares the packets
from gdbstub.registry import PACKETS
from soclet import monitor
from soclet.files import write_whole
from soclet.state_dir import StateDir

NAMES_A_FILE = (b"vFile:", b"qXfer:", b"vRun;", b"vAttach;")
MAKES_ALL_TABLES = (b"qXfer:osdata:read:",)
"""Packets that take a second each; one name will do."""
IN_STATES = "kept"
READ, CREATE = 0, 0x601
OWN = (ROOT, sys.prefix, sys.base_prefix)
"""Where Python and soclet themselves are read from."""


@pytest.fixture
def outside(tmp_path):
    """What must stay as it is, and links to it in the folder that commands may use."""
    outside, states = tmp_path / "outside", tmp_path / "states"
    (outside / "folder").mkdir(parents=True)
    (outside / "secret").write_text("secret")
    states.mkdir()
    (states / "to-secret").symlink_to(outside / "secret")
    (states / "to-nothing").symlink_to(outside / "made")
    (states / "to-folder").symlink_to(outside / "folder")
    (states / "up").symlink_to("..")
    (states / "to-device").symlink_to("/dev/full")
    return outside


def names(outside):
    yield from ("/etc/passwd", str(outside / "secret"), str(outside / "made"), "/dev/tcp/x/1")
    yield from ("../outside/secret", "../outside/made", "..", ".", "/", "a/b", "./x", "~", "~/x")
    yield from ("to-secret", "to-nothing", "to-folder", "to-folder/made", "up", "to-device")
    yield from (
        "|touch made",
        "`touch made`",
        "$(touch made)",
        "; touch made",
        "$HOME",
        "file:made",
    )


def snapshot(folder):
    return {
        path: path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))
    }


def packets(name):
    """Packets of every kind that names a file, with a name as it is and in hexadecimal digits."""
    hexed = name.encode().hex().encode()
    for packet in PACKETS:
        if packet in MAKES_ALL_TABLES and not name.startswith("/etc"):
            continue
        if packet.startswith(NAMES_A_FILE):
            yield packet + hexed
            yield from (packet + hexed + b",%x,1b6" % flags for flags in (READ, CREATE))
            yield packet + binary(name.encode()) + b":0,fff"


def test_no_command_and_no_packet_touches_a_file_outside_or_runs_a_program(guest, outside):
    folder = outside.parent
    guest(guests.SPINS)
    source, nvram, log = folder / "guest.s", folder / "memory", folder / "log"
    words = (source, "--gdb", "0", "-S", "--serial", "none", "--nvram", nvram, "--memory", "64k")
    assert {b"vFile:open:", b"qXfer:exec-file:read:", b"vRun;"} <= set(PACKETS)
    run = Audited(log, "run", *words, "--state-dir", folder / "states")
    with run, Wire(run.port("gdb")) as wire:
        before, started = snapshot(outside), len(audited.events(log))
        wire.no_acknowledgements()
        wire.ask(b"!")
        for command in monitor.COMMANDS:
            for name in names(outside):
                wire.command(f"{command} {name}")
        assert "saved at tick" in wire.command(f"save {IN_STATES}")
        for name in (*names(outside), str(source), str(source.with_suffix(".elf"))):
            for packet in packets(name):
                wire.ask(packet)
        happened = audited.events(log)[started:]
    assert snapshot(outside) == before
    assert not [event for event in happened if event[0] in PROGRAMS]
    opened = {Path(arguments[0]) for event, arguments in happened if event == "open"}
    changed = {Path(arguments[0]) for event, arguments in happened if event in CHANGES}
    states = {path for path in opened | changed if path.parent == folder / "states"}
    assert any(path.name.startswith(IN_STATES) for path in states), "what is done is not noted"
    allowed = {source, nvram, Path(f"{nvram}.journal")}
    strange = {path for path in opened if not any(path.is_relative_to(each) for each in OWN)}
    assert strange - states <= allowed
    assert changed - states <= allowed
    made = [path for path in (folder / "states").iterdir() if not path.is_symlink()]
    assert all(path.is_file() for path in made)


class Audited(Running):
    """A run whose openings are written to a log."""

    command = (sys.executable, str(Path(audited.__file__)))


def test_a_link_where_a_file_is_first_written_is_not_followed(outside):
    states = StateDir(outside.parent / "states")
    file = states.file("new")
    (states.path / f"new.{os.getpid()}.new").symlink_to(outside / "secret")
    write_whole(file, b"saved")
    assert file.read_bytes() == b"saved"
    assert (outside / "secret").read_text() == "secret"
