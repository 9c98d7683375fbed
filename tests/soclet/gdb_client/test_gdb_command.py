"""`soclet gdb` with something in gdb's place that only writes down how it was called."""

import json
import os
import signal
import subprocess

import guests
import pytest
from running import DEADLINE, SOCLET, Running, soclet

from machine.machine import Machine
from soclet.__main__ import COMMANDS
from soclet.__main__ import soclet as front_door
from soclet.capsule.saved import SavedMachine

NOTES = """#!/bin/sh
{
    for word; do printf '%s\\n' "$word"; done
} >"$NOTES"
ps -ww -o pid=,pgid=,args= -e >"$NOTES.processes"
for word; do case $word in *.py | *.elf) cp "$word" "$NOTES.${word##*.}" ;; esac; done
[ -z "$BLOCKS" ] || exec sleep 1000
exit "${STATUS:-0}"
"""


@pytest.fixture
def noted(tmp_path):
    """Run `soclet gdb`; give how it ended, and the words that gdb was given."""
    program = tmp_path / "fake-gdb"
    program.write_text(NOTES)
    program.chmod(0o755)
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    environment = {
        **os.environ,
        "SOCLET_GDB": str(program),
        "NOTES": str(tmp_path / "notes"),
        "TMPDIR": str(scratch),
    }

    def run(*words, **variables):
        ended = soclet("gdb", *words, env={**environment, **variables})
        notes = tmp_path / "notes"
        return ended, notes.read_text().splitlines() if notes.exists() else None

    run.environment = environment
    run.scratch = scratch
    return run


def test_an_elf_file_is_gdbs_too(noted, guest, tmp_path):
    image = guest(guests.SPINS)
    ended, words = noted(image)
    assert ended.status == 0
    assert words[:2] == ["-q", "-x"]
    assert words[3] == str(image)
    assert words[4] == "-ex"
    assert words[5].startswith("target extended-remote 127.0.0.1:")
    assert len(words) == 6
    assert "def _soclet_client" in (tmp_path / "notes.py").read_text()


def test_a_source_and_a_demo_are_assembled(noted, tmp_path):
    source = tmp_path / "mine.s"
    source.write_text(guests.SPINS)
    for image, name in ((source, "mine.elf"), ("demo:hello", "hello.elf")):
        _, words = noted(image)
        assert words[3].endswith(f"/{name}")
        assert (tmp_path / "notes.elf").read_bytes().startswith(b"\x7fELF")
    assert not source.with_suffix(".elf").exists()


def test_other_images_have_no_symbols(noted, tmp_path):
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes.fromhex("0110000000100000"))
    _, words = noted(raw)
    assert words[3] == "-ex"
    soclet("flash", raw, "--nvram", tmp_path / "nvram")
    _, words = noted("-", "--nvram", tmp_path / "nvram")
    assert words[3] == "-ex"


def test_words_after_two_dashes_are_gdbs(noted, guest):
    _, words = noted(guest(guests.SPINS), "--memory", "64k", "--", "-batch", "--nvram", "--", "x")
    assert words[6:] == ["-batch", "--nvram", "--", "x"]


def test_the_exit_status_is_gdbs(noted, guest):
    ended, _ = noted(guest(guests.SPINS), STATUS="7")
    assert ended.status == 7


def test_the_serial_line_is_told_and_nothing_else(noted, guest):
    ended, _ = noted(guest(guests.SPINS))
    assert ended.complaint.startswith("serial: listening on 127.0.0.1:")
    ended, _ = noted(guest(guests.SPINS), "--serial", "none")
    assert ended.errors == ""
    ended, _ = noted(guest(guests.SPINS), "--serial", "pty")
    assert ended.complaint.startswith("serial: pty /dev/")


def test_the_machine_is_a_process_group_of_its_own(noted, guest, tmp_path):
    noted(guest(guests.SPINS))
    lines = (tmp_path / "notes.processes").read_text().splitlines()
    groups = [line.split()[:2] for line in lines if " gdb " in line and str(tmp_path) in line]
    front, machine = sorted(groups, key=lambda pair: int(pair[0]))
    assert machine[0] == machine[1]
    assert front[1] != machine[1]


def test_the_machine_ends_as_interrupted_and_nothing_stays(noted, guest, tmp_path):
    state = tmp_path / "state.json"
    ended, _ = noted(guest(guests.SPINS), "--state", state)
    assert ended.status == 0
    assert json.loads(state.read_text())["ended"] == "interrupted"
    assert list(noted.scratch.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_the_front_ends_all(noted, guest, tmp_path, number):
    state = tmp_path / "state.json"
    environment = {**noted.environment, "BLOCKS": "1"}
    with Running("gdb", guest(guests.SPINS), "--state", state, env=environment) as run:
        run.port("serial")
        while not (tmp_path / "notes.elf").exists():
            assert run.process.poll() is None
        run.send_signal(number)
        assert run.wait().status == 128 + number
    assert json.loads(state.read_text())["ended"] == "interrupted"
    assert list(noted.scratch.iterdir()) == []


def test_ctrl_c_is_gdbs_affair(noted, guest, tmp_path):
    environment = {**noted.environment, "BLOCKS": "1"}
    with Running("gdb", guest(guests.SPINS), env=environment) as run:
        run.port("serial")
        while not (tmp_path / "notes.elf").exists():
            assert run.process.poll() is None
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGTERM)
        assert run.wait().status == 128 + signal.SIGTERM


def test_a_killed_front_leaves_no_machine_behind(noted, guest, tmp_path):
    state = tmp_path / "state.json"
    environment = {**noted.environment, "BLOCKS": "1"}
    with Running("gdb", guest(guests.SPINS), "--state", state, env=environment) as run:
        run.port("serial")
        while not (tmp_path / "notes.elf").exists():
            assert run.process.poll() is None
        os.killpg(run.process.pid, signal.SIGKILL)
        run.wait()
        subprocess.run(
            ["sh", "-c", f"until [ -s {state} ]; do sleep 0.05; done"], check=True, timeout=DEADLINE
        )


@pytest.mark.parametrize(
    ("words", "status", "mention"),
    [
        (["none.elf"], 1, "none.elf: cannot be read"),
        (["none.s"], 1, "none.s: cannot be read"),
        (["demo:none"], 1, "no such demo"),
        (["-"], 1, "give --nvram FILE too"),
        (["demo:hello", "--serial", "stdio"], 1, "the terminal is gdb's"),
        (["demo:hello", "--serial", "bogus"], 1, "is no serial line"),
        (["demo:hello", "--gdb", "0.0.0.0:0"], 1, "--allow-remote"),
        (["demo:hello", "--bogus"], 2, "No such option"),
        (["demo:hello", "-batch"], 2, "No such option"),
        ([], 2, "Missing argument 'IMAGE'"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(noted, words, status, mention):
    ended, called = noted(*words)
    assert ended.status == status
    assert mention in ended.complaint
    assert called is None


def test_a_source_that_is_wrong_is_told_as_by_asm(noted, tmp_path):
    source = tmp_path / "wrong.s"
    source.write_text("        bogus r0\n")
    ended, called = noted(source)
    assert ended.status == 1
    assert ended.complaint.startswith(f"{source}:1:9: ")
    assert called is None


# Which gdb


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def only(tmp_path, monkeypatch):
    """A PATH with nothing else on it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("SOCLET_GDB", raising=False)
    return folder


def test_gdb_multiarch_comes_first_then_a_gdb_that_knows_arm(only):
    from soclet.gdb_client import debugger

    program(only, "gdb", "exit 0")
    assert debugger.find() == str(only / "gdb")
    program(only, "gdb-multiarch", "exit 0")
    assert debugger.find() == str(only / "gdb-multiarch")


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        (None, "there is no gdb here: install gdb-multiarch"),
        ("echo 'Undefined item: \"arm\".' >&2; exit 1", "knows its own machine only"),
    ],
)
def test_where_none_will_do_it_says_what_would(only, here, text, mention):
    if text:
        program(only, "gdb", text)
    ended = here("gdb", "demo:hello")
    assert ended.status == 1
    assert mention in ended.complaint


def test_a_gdb_that_is_named_is_taken(only, monkeypatch, here):
    program(only, "gdb-multiarch", "exit 0")
    monkeypatch.setenv("SOCLET_GDB", "none-such")
    ended = here("gdb", "demo:hello")
    assert ended.status == 1
    assert "SOCLET_GDB is 'none-such'" in ended.complaint


# Its options


def test_its_options_are_runs():
    def options(name):
        params = front_door.get_command(None, name).params
        return {
            param.name: (param.opts, param.help if param.name != "serial" else None)
            for param in params
            if param.param_type_name == "option"
        }

    assert "gdb" in COMMANDS
    assert options("gdb") == options("run")


def test_a_configuration_file_is_runs(noted, guest, tmp_path):
    config = tmp_path / "soclet.toml"
    config.write_text('[run]\nserial = "none"\n')
    ended, words = noted(guest(guests.SPINS), "--config", config)
    assert (ended.status, ended.errors) == (0, "")
    assert words[5].startswith("target extended-remote")


def test_help_tells_where_gdbs_own_words_go():
    done = subprocess.run([*SOCLET, "gdb", "--help"], capture_output=True, text=True, check=True)
    assert "[-- GDB-ARGUMENTS]" in done.stdout
    assert "[default: tcp:0]" in done.stdout


def test_a_saved_machine_needs_no_image(noted, tmp_path):
    path = tmp_path / "saved"
    SavedMachine.of(Machine(0x2000)).save(path)
    ended, words = noted("--restore", path)
    assert ended.status == 0
    assert words[3] == "-ex"
