"""Debugging information says of functions, data and constants what the source says."""

import io

import pytest
from elftools.dwarf.descriptions import describe_DWARF_expr
from elftools.elf.elffile import ELFFile

from toolchain.assembler import assemble

SOURCE = """.equ TX, 0x14
.global main
.func main
    nop
    ret
.endfunc
.func other
    ret
.endfunc
.data
.global one
one: .word 1
table: .word 1, 2, 3
text: .asciz "hello"
.align 4
wide: .string32 "hi"
raw: .byte 1, 2
"""


def dwarf_of(text, name="dir/test.s"):
    return ELFFile(io.BytesIO(assemble(name, text).elf())).get_dwarf_info()


@pytest.fixture
def unit():
    (unit,) = dwarf_of(SOURCE).iter_CUs()
    return unit


def value(die, name):
    found = die.attributes[f"DW_AT_{name}"].value
    return found.decode() if isinstance(found, bytes) else found


def children(unit, tag):
    return {value(d, "name"): d for d in unit.iter_DIEs() if d.tag == f"DW_TAG_{tag}"}


def test_the_unit_says_where_its_source_lies_and_in_what_language_it_is(unit, tmp_path):
    top = unit.get_top_DIE()
    assert unit["version"] == 4
    assert top.tag == "DW_TAG_compile_unit"
    assert value(top, "language") == 0x8001
    assert value(top, "name") == "test.s"
    assert value(top, "comp_dir").endswith("/dir")
    assert value(top, "low_pc") == 0x1000
    assert value(top, "high_pc") == 24
    assert value(top, "producer") == "soclet"
    (other,) = dwarf_of("nop", tmp_path / "x.s").iter_CUs()
    assert value(other.get_top_DIE(), "comp_dir") == str(tmp_path)


def test_functions_have_ranges_lines_and_a_frame_base(unit):
    functions = children(unit, "subprogram")
    shown = {
        name: tuple(
            value(die, attribute)
            for attribute in ("low_pc", "high_pc", "decl_file", "decl_line", "external")
        )
        for name, die in functions.items()
    }
    assert shown == {"main": (0x1000, 16, 1, 3, True), "other": (0x1010, 8, 1, 7, False)}
    for die in functions.values():
        expression = die.attributes["DW_AT_frame_base"].value
        assert "DW_OP_call_frame_cfa" in describe_DWARF_expr(expression, unit.structs)


def test_functions_take_words_and_give_one_and_the_first_is_the_main_one(unit):
    functions = children(unit, "subprogram")
    for die in functions.values():
        assert value(die.get_DIE_from_attribute("DW_AT_type"), "name") == "word"
        assert [child.tag for child in die.iter_children()] == ["DW_TAG_unspecified_parameters"]
    main = [name for name, die in functions.items() if "DW_AT_main_subprogram" in die.attributes]
    assert main == ["main"]


def test_data_have_types_and_addresses(unit):
    variables = children(unit, "variable")
    shown = {}
    for name, die in variables.items():
        if "DW_AT_location" not in die.attributes:
            continue
        type_ = die.get_DIE_from_attribute("DW_AT_type")
        count = None
        if type_.tag == "DW_TAG_array_type":
            (elements,) = type_.iter_children()
            count = value(elements, "count")
            type_ = type_.get_DIE_from_attribute("DW_AT_type")
        address = int.from_bytes(bytes(die.attributes["DW_AT_location"].value[1:]), "little")
        shown[name] = (value(type_, "name"), value(type_, "byte_size"), count, address)
    assert shown == {
        "one": ("word", 4, None, 0x1020),
        "table": ("word", 4, 3, 0x1024),
        "text": ("char", 1, 6, 0x1030),
        "wide": ("char32_t", 4, 3, 0x1036 + 2),
        "raw": ("byte", 1, 2, 0x1044),
    }


def test_constants_have_values(unit):
    constant = children(unit, "variable")["TX"]
    assert value(constant, "const_value") == 0x14
    assert value(constant, "decl_line") == 1


def test_code_in_several_places_has_ranges():
    dwarf = dwarf_of("nop\n.org 0x2000\nnop\nnop\n")
    (unit,) = dwarf.iter_CUs()
    top = unit.get_top_DIE()
    ranges = dwarf.range_lists().get_range_list_at_offset(value(top, "ranges"))
    assert [(r.begin_offset, r.end_offset) for r in ranges] == [(0x1000, 0x1008), (0x2000, 0x2010)]


def test_data_alone_have_a_unit_without_addresses():
    (unit,) = dwarf_of(".data\nx: .word 1").iter_CUs()
    assert "DW_AT_low_pc" not in unit.get_top_DIE().attributes


def test_address_ranges_lead_to_the_unit():
    ranges = dwarf_of("nop\n.org 0x2000\nnop\nnop\n").get_aranges()
    assert ranges.cu_offset_at_addr(0x1000) == 0
    assert ranges.cu_offset_at_addr(0x200F) == 0
    assert ranges.cu_offset_at_addr(0x2010) is None
