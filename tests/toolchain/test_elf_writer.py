"""The file is what others, pyelftools and readelf, take for an ELF file of ours (isa §8)."""

import io

import pytest
from elftools.elf.elffile import ELFFile

from toolchain.assembler import assemble
from toolchain.program import Section

SOURCE = """
.global main
.func main
    nop
here: ret
.endfunc
.data
table: .word 1, 2, 3
.text
.org 0x2004
    .word 7
.org 0x3000
far: nop
.data
    .byte 1
end:
"""


@pytest.fixture
def elf():
    return ELFFile(io.BytesIO(assemble("dir/test.s", SOURCE).elf()))


def test_the_header_says_what_the_manual_says(elf):
    header = elf.header
    assert elf.elfclass == 32
    assert elf.little_endian
    assert header["e_machine"] == 0x50C1
    assert header["e_type"] == "ET_EXEC"
    assert header["e_entry"] == 0x1000
    assert header["e_flags"] == 0


def test_each_segment_is_loaded_where_it_lies(elf):
    program = assemble("dir/test.s", SOURCE)
    segments = list(elf.iter_segments())
    assert [s["p_type"] for s in segments] == ["PT_LOAD"] * len(program.segments)
    for segment, part in zip(segments, program.segments, strict=True):
        assert segment["p_paddr"] == segment["p_vaddr"] == part.address
        assert segment["p_filesz"] == segment["p_memsz"] == len(part.data)
        assert segment.data() == part.data
        assert segment["p_flags"] == (5 if part.section is Section.TEXT else 6)


def test_sections_cover_the_segments_and_have_names_of_their_own(elf):
    loaded = [section for section in elf.iter_sections() if section["sh_flags"] & 2]
    assert [(s.name, s["sh_addr"], s["sh_flags"]) for s in loaded] == [
        (".text", 0x1000, 6),
        (".text.2004", 0x2004, 6),
        (".text.3000", 0x3000, 6),
        (".data", 0x3010, 3),
    ]
    for section in elf.iter_sections():
        assert section["sh_offset"] % max(section["sh_addralign"], 1) == 0


def test_symbols_have_types_sizes_bindings_and_sections(elf):
    table = elf.get_section_by_name(".symtab")
    shown = {
        symbol.name: (
            symbol["st_value"],
            symbol["st_size"],
            symbol["st_info"]["type"],
            symbol["st_info"]["bind"],
            symbol["st_shndx"] and elf.get_section(symbol["st_shndx"]).name
            if isinstance(symbol["st_shndx"], int)
            else symbol["st_shndx"],
        )
        for symbol in table.iter_symbols()
        if symbol.name
    }
    assert shown == {
        "test.s": (0, 0, "STT_FILE", "STB_LOCAL", "SHN_ABS"),
        "main": (0x1000, 16, "STT_FUNC", "STB_GLOBAL", ".text"),
        "here": (0x1008, 0, "STT_NOTYPE", "STB_LOCAL", ".text"),
        "table": (0x3010, 13, "STT_OBJECT", "STB_LOCAL", ".data"),
        "far": (0x3000, 0, "STT_NOTYPE", "STB_LOCAL", ".text.3000"),
        "end": (0x301D, 0, "STT_NOTYPE", "STB_LOCAL", ".data"),
    }
    locals_ = [s for s in table.iter_symbols() if s["st_info"]["bind"] == "STB_LOCAL"]
    assert table["sh_info"] == len(locals_)


def test_readelf_finds_nothing_to_complain_about(tmp_path, readelf):
    path = tmp_path / "test.elf"
    path.write_bytes(assemble("dir/test.s", SOURCE).elf())
    shown = readelf("--all", "--debug-dump", path)
    assert "Warning" not in shown
    assert "Error" not in shown


@pytest.mark.parametrize("text", ["", "nop", ".word 1", ".data\n.byte 1", ".org 0x2000\nnop"])
def test_even_little_programs_are_whole_files(tmp_path, readelf, text):
    path = tmp_path / "test.elf"
    path.write_bytes(assemble("test.s", text).elf())
    assert "Warning" not in readelf("--all", "--debug-dump", path)
    assert not [line for line in readelf("-h", path).splitlines() if "Error" in line]


def test_the_same_program_gives_the_same_bytes():
    assert assemble("t.s", SOURCE).elf() == assemble("t.s", SOURCE).elf()
