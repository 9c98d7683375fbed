"""Images are written whole, in the format that the name asks for, or not at all."""

import os
import stat
from pathlib import Path

import pytest

from toolchain.assembler import assemble
from toolchain.images import ImageError, load_image
from toolchain.writers import encode_image, write_image

SOURCE = "nop\n.data\n.org 0x1100\nx: .word 1, 2\n"


@pytest.mark.parametrize("name", ["x.elf", "x.hex", "x.srec", "x.s19", "x.ihex", "x", "x.out"])
def test_what_is_written_reads_back(tmp_path, name):
    program = assemble("t.s", SOURCE)
    write_image(program, tmp_path / name)
    image = load_image(tmp_path / name)
    assert image.entry == 0x1000
    assert [(s.address, s.data) for s in image.segments] == [
        (s.address, s.data) for s in program.segments
    ]


def test_a_raw_file_has_zeros_between_segments():
    data = encode_image(assemble("t.s", SOURCE), "x.bin")
    assert data == assemble("t.s", "nop").segments[0].data + bytes(0xF8) + bytes(
        [1, 0, 0, 0, 2, 0, 0, 0]
    )
    assert load_image(data).segments[0].data == data


def test_an_image_can_be_written_in_another_format(tmp_path):
    image = assemble("t.s", SOURCE).image()
    for name in ("x.hex", "x.srec", "x.bin"):
        write_image(image, tmp_path / name)
        assert load_image(tmp_path / name).segments[0].address == 0x1000
    with pytest.raises(ImageError, match="cannot be made an ELF file; assemble it"):
        write_image(image, tmp_path / "x.elf")
    assert not (tmp_path / "x.elf").exists()


@pytest.mark.parametrize(
    ("source", "name", "expected"),
    [
        (".org 0x2000\nnop", "x.bin", "t.s: begins at 0x2000, but a raw file says nothing of"),
        ("nop\n.org 0x70000000\nnop", "x.bin", "t.s: 1879044088 bytes of nothing before"),
        ("", "x.bin", "t.s: nothing to write"),
        ("nop", "x.s", "x.s: the name of an assembly source; write to .elf, .hex or .bin"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, source, name, expected):
    with pytest.raises(ImageError) as caught:
        write_image(assemble("t.s", source), tmp_path / name)
    assert str(caught.value).startswith(expected)
    assert list(tmp_path.iterdir()) == []


def test_the_same_program_gives_the_same_files():
    for name in ("x.elf", "x.hex", "x.srec", "x.bin"):
        assert encode_image(assemble("t.s", SOURCE), name) == encode_image(
            assemble("t.s", SOURCE), name
        )


def test_a_file_that_cannot_be_written_is_said_and_nothing_is_left(tmp_path):
    with pytest.raises(ImageError, match="cannot be written: No such file"):
        write_image(assemble("t.s", SOURCE), tmp_path / "nowhere" / "x.elf")
    (tmp_path / "folder.elf").mkdir()
    with pytest.raises(ImageError, match="cannot be written"):
        write_image(assemble("t.s", SOURCE), tmp_path / "folder.elf")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.elf"]


def test_a_file_that_was_there_is_replaced_whole_or_kept_whole(tmp_path, monkeypatch):
    path = tmp_path / "x.elf"
    path.write_bytes(b"old")
    path.chmod(0o640)

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(ImageError, match="No space left on device"):
            write_image(assemble("t.s", SOURCE), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_image(assemble("t.s", SOURCE), path)
    assert path.read_bytes() == assemble("t.s", SOURCE).elf()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_usual_permissions(tmp_path):
    before = os.umask(0o027)
    try:
        write_image(assemble("t.s", SOURCE), tmp_path / "x.elf")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.elf").stat().st_mode) == 0o640
