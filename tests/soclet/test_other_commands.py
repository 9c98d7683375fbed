"""`soclet flash`, `isa`, `new`, and the help of all of them."""

import importlib
import json
import shlex
import subprocess
import sys

import click
import guests
import pytest
from running import DEADLINE, SOCLET, soclet

from isa_spec.instructions import BASE
from isa_spec.manual import render
from soclet.__main__ import COMMANDS

SIZE = 64 << 10


@pytest.fixture
def nvram(tmp_path):
    return tmp_path / "nvram.bin"


# flash


def test_flash_makes_a_file_with_the_image_in_it(here, guest, nvram):
    image = guest(guests.powers_off(7))
    ended = here("flash", image, "--nvram", nvram, "--memory", "64k")
    assert (ended.status, ended.output, ended.errors) == (0, b"", "")
    assert nvram.stat().st_size == SIZE
    assert here("run", "-", "--nvram", nvram, "--serial", "none").status == 7


def test_flash_keeps_the_rest_of_the_file(here, guest, nvram):
    data = bytearray(b"\x5a" * SIZE)
    nvram.write_bytes(data)
    here("flash", guest(guests.powers_off(7)), "--nvram", nvram)
    after = nvram.read_bytes()
    assert len(after) == SIZE
    assert after[0x1000:0x1018] != data[0x1000:0x1018]
    assert after[0x1018:] == data[0x1018:]


@pytest.mark.parametrize("address", ["0x2000", "8192"])
def test_flash_puts_a_raw_image_where_it_is_told(here, tmp_path, nvram, address):
    (tmp_path / "raw.bin").write_bytes(b"\x01\x02\x03\x04")
    here("flash", tmp_path / "raw.bin", "--nvram", nvram, "--load-address", address)
    assert nvram.read_bytes()[0x2000:0x2004] == b"\x01\x02\x03\x04"


def test_flash_takes_demos(here, nvram):
    assert here("flash", "demo:hello", "--nvram", nvram).status == 0
    assert soclet("run", "-", "--nvram", nvram).output == b"Hello from soclet!\n"


@pytest.mark.parametrize(
    ("memory", "status", "mention"),
    [
        ("128k", 1, "give --memory 65536"),
        ("0", 2, "from 8 KiB"),
        ("5", 2, "a multiple of 4 KiB"),
        ("3G", 2, "to 2 GiB"),
    ],
)
def test_flash_refuses_another_size_and_touches_nothing(
    here, guest, nvram, memory, status, mention
):
    nvram.write_bytes(b"\x5a" * SIZE)
    ended = here("flash", guest(guests.powers_off(7)), "--nvram", nvram, "--memory", memory)
    assert ended.status == status
    assert mention in ended.complaint
    assert nvram.read_bytes() == b"\x5a" * SIZE
    assert not list(nvram.parent.glob("*.new"))


def test_flash_refuses_an_image_too_big_and_touches_nothing(here, tmp_path, nvram):
    nvram.write_bytes(b"\x5a" * (8 << 10))
    (tmp_path / "big.bin").write_bytes(bytes(8 << 10))
    ended = here("flash", tmp_path / "big.bin", "--nvram", nvram)
    assert ended.status == 1
    assert "big.bin" in ended.complaint
    assert nvram.read_bytes() == b"\x5a" * (8 << 10)


def test_flash_calls_a_file_that_is_no_nvram_that(here, guest, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("buy milk\n")
    ended = here("flash", guest(guests.powers_off(7)), "--nvram", notes)
    assert ended.status == 1
    assert "notes.txt: not an NVRAM file" in ended.complaint
    assert notes.read_text() == "buy milk\n"


def test_flash_tells_assembly_errors_and_makes_no_file(here, tmp_path, nvram):
    (tmp_path / "wrong.s").write_text("mov r0\nbad\n")
    ended = here("flash", tmp_path / "wrong.s", "--nvram", nvram)
    assert ended.status == 1
    assert len(ended.errors.splitlines()) == 2
    assert not nvram.exists()


def test_flash_tells_where_it_cannot_write(here, guest):
    ended = here("flash", guest(guests.powers_off(7)), "--nvram", "/nowhere/nvram")
    assert ended.status == 1
    assert "/nowhere/nvram" in ended.complaint


# isa


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_isa_shows_the_manual(here, form):
    ended = here("isa", "--format", form)
    assert (ended.status, ended.errors) == (0, "")
    assert ended.output.decode() == render(form)
    for row in BASE:
        assert row.syntax in ended.output.decode()
    if form == "json":
        json.loads(ended.output)


def test_isa_is_text_unless_said_otherwise(here):
    assert here("isa") == here("isa", "--format", "text")


def test_a_reader_that_has_seen_enough_is_no_error_to_talk_about():
    command = f"{shlex.join(SOCLET)} isa | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, timeout=DEADLINE)
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


# new


def test_new_makes_a_project_whose_own_test_passes(here, tmp_path):
    folder = tmp_path / "blinker"
    ended = here("new", folder)
    assert (ended.status, ended.errors) == (0, "")
    assert ended.output.decode() == f"made {folder}; try: soclet run {folder}/blinker.s\n"
    names = ["README.md", "blinker.s", "test_blinker.py"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert not [path for path in folder.iterdir() if "NAME" in path.read_text()]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    assert b"1 passed" in done.stdout


def test_new_takes_an_empty_folder_and_the_one_it_is_in(here, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    assert here("new", ".").status == 0
    assert (tmp_path / "mine" / "mine.s").exists()


def test_new_makes_the_folders_on_the_way(here, tmp_path):
    assert here("new", tmp_path / "a" / "b").status == 0
    assert (tmp_path / "a" / "b" / "b.s").exists()


def test_new_writes_into_no_folder_that_holds_anything(here, tmp_path):
    (tmp_path / "notes.txt").write_text("buy milk\n")
    ended = here("new", tmp_path)
    assert ended.status == 1
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["9lives", "a b", "a-b", "ä"])
def test_new_refuses_a_name_that_firmware_cannot_have(here, tmp_path, name):
    ended = here("new", tmp_path / name)
    assert ended.status == 1
    assert f"'{name}'" in ended.complaint
    assert not list(tmp_path.iterdir())


def test_new_tells_where_it_cannot_make_a_folder(here, tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "sub"):
        ended = here("new", folder)
        assert ended.status == 1
        assert "file" in ended.complaint


# help


@pytest.mark.parametrize("flag", ["--help", "-h"])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_mentions_every_option_with_a_sentence(here, name, flag):
    ended = here(name, flag)
    assert (ended.status, ended.errors) == (0, "")
    text = ended.output.decode()
    command = importlib.import_module(f"soclet.commands.{name.replace('-', '_')}").command
    assert text.startswith(f"Usage: soclet {name} ")
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, param.name
            for spelling in param.opts:
                assert spelling in text


def test_the_help_of_run_has_every_option_of_the_design_and_every_exit_status(here):
    text = here("run", "--help").output.decode()
    options = """--gdb -s -S --halt --serial --nvram --memory --load-address --clock --engine
        --limit --byte-ticks --serial-log --state --config --allow-remote"""
    for option in options.split():
        assert f"{option}" in text
    for status in ("124", "125", "126", "127", "130"):
        assert status in text


def test_the_help_of_soclet_lists_the_commands(here):
    text = here("--help").output.decode()
    assert {"run", "asm", "dis", "flash", "isa", "new", "gdb-script"} <= set(COMMANDS)
    for name, sentence in COMMANDS.items():
        assert f"  {name} " in text
        assert sentence in text


def test_the_version_is_told(here):
    ended = here("--version")
    assert ended.status == 0
    assert ended.output.startswith(b"soclet ")
