"""A run that cannot start: 125, one line that says why, and nothing touched or left behind."""

import os
import socket

import guests
import pytest
from running import Running, soclet

from machine.nvram import NvramError

SERIAL_FORMS = "stdio, tcp:[HOST:]PORT, telnet:[HOST:]PORT, unix:PATH, pty, file:PATH, none"


@pytest.fixture
def refused(here, tmp_path, monkeypatch):
    """Run what must be refused, with files that must not be touched; give the complaint."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    kept = {name: f"{name} as it was" for name in ("state.json", "serial.log", "console.txt")}
    for name, text in kept.items():
        (folder / name).write_text(text)

    def run(*words, serial="none", mentions=()):
        before = sorted(path.name for path in folder.iterdir())
        ended = here(
            "run", *words, "--serial", serial, "--state", "state.json", "--serial-log", "serial.log"
        )
        assert ended.status == 125
        assert ended.output == b""
        for name, text in kept.items():
            assert (folder / name).read_text() == text, name
        left = {path.name for path in folder.iterdir()} - set(before)
        assert not {name for name in left if not name.endswith(".lock")}
        for word in mentions:
            assert word in ended.complaint
        return ended.complaint

    return run


def test_an_image_that_is_not_there_is_named(refused):
    assert refused("nowhere.elf", mentions=["nowhere.elf", "No such file"])


def test_a_folder_is_no_image(refused, tmp_path):
    refused(tmp_path, mentions=["a directory"])


def test_an_empty_file_is_no_image(refused, tmp_path):
    (tmp_path / "empty.bin").touch()
    refused(tmp_path / "empty.bin", mentions=["empty.bin", "the file is empty"])


def test_text_of_no_known_kind_is_no_image(refused, tmp_path):
    (tmp_path / "notes.txt").write_text("buy milk\n")
    refused(tmp_path / "notes.txt", mentions=["notes.txt", "unknown kind"])


@pytest.mark.parametrize("length", [1, 4, 30, 52, 100, 200])
def test_a_truncated_elf_is_refused_wherever_it_was_cut(refused, hello, tmp_path, length):
    cut = tmp_path / "cut.elf"
    cut.write_bytes(hello.read_bytes()[:length])
    refused(cut, mentions=["cut.elf"])


def test_a_hex_file_with_a_wrong_checksum_is_refused(refused, tmp_path):
    (tmp_path / "wrong.hex").write_text(":0400000001020304F3\n:00000001FF\n")
    refused(tmp_path / "wrong.hex", mentions=["wrong.hex"])


def test_an_image_too_big_for_memory_is_refused_with_the_memory_that_would_do(refused, tmp_path):
    (tmp_path / "big.bin").write_bytes(bytes(16 << 10))
    refused(tmp_path / "big.bin", "--memory", "16k", mentions=["big.bin", "20480 bytes"])


def test_a_raw_image_loaded_below_memory_is_refused(refused, tmp_path):
    (tmp_path / "raw.bin").write_bytes(bytes(8))
    refused(tmp_path / "raw.bin", "--load-address", "0x800", mentions=["0x800", "0x1000"])


def test_an_unreadable_file_is_named(refused, tmp_path, monkeypatch, hello):
    # Root may read everything: what the system would say to others is said for it.
    secret = tmp_path / "secret.elf"
    secret.write_bytes(hello.read_bytes())
    secret.chmod(0)
    if os.geteuid() == 0:
        monkeypatch.setattr("toolchain.images.read_bytes", _denied)
    refused(secret, mentions=["secret.elf", "Permission denied"])


def _denied(_path):
    raise PermissionError(13, "Permission denied")


def test_every_assembly_error_is_a_line_with_its_place(here, tmp_path):
    source = tmp_path / "wrong.s"
    source.write_text("mov r0\nnop\nmov r99, 1\njump r0\n")
    ended = here("run", source, "--serial", "none")
    assert ended.status == 125
    lines = ended.errors.splitlines()
    assert [line.startswith(f"{source}:{n}:") for line, n in zip(lines, (1, 3, 4), strict=True)]
    assert all(line.startswith(f"{source}:") for line in lines)


def test_an_unknown_demo_is_refused_with_those_there_are(refused):
    complaint = refused("demo:nowhere", mentions=["demo:nowhere"])
    assert "echo-irq, echo-poll, hello, processes, timer" in complaint


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        (["--gibt-es-nicht"], ["--gibt-es-nicht"]),
        (["second.elf"], ["second.elf"]),
        (["--memory", "5"], ["--memory", "multiple of 4 KiB from 8 KiB to 2 GiB"]),
        (["--memory", "0"], ["--memory", "8 KiB"]),
        (["--memory", "4k"], ["8 KiB"]),
        (["--memory", "10000"], ["multiple of 4 KiB"]),
        (["--memory", "3G"], ["2 GiB"]),
        (["--memory", "much"], ["--memory", "'much' is not a number of bytes such as"]),
        (["--memory", "-1"], ["'-1' is not a number of bytes"]),
        (["--memory", "1T"], ["'1T' is not a number of bytes"]),
        (["--limit", "soon"], ["--limit", "'soon' is not a number of ticks such as"]),
        (["--limit", "-5"], ["'-5' is not a number of ticks"]),
        (["--limit", "1.5"], ["'1.5' is not a number of ticks"]),
        (["--byte-ticks", "x"], ["--byte-ticks", "'x' is not a number of ticks"]),
        (["--load-address", "here"], ["--load-address", "'here' is not an address"]),
        (["--clock", "fast"], ["--clock", "'virtual', 'paced'"]),
        (["--engine", "steam"], ["--engine", "'auto'"]),
        (["--halt"], ["--halt", "--gdb PORT"]),
        (["-S"], ["--gdb PORT"]),
        (["--gdb", "65536"], ["'65536'", "65535"]),
        (["--gdb", "port"], ["'port'"]),
        (["--gdb", ""], ["port"]),
        (["--gdb", "1:2:3"], ["'1:2:3' is no address"]),
        (["--gdb", "0.0.0.0:0"], ["0.0.0.0", "--allow-remote"]),
        (["--gdb", "no.such.host.invalid:0"], ["no.such.host.invalid"]),
        (["--gdb", "192.0.2.1:0", "--allow-remote"], ["192.0.2.1"]),
        (["--gdb", "4321", "-s"], ["-s is --gdb 1234"]),
        (["--nvram", "/nowhere/at/all"], ["/nowhere/at/all", "No such file"]),
        (["--state", "/nowhere/state"], ["/nowhere/state"]),
        (["--serial-log", "/nowhere/log"], ["/nowhere/log"]),
        (["--state", "."], ["cannot be written"]),
        (["--config", "/nowhere.toml"], ["/nowhere.toml: cannot be read: No such file"]),
    ],
)
def test_an_option_that_cannot_be_is_refused(here, hello, words, mentions):
    ended = here("run", hello, "--serial", "none", *words)
    assert (ended.status, ended.output) == (125, b"")
    for mention in mentions:
        assert mention in ended.complaint


@pytest.mark.parametrize(
    ("spec", "mentions"),
    [
        ("carrier-pigeon", ["'carrier-pigeon'", SERIAL_FORMS]),
        ("", [SERIAL_FORMS]),
        ("tcp", ["tcp:[HOST:]PORT"]),
        ("tcp:", ["tcp:[HOST:]PORT"]),
        ("tcp:70000", ["'70000'"]),
        ("tcp:0.0.0.0:0", ["0.0.0.0", "--allow-remote"]),
        ("unix:", ["unix:PATH"]),
        ("unix:/nowhere/at/all.sock", ["/nowhere/at/all.sock"]),
        ("file:/nowhere/at/all", ["/nowhere/at/all"]),
        ("file:", ["file:PATH"]),
        ("none:really", ["none"]),
    ],
)
def test_a_serial_line_that_cannot_be_is_refused(refused, hello, spec, mentions):
    refused(hello, serial=spec, mentions=mentions)


def test_no_image_at_all_is_said(here):
    ended = here("run")
    assert ended.status == 125
    assert "IMAGE" in ended.complaint


def test_a_dash_needs_an_nvram_file(refused):
    refused("-", mentions=["--nvram FILE"])


@pytest.mark.parametrize("kind", ["gdb", "serial"])
def test_a_port_in_use_is_said_with_what_would_be_right(refused, hello, kind):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        where = ["--gdb", str(port)] if kind == "gdb" else []
        serial = f"tcp:{port}" if kind == "serial" else "none"
        refused(hello, *where, serial=serial, mentions=[f"127.0.0.1:{port} is in use", "0 for"])


def test_a_gdb_port_in_use_is_found_before_the_serial_lines_file_is_emptied(refused, hello):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused(hello, "--gdb", port, serial="file:console.txt", mentions=["in use"])


def test_a_serial_line_is_refused_before_anything_is_said_of_gdbs(refused, hello):
    refused(hello, "--gdb", "0", serial="tcp", mentions=["tcp:[HOST:]PORT"])


def test_an_nvram_file_of_another_size_is_refused_and_kept(refused, hello, tmp_path):
    nvram = tmp_path / "nvram.bin"
    nvram.write_bytes(b"\x5a" * (64 << 10))
    refused(hello, "--nvram", nvram, "--memory", "128k", mentions=["65536", "--memory 65536"])
    assert nvram.read_bytes() == b"\x5a" * (64 << 10)


def test_a_file_that_is_no_nvram_is_called_that(refused, hello, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("buy milk\n")
    refused(hello, "--nvram", notes, mentions=["notes.txt: not an NVRAM file"])
    assert notes.read_text() == "buy milk\n"


def test_an_image_too_big_for_the_nvram_file_is_refused_and_the_file_kept(refused, tmp_path):
    nvram, big = tmp_path / "nvram.bin", tmp_path / "big.bin"
    nvram.write_bytes(b"\x5a" * (8 << 10))
    big.write_bytes(bytes(8 << 10))
    refused(big, "--nvram", nvram, mentions=["big.bin", "memory ends at 0x1fff"])
    assert nvram.read_bytes() == b"\x5a" * (8 << 10)


def test_an_nvram_file_that_a_machine_has_is_refused_and_its_log_goes_on(guest, tmp_path):
    image, nvram, log = guest(guests.SPINS), tmp_path / "nvram", tmp_path / "log"
    log.write_text("of the machine that runs")
    words = ("run", image, "--nvram", nvram, "--serial")
    with Running(*words, "tcp:0") as first:
        first.port("serial")
        second = soclet(*words, "none", "--serial-log", log)
        assert second.status == 125
        assert second.complaint == (
            f"soclet: {nvram}: in use by another machine: stop that one first"
        )
        assert log.read_text() == "of the machine that runs"


def test_an_nvram_file_that_cannot_be_written_ends_the_run_in_a_line(
    here, guest, tmp_path, monkeypatch
):
    def full(_nvram, _memory):
        raise NvramError(f"{tmp_path}/nvram: No space left on device")

    monkeypatch.setattr("machine.nvram.Nvram.commit", full)
    ended = here("run", guest(guests.SENDS), "--nvram", tmp_path / "nvram", "--serial", "none")
    assert ended.status == 125
    assert ended.complaint.endswith("No space left on device")


def test_a_full_disk_under_the_serial_log_ends_the_run_in_a_line(here, hello):
    ended = here("run", hello, "--serial", "none", "--serial-log", "/dev/full")
    assert ended.status == 125
    assert ended.complaint == "soclet: /dev/full: cannot be written: No space left on device"
