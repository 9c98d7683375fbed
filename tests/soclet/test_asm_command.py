"""`soclet asm` and `soclet dis`."""

import stat

import guests
import pytest
from running import DEMOS

from toolchain.images import load_image

SOURCE = guests.powers_off(7)
WRONG = "mov r0\nnop\nmov r99, 1\njump r0\n"


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "prog.s"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("name", ["prog.elf", "prog.hex", "prog.srec", "prog.bin", "prog"])
def test_an_image_is_written_as_its_name_says(here, source, name):
    assert here("asm", source, "-o", name).status == 0
    data = source.with_name(name).read_bytes()
    starts = {"prog.hex": b":", "prog.srec": b"S", "prog.bin": b"\x01\x00\x00\x00\x07"}
    assert data.startswith(starts.get(name, b"\x7fELF"))
    assert here("run", name, "--serial", "none").status == 7 or name == "prog"


def test_the_image_goes_beside_the_source_unless_said_otherwise(here, source):
    ended = here("asm", source)
    assert (ended.status, ended.output, ended.errors) == (0, b"", "")
    assert source.with_suffix(".elf").read_bytes().startswith(b"\x7fELF")


def test_a_demo_is_assembled_into_the_folder_one_is_in(here, source):
    assert here("asm", "demo:timer").status == 0
    assert source.with_name("timer.elf").read_bytes().startswith(b"\x7fELF")
    assert "no such demo" in here("asm", "demo:nope").complaint


def test_the_listing_has_addresses_bytes_and_source(here, source):
    assert here("asm", source, "--listing", "prog.lst").status == 0
    listing = source.with_name("prog.lst").read_text()
    line = next(line for line in listing.splitlines() if "mov [r1], r0" in line)
    assert "1010" in line
    assert "04" in line


def test_every_error_is_told_in_one_run_and_nothing_is_written(here, source):
    source.write_text(WRONG)
    for name in ("prog.elf", "prog.lst"):
        source.with_name(name).write_text("as it was")
    ended = here("asm", "prog.s", "-o", "prog.elf", "--listing", "prog.lst")
    assert (ended.status, ended.output) == (1, b"")
    places = [line.split(": ")[0].rpartition(":")[0] for line in ended.errors.splitlines()]
    assert places == ["prog.s:1", "prog.s:3", "prog.s:4"]
    assert sorted(path.name for path in source.parent.iterdir()) == [
        "prog.elf",
        "prog.lst",
        "prog.s",
    ]
    for name in ("prog.elf", "prog.lst"):
        assert source.with_name(name).read_text() == "as it was"


@pytest.mark.parametrize(
    "words",
    [
        ["-o", "/nowhere/x.elf"],
        ["-o", "folder"],
        ["-o", "prog.elf", "--listing", "/nowhere/x.lst"],
        ["-o", "prog.elf", "--listing", "folder"],
        ["-o", "prog.elf", "--listing", "prog.s"],
        ["-o", "prog.s"],
        ["-o", "other.asm"],
    ],
)
def test_where_one_output_cannot_be_written_none_is(here, source, words):
    (source.parent / "folder").mkdir()
    ended = here("asm", "prog.s", *words)
    assert ended.status == 1
    assert words[-1] in ended.complaint
    assert source.read_text() == SOURCE
    assert sorted(path.name for path in source.parent.iterdir()) == ["folder", "prog.s"]


def test_a_source_that_is_not_there_is_named(here, tmp_path):
    ended = here("asm", tmp_path / "nowhere.s")
    assert ended.status == 1
    assert "nowhere.s" in ended.complaint
    assert not list(tmp_path.iterdir())


def test_a_folder_or_an_image_is_no_source(here, source, hello):
    assert here("asm", source.parent).status == 1
    ended = here("asm", hello, "-o", "x.elf")
    assert ended.status == 1
    assert "hello.elf" in ended.complaint


def test_a_device_is_written_to_and_stays_one(here, source):
    assert here("asm", source, "-o", "/dev/null").status == 0
    assert stat.S_ISCHR((source.parent / "/dev/null").stat().st_mode)


def test_an_image_keeps_its_permissions_and_a_link_stays_one(here, source):
    real, link = source.with_name("real.elf"), source.with_name("link.elf")
    real.touch(0o600)
    link.symlink_to(real)
    assert here("asm", source, "-o", link).status == 0
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert real.read_bytes().startswith(b"\x7fELF")


@pytest.mark.parametrize(
    ("words", "mentions"),
    [
        (["asm"], "SOURCE"),
        (["asm", "a.s", "b.s"], "b.s"),
        (["asm", "a.s", "--fast"], "--fast"),
        (["dis"], "IMAGE"),
        (["dis", "a.elf", "--fast"], "--fast"),
        (["dis", "a.elf", "--load-address", "x"], "--load-address"),
        (["flash"], "IMAGE"),
        (["flash", "a.elf"], "--nvram"),
        (["flash", "a.elf", "--nvram", "x", "--memory", "y"], "--memory"),
        (["isa", "--format", "papyrus"], "--format"),
        (["isa", "extra"], "extra"),
        (["new"], "DIR"),
        (["walk"], "walk"),
        (["--fast"], "--fast"),
        ([], "command"),
    ],
)
def test_a_sub_command_that_is_used_wrongly_ends_with_2_and_a_hint(here, words, mentions):
    ended = here(*words)
    assert (ended.status, ended.output) == (2, b"")
    assert mentions in ended.complaint
    assert "--help" in ended.complaint


@pytest.mark.parametrize("name", ["hello", "echo-irq", "timer"])
def test_what_is_disassembled_assembles_again_to_the_same_bytes(here, tmp_path, name):
    ended = here("dis", f"demo:{name}")
    assert ended.status == 0
    again = tmp_path / "again.s"
    again.write_bytes(ended.output)
    assert here("asm", again, "-o", tmp_path / "again.elf").status == 0
    first = load_image(DEMOS / name / f"{name}.s")
    second = load_image(tmp_path / "again.elf")
    assert memory_of(second) == memory_of(first)


def memory_of(image):
    memory = {}
    for segment in image.segments:
        for offset, byte in enumerate(segment.data):
            memory[segment.address + offset] = byte
    return memory


def test_a_raw_image_is_disassembled_where_it_would_be_loaded(here, source):
    here("asm", source, "-o", "prog.bin")
    assert "2000" in here("dis", "prog.bin", "--load-address", "0x2000").output.decode()


@pytest.mark.parametrize(
    ("image", "mention"),
    [("nowhere.elf", "nowhere.elf"), ("demo:nowhere", "no such demo"), (".", "a directory")],
)
def test_what_cannot_be_disassembled_is_said(here, image, mention):
    ended = here("dis", image)
    assert (ended.status, ended.output) == (1, b"")
    assert mention in ended.complaint


def test_a_truncated_elf_cannot_be_disassembled(here, hello, tmp_path):
    (tmp_path / "cut.elf").write_bytes(hello.read_bytes()[:60])
    ended = here("dis", tmp_path / "cut.elf")
    assert ended.status == 1
    assert "cut.elf" in ended.complaint
