"""Where an address is in the program that is run: told while it is true, and not otherwise."""

import subprocess
import sys
from io import BytesIO

import pytest
from board import ALL
from elftools.elf.elffile import ELFFile

from isa_spec.registers import PTBR, STATUS
from machine.events import Flash, WriteMemory
from machine.machine import Machine
from soclet.source_map import SourceMap
from toolchain.assembler import assemble
from toolchain.elf import HEADER, SEGMENT
from toolchain.images import load_image

SOURCE = """
        .func start
        mov r0, 1
.Lhere: mov r1, 2
        .endfunc
        .func other
        mov r2, 3
        nop
        .endfunc
tail:   mov r3, 4
        jmp tail
        .data
number: .word 5
"""
KERNEL, VIRTUAL = 1, 2
TABLE, COPY = 0x3000, 0x5000


def loaded(image, size=0x10000):
    """Give a machine that holds an image, and its map."""
    machine = Machine(size)
    machine.flash((segment.address, segment.data) for segment in image.segments)
    return machine, SourceMap(machine, image)


def as_elf(text, name="main.s"):
    return load_image(assemble(name, text).elf(), name="main.elf")


@pytest.fixture(params=["assembly", "ELF"])
def image(request):
    if request.param == "ELF":
        return as_elf(SOURCE)
    return load_image(SOURCE.encode(), name="main.s")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (0x1000, "0x1000 <start>, main.s:3"),
        (0x1008, "0x1008 <start+8>, main.s:4"),
        (0x1010, "0x1010 <other>, main.s:7"),
        (0x1018, "0x1018 <other+8>, main.s:8"),
        (0x1020, "0x1020 <tail>, main.s:10"),
        (0x1028, "0x1028 <tail+8>, main.s:11"),
        (0x1030, "0x1030"),  # data
        (0x0, "0x0"),
        (0xFFFF_FFF8, "0xfffffff8"),
    ],
)
def test_an_address_has_the_functions_name_and_the_line(image, address, shown):
    _, places = loaded(image)
    assert places.show(address) == shown


def test_a_raw_image_has_numbers_only():
    image = load_image(as_elf(SOURCE).segments[0].data, name="main.bin")
    _, places = loaded(image)
    assert places.show(0x1000) == "0x1000"
    assert SourceMap(Machine()).show(0x1000) == "0x1000"


def test_lines_of_included_files_and_without_labels_are_told(tmp_path):
    (tmp_path / "part.inc").write_text("nop\nnop\n")
    (tmp_path / "main.s").write_text('nop\n.include "part.inc"\n')
    image = load_image(assemble(tmp_path / "main.s").elf(), name="main.elf")
    _, places = loaded(image)
    assert places.show(0x1000) == "0x1000, main.s:1"
    assert places.show(0x1010) == "0x1010, part.inc:2"


def test_an_elf_file_whose_lines_are_damaged_has_names_still():
    data = bytearray(assemble("main.s", SOURCE).elf())
    lines = ELFFile(BytesIO(data)).get_section_by_name(".debug_line")
    at, size = lines["sh_offset"], lines["sh_size"]
    data[at + 4 : at + size] = b"\xff" * (size - 4)
    _, places = loaded(load_image(bytes(data), name="main.elf"))
    assert places.show(0x1008) == "0x1008 <start+8>"


def test_what_the_guest_overwrote_loses_its_name_and_nothing_else_does(image):
    machine, places = loaded(image)
    machine.memory.store(0x1014, 77)
    assert places.show(0x1010) == "0x1010"
    assert places.show(0x1018) == "0x1018"
    assert places.show(0x1008) == "0x1008 <start+8>, main.s:4"


@pytest.mark.parametrize("flashed", [False, True])
def test_after_a_debugger_has_loaded_other_code_no_line_is_told(image, flashed):
    machine, places = loaded(image)
    assert places.show(0x1008) == "0x1008 <start+8>, main.s:4"
    event = Flash(((0x1020, b"\xff" * 8),)) if flashed else WriteMemory(0x1020, bytes(8))
    machine.post(event)
    assert places.show(0x1008) == "0x1008 <start+8>"
    assert places.show(0x1020) == "0x1020"


def test_loading_the_same_again_and_writing_data_change_nothing(image):
    machine, places = loaded(image)
    code = image.segments[0]
    machine.post(WriteMemory(code.address, code.data))
    machine.post(Flash(((0x1000, b"\xff" * 0x1000), (code.address, code.data))))
    machine.post(WriteMemory(0x1030, b"abcd"))
    assert places.show(0x1008) == "0x1008 <start+8>, main.s:4"


def test_another_address_space_has_no_names_of_this_one(image):
    machine, places = loaded(image)
    machine.memory.store(TABLE + 4, COPY | ALL)
    r = machine.cpu.r
    r[PTBR], r[STATUS] = TABLE | 1, KERNEL | VIRTUAL
    assert places.show(0x1008) == "0x1008"
    # But where it has the same code at the same address, that is it.
    machine.memory.write(COPY, image.segments[0].data)
    assert places.show(0x1008) == "0x1008 <start+8>, main.s:4"
    assert places.show_in(0x1008, KERNEL, 0) == "0x1008 <start+8>, main.s:4"


def test_a_kernel_that_has_lost_its_own_code_from_sight_is_named_all_the_same(image):
    machine, places = loaded(image)
    assert places.show_in(0x1008, KERNEL | VIRTUAL, TABLE | 1) == "0x1008 <start+8>, main.s:4"
    assert places.show_in(0x1008, VIRTUAL, TABLE | 1) == "0x1008"
    machine.memory.store(0x1000, 77)
    assert places.show_in(0x1008, KERNEL | VIRTUAL, TABLE | 1) == "0x1008"


def test_code_linked_to_run_elsewhere_is_named_where_it_runs():
    data = assemble("main.s", f".org 0x8000{SOURCE}").elf()
    shifted = _with_physical_address(bytearray(data), 0x8000, 0x1000)
    machine, places = loaded(load_image(shifted, name="main.elf"))
    assert places.show(0x1000) == "0x1000"
    machine.memory.store(TABLE + 4 * 8, 0x1000 | ALL)
    assert places.show_in(0x8008, KERNEL | VIRTUAL, TABLE | 1) == "0x8008 <start+8>, main.s:4"


def _with_physical_address(data, virtual, physical):
    """Give an ELF file whose segment at a virtual address is loaded elsewhere."""
    header = HEADER.parse(bytes(data))
    for n in range(header.segment_count):
        at = header.segments_offset + n * SEGMENT.sizeof()
        segment = SEGMENT.parse(bytes(data[at:]))
        segment.physical_address += physical - virtual
        data[at : at + SEGMENT.sizeof()] = SEGMENT.build(segment)
    return bytes(data)


def test_nothing_is_read_before_a_place_is_asked_for(tmp_path):
    file = tmp_path / "main.elf"
    file.write_bytes(assemble("main.s", SOURCE).elf())
    code = (
        "import sys\n"
        "from machine.machine import Machine\n"
        "from soclet.source_map import SourceMap\n"
        "from toolchain.images import load_image\n"
        "SourceMap(Machine(), load_image(sys.argv[1]))\n"
        "print({'elftools', 'toolchain.program', 'toolchain.line_reader'} & set(sys.modules))\n"
    )
    words = [sys.executable, "-c", code, str(file)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == "set()\n"
