"""Frame information is written as stock debuggers were seen to understand it."""

import io

from elftools.elf.elffile import ELFFile

from toolchain.assembler import assemble

SOURCE = ".func start\ncall f\n.endfunc\n.func f\npush r4, link\nnop\npop r4, link\nret\n.endfunc\n"


def test_the_common_entry_is_the_one_that_was_seen_to_work():
    dwarf = ELFFile(io.BytesIO(assemble("t.s", SOURCE).elf())).get_dwarf_info()
    common = next(iter(dwarf.CFI_entries()))
    assert common["code_alignment_factor"] == 8
    assert common["data_alignment_factor"] == -4
    assert common["return_address_register"] == 14
    (row,) = common.get_decoded().table
    assert (row["cfa"].reg, row["cfa"].offset) == (13, 0)
    assert row[14].type == "SAME_VALUE"
    assert (row[13].type, row[13].arg) == ("VAL_OFFSET", 0)


def test_readelf_interprets_the_frames_row_by_row(tmp_path, readelf):
    path = tmp_path / "t.elf"
    path.write_bytes(assemble("t.s", SOURCE).elf())
    shown = readelf("--debug-dump=frames-interp", path).splitlines()
    rows = [line.split() for line in shown if line[:8].isalnum() and "r13+" in line]
    assert rows == [
        ["00000000", "r13+0", "v+0", "s"],
        ["00001000", "r13+0", "v+0", "u"],
        ["00001010", "r13+0", "u", "v+0", "s"],
        ["00001020", "r13+4", "u", "v+0", "s"],
        ["00001028", "r13+4", "u", "v+0", "c-4"],
        ["00001030", "r13+8", "u", "v+0", "c-4"],
        ["00001038", "r13+8", "c-8", "v+0", "c-4"],
        ["00001058", "r13+4", "s", "v+0", "c-4"],
        ["00001068", "r13+0", "s", "v+0", "s"],
    ]


def test_source_without_functions_has_no_frames_but_is_whole(tmp_path, readelf):
    path = tmp_path / "t.elf"
    path.write_bytes(assemble("t.s", "x: nop").elf())
    assert "FDE" not in readelf("--debug-dump=frames-interp", path)
