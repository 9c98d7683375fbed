"""What `soclet run` runs: every kind of image, shipped demos, where raw bytes go."""

import guests
import pytest
from running import DEMOS, ROOT, soclet

from toolchain.assembler import assemble
from toolchain.writers import write_image

HELLO = b"Hello from soclet!\n"


@pytest.mark.parametrize("kind", ["elf", "hex", "srec", "bin"])
def test_hello_prints_its_line_as_an_image_of_any_kind(tmp_path, kind):
    image = tmp_path / f"hello.{kind}"
    write_image(assemble(DEMOS / "hello" / "hello.s"), image)
    ended = soclet("run", image)
    assert (ended.status, ended.output, ended.errors) == (0, HELLO, "")


def test_hello_prints_its_line_from_its_source(tmp_path):
    ended = soclet("run", DEMOS / "hello" / "hello.s", cwd=tmp_path)
    assert (ended.status, ended.output, ended.errors) == (0, HELLO, "")


@pytest.mark.parametrize(
    "folder", sorted(DEMOS.glob("*/expected.txt")), ids=lambda p: p.parent.name
)
def test_every_demo_prints_what_it_must(folder, tmp_path):
    typed = folder.with_name("input.txt")
    data = typed.read_bytes() if typed.exists() else b""
    ended = soclet("run", f"demo:{folder.parent.name}", typed=data, cwd=tmp_path)
    assert ended.status == 0, ended.errors
    assert ended.output.replace(b"\r\n", b"\n") == folder.read_bytes().replace(b"\r\n", b"\n")


def test_an_images_kind_is_found_by_what_it_holds(here, guest, tmp_path):
    image = tmp_path / "firmware"
    image.write_bytes(guest(guests.powers_off(7)).read_bytes())
    assert here("run", image, "--serial", "none").status == 7


def test_a_raw_image_goes_to_the_load_address(here, tmp_path):
    code = assemble("x.s", guests.powers_off(7)).segments[0].data
    raw = tmp_path / "raw.bin"
    raw.write_bytes(bytes(0x100) + code)
    # 256 bytes of zeros before the code: at 0x1000 they are illegal instructions.
    assert here("run", raw, "--serial", "none").status == 126
    raw.write_bytes(code)
    assert here("run", raw, "--serial", "none", "--load-address", "0x1000").status == 7
    assert here("run", raw, "--serial", "none", "--load-address", "0x2000").status == 126


def test_an_image_that_just_fits_runs(here, tmp_path):
    code = assemble("x.s", guests.powers_off(7)).segments[0].data
    raw = tmp_path / "raw.bin"
    raw.write_bytes(code + bytes((8 << 10) - 0x1000 - len(code)))
    assert here("run", raw, "--serial", "none", "--memory", "8k").status == 7


def test_the_guest_finds_the_size_of_its_memory(here, guest):
    reads_size = """
        mov r0, 0x28
        mov r0, [r0]
        mov r1, 0x1000
        div r0, r1
        mov r1, 0x20
        mov [r1], r0
    """
    image = guest(reads_size)
    assert here("run", image, "--serial", "none", "--memory", "64k").status == 16
    assert here("run", image, "--serial", "none").status == 256 & 0xFF
    assert here("run", image, "--serial", "none", "--memory", "2G").status == (2 << 18) & 0xFF


def test_the_demos_are_where_an_installed_package_has_them():
    settings = (ROOT / "pyproject.toml").read_text()
    assert '"firmware" = "soclet/demos"' in settings
