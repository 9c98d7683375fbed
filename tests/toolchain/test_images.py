"""An image is read from whatever holds it, or refused in one clear line."""

import io
import subprocess
import sys

import bincopy
import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given, settings
from hypothesis import strategies as st

from isa_spec.memory_map import DEFAULT_MEMORY
from toolchain import elf
from toolchain.assembler import assemble
from toolchain.images import FORMATS, ImageError, SymbolKind, format_of, load_image
from toolchain.problems import AssemblyErrors
from toolchain.writers import encode_image

SOURCE = """
.global main
.func main
    nop
here: ret
.endfunc
.data
.org 0x2000
table: .word 1, 2, 3
"""
PROGRAM = assemble("test.s", SOURCE)
PIECES = [(0x1000, PROGRAM.segments[0].data), (0x2000, PROGRAM.segments[1].data)]


def pieces(image):
    return [(segment.address, segment.data) for segment in image.segments]


def refusal(data, name="x", **options):
    with pytest.raises(ImageError) as caught:
        load_image(data, name=name, **options)
    said = str(caught.value)
    assert "\n" not in said
    assert said.startswith(name)
    return said.removeprefix(name)


def read_or_refused(data, name):
    try:
        assert load_image(data, name=name, memory_size=DEFAULT_MEMORY).segments
    except ImageError as refused:
        said = str(refused)
    else:
        said = ""
    assert "\n" not in said


def header(**changes):
    """Give the program's ELF file with fields of its header changed."""
    data = PROGRAM.elf()
    fields = elf.HEADER.parse(data)
    fields.update(changes)
    return elf.HEADER.build(fields) + data[elf.HEADER.sizeof() :]


def segment(n, **changes):
    """Give the program's ELF file with fields of a program header changed."""
    data = PROGRAM.elf()
    at = elf.HEADER.sizeof() + n * elf.SEGMENT.sizeof()
    fields = elf.SEGMENT.parse(data[at:])
    fields.update(changes)
    return data[:at] + elf.SEGMENT.build(fields) + data[at + elf.SEGMENT.sizeof() :]


def test_an_elf_file_gives_segments_entry_and_symbols():
    image = load_image(PROGRAM.elf())
    assert image.format == "ELF"
    assert image.entry == 0x1000
    assert pieces(image) == PIECES
    assert {(s.name, s.address, s.size, s.kind) for s in image.symbols} == {
        ("main", 0x1000, 16, SymbolKind.FUNCTION),
        ("here", 0x1008, 0, SymbolKind.LABEL),
        ("table", 0x2000, 12, SymbolKind.OBJECT),
    }


def test_our_reading_of_elf_is_that_of_pyelftools():
    data = PROGRAM.elf()
    image = load_image(data)
    file = ELFFile(io.BytesIO(data))
    assert pieces(image) == [(s["p_paddr"], s.data()) for s in file.iter_segments()]
    table = file.get_section_by_name(".symtab")
    named = {s.name: s["st_value"] for s in table.iter_symbols() if s["st_shndx"] != "SHN_ABS"}
    assert {s.name: s.address for s in image.symbols} == {n: v for n, v in named.items() if n}


@pytest.mark.parametrize(("name", "kind"), [("a.hex", "Intel HEX"), ("a.srec", "S-record")])
def test_records_give_the_same_bytes_whatever_the_file_is_called(name, kind):
    data = encode_image(PROGRAM, name)
    for called in (name, "firmware", "firmware.img2"):
        image = load_image(data, name=called)
        assert image.format == kind
        assert image.entry == 0x1000
        assert pieces(image) == PIECES


def test_a_raw_file_is_loaded_at_the_start_of_memory_or_where_one_says():
    image = load_image(b"\1\2\3")
    assert (image.format, image.entry, pieces(image)) == ("raw", None, [(0x1000, b"\1\2\3")])
    assert pieces(load_image(b"\1\2\3", load_address=0x3000)) == [(0x3000, b"\1\2\3")]


@pytest.mark.parametrize("suffix", [".s", ".S", ".asm"])
def test_an_assembly_source_is_assembled_on_the_fly(tmp_path, suffix):
    path = tmp_path / f"test{suffix}"
    path.write_text(SOURCE)
    image = load_image(path)
    assert image.format == "assembly"
    assert image.entry == 0x1000
    assert pieces(image) == PIECES
    assert {s.name for s in image.symbols} == {"main", "here", "table"}


def test_an_assembly_source_that_is_wrong_says_all_of_it():
    with pytest.raises(AssemblyErrors) as caught:
        load_image(b"movv\nmovw\n", name="test.s")
    assert len(caught.value.problems) == 2


def test_what_a_file_holds_counts_before_what_it_is_called():
    assert format_of("x.bin", b"\x7fELF").name == "ELF"
    assert format_of("x.hex", b"\x7fELF").name == "ELF"
    assert format_of("x.s", b"\x7fELF").name == "ELF"
    assert format_of("x.srec", b":00000001FF").name == "Intel HEX"
    assert format_of("x.s", b"S1: nop").name == "assembly"
    assert format_of("x.bin", b":0").name == "raw"
    assert format_of("x", b"\1").name == "raw"


def test_every_suffix_names_one_format():
    suffixes = [suffix for kind in FORMATS for suffix in kind.suffixes]
    assert len(set(suffixes)) == len(suffixes)


def test_segments_come_in_the_order_of_their_addresses():
    swapped = assemble("t.s", ".org 0x3000\nnop\n.data\n.org 0x1000\n.word 1\n")
    assert [s.address for s in load_image(swapped.elf()).segments] == [0x1000, 0x3000]


def test_what_a_segment_does_not_hold_in_the_file_is_zeros():
    image = load_image(segment(1, memory_size=20))
    assert image.segments[1].data == PIECES[1][1] + bytes(8)


def test_an_elf_file_cut_anywhere_is_refused_in_one_line():
    data = PROGRAM.elf()
    for length in range(len(data)):
        said = refusal(data[:length], name="cut.elf")
        assert "truncated" in said or "empty" in said


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_an_elf_file_with_bytes_changed_is_read_or_refused_but_never_breaks(data):
    file = bytearray(PROGRAM.elf())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(file) - 1))
        file[at] = data.draw(st.integers(0, 255))
    read_or_refused(bytes(file), "x.elf")


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(["x.hex", "x.srec"]))
def test_records_with_characters_changed_are_read_or_refused_but_never_break(data, name):
    file = bytearray(encode_image(PROGRAM, name))
    for _ in range(data.draw(st.integers(1, 4))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    read_or_refused(bytes(file), name)


@pytest.mark.parametrize("name", ["x.hex", "x.srec"])
def test_records_cut_anywhere_are_refused(name):
    data = encode_image(PROGRAM, name).rstrip()
    for length in range(1, len(data)):
        refusal(data[:length], name=name)


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_read_or_refused(data):
    read_or_refused(data, "image")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (header(machine=40), ": an ELF file for machine 0x28; soclet is 0x50c1"),
        (header(type=1), ": an ELF file of type 1; only executables, type 2, can be loaded"),
        (
            header(entry=0x2000),
            ": begins at 0x2000, but the machine begins at 0x1000; put the first instruction there",
        ),
        (header(entry=0), ": begins at 0x0, but the machine begins at 0x1000;"),
        (b"\x7fELF\2" + PROGRAM.elf()[5:], ": an ELF file of another class; ELF32 is right"),
        (
            b"\x7fELF\1\2" + PROGRAM.elf()[6:],
            ": an ELF file of another byte order; little-endian is right",
        ),
        (header(segment_count=0), ": nothing to load; an image needs at least one byte"),
        (header(segment_size=56), ": malformed: program headers of 56 bytes; they have 32"),
        (header(section_size=64), ": malformed: section headers of 64 bytes; they have 40"),
        (header(segments_offset=0xFFFF_FFF0), ": ELF file truncated after "),
        (
            segment(1, memory_size=4),
            ": malformed: segment 1 has more bytes in the file than in memory;",
        ),
        (
            segment(1, physical_address=0x1008),
            ": the bytes at 0x1008 overlap those from 0x1000 to 0x100f; "
            "each address may be given once",
        ),
        (
            segment(1, physical_address=0xFF0),
            ": bytes at 0xff0, in the I/O page; memory begins at 0x1000",
        ),
        (
            segment(1, physical_address=0xFFFF8),
            ": bytes up to 0x100003, but memory ends at 0xfffff; a machine with at least 1052672 "
            "bytes would hold it",
        ),
        (
            segment(1, memory_size=0xFFFF_FFFF),
            ": segment 1 at 0x2000 of 0xffffffff bytes lies outside any memory;",
        ),
        (b"", ": the file is empty; it must hold an image"),
        (b"hello, world\n", ": text of an unknown kind; known are ELF (.elf), Intel HEX (.hex"),
        (bytes(2**20), ": bytes up to 0x100fff, but memory ends at 0xfffff; a machine with"),
        (b":10", ":1: bad Intel HEX record: "),
        (b":0000000001FF\n", ":1: bad Intel HEX record: "),
        (b"S10", ":1: bad S-record record: "),
        (b":040000000102030\xff2", ": not Intel HEX: it holds bytes that are no text"),
    ],
)
def test_what_cannot_be_loaded_is_refused_with_what_would_be_right(data, expected):
    assert refusal(data, memory_size=DEFAULT_MEMORY).startswith(expected)


def records(kind, start):
    file = bincopy.BinFile()
    file.add_binary(bytes(range(1, 17)), 0x1000)
    file.execution_start_address = start
    return (file.as_ihex() if kind == "hex" else file.as_srec()).encode()


def test_records_that_begin_elsewhere_are_refused_and_those_that_do_not_say_are_not():
    for kind in ("hex", "srec"):
        assert ": begins at 0x1004, but the machine" in refusal(records(kind, 0x1004))
        assert load_image(records(kind, 0x1000)).entry == 0x1000
    assert load_image(records("srec", 0)).entry is None
    assert load_image(records("hex", None)).entry is None
    assert ": begins at 0x0, but the machine" in refusal(records("hex", 0))


def test_a_record_may_end_with_any_end_of_line_that_text_has():
    for end in ("\r\n", "\r", "\v"):
        text = encode_image(PROGRAM, "x.srec").decode()
        image = load_image(end.join(text.splitlines()).encode())
        assert image.segments == load_image(text.encode()).segments


def test_records_that_give_an_address_twice_are_refused():
    lines = encode_image(PROGRAM, "x.hex").decode().splitlines()
    twice = "\n".join([lines[0], *lines]).encode()
    assert refusal(twice).startswith(": bad Intel HEX: ")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    for path, why in ((tmp_path / "none.elf", "No such file"), (tmp_path, "a directory")):
        with pytest.raises(ImageError) as caught:
            load_image(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert why in str(caught.value)


def test_an_assembly_source_that_is_no_text_is_refused():
    assert refusal(b"\xff", name="x.s") == ": not text; an assembly source is in UTF-8"


def test_loading_elf_needs_neither_parsers_nor_other_formats(tmp_path):
    path = tmp_path / "x.elf"
    path.write_bytes(PROGRAM.elf())
    script = (
        "import sys; from toolchain.images import load_image\n"
        f"load_image({str(path)!r})\n"
        "sys.exit(', '.join({'lark', 'bincopy', 'elftools', 'toolchain.assembler'}"
        " & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
