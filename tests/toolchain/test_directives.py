"""Directives put bytes, names and places as their manual says."""

import pytest

from toolchain.program import Section


def test_text_begins_at_the_reset_address_and_data_follow_it_aligned(asm):
    program = asm("nop\n.data\nx: .byte 1\n.text\nnop\nnop\n.data\n.byte 2\n")
    text, data = program.segments
    assert (text.section, text.address, len(text.data)) == (Section.TEXT, 0x1000, 24)
    assert (data.section, data.address, data.data) == (Section.DATA, 0x1020, b"\1\2")


def test_data_are_aligned_as_the_strictest_align_in_them_says(asm):
    data = asm("nop\n.data\n.byte 1\n.align 256\n.byte 2\n").segments[1]
    assert data.address == 0x1100
    assert len(data.data) == 257


def test_data_without_code_lie_at_the_start_of_memory(asm):
    (segment,) = asm(".data\n.word 1\n").segments
    assert segment.address == 0x1000


def test_org_places_what_follows_in_its_section(asm):
    text = "nop\n.org 0x2000\nx: nop\n.data\n.org 0x3000\n.word x\n.text\nnop\n"
    program = asm(text)
    assert [(s.section, s.address, len(s.data)) for s in program.segments] == [
        (Section.TEXT, 0x1000, 8),
        (Section.TEXT, 0x2000, 16),
        (Section.DATA, 0x3000, 4),
    ]
    assert program.segments[2].data == (0x2000).to_bytes(4, "little")


@pytest.mark.parametrize("name", [".text", ".data"])
def test_align_pads_with_zeros(asm, name):
    (segment,) = asm(f"{name}\n.byte 1\n.align 8\n.byte 2\n.align 1\n.byte 3\n").segments
    assert segment.data == b"\1\0\0\0\0\0\0\0\2\3"


def test_words_wrap_negative_values_and_are_little_endian(data):
    assert data(".word -1, 0x80000000, -2147483648, 4294967295, 0x12345678") == bytes.fromhex(
        "ffffffff 00000080 00000080 ffffffff 78563412"
    )


def test_bytes_are_signed_or_unsigned(data):
    assert data(".byte -128, 255, 'a', 0b11") == b"\x80\xffa\x03"


def test_strings_of_each_kind(data):
    assert data(r'.ascii "a\n", "é"') == b"a\n\xc3\xa9"
    assert data(r'.asciz "ab", ""') == b"ab\0\0"
    assert data('.string32 "aé"') == "aé\0".encode("utf-32-le")


def test_space_is_zero_unless_filled(data):
    assert data(".space 3\n.space 2, 0xff\n.space 1, -1\n.space 0") == b"\0\0\0\xff\xff\xff"


def test_equ_may_use_what_comes_later_and_here(data):
    text = ".equ size, end - start\n.equ twice, size * 2\nstart: .word size, twice\nend:\n"
    assert data(text) == (8).to_bytes(4, "little") + (16).to_bytes(4, "little")


def test_here_is_the_address_of_the_statement(data):
    assert data(".word 0\n.word ., . - 4") == bytes(4) + b"\x04\x10\0\0\0\x10\0\0"


def test_numeric_labels_are_the_nearest_before_or_after(data):
    text = "1: .word 1b, 1f\n1: .word 1b, 2f\n2: .word 1b, 2b\n"
    assert data(text) == b"".join(
        n.to_bytes(4, "little") for n in (0x1000, 0x1008, 0x1008, 0x1010, 0x1008, 0x1010)
    )


def test_several_labels_may_stand_on_a_line_or_alone(asm):
    program = asm("a: b:\nc: .Lhidden: nop\n7: d:")
    assert {s.name: s.address for s in program.symbols} == {
        "a": 0x1000,
        "b": 0x1000,
        "c": 0x1000,
        "d": 0x1008,
    }


def test_label_differences_in_data_are_known_before_data_have_their_place(data):
    assert data(".data\na: .space 5\nb: .space b - a\n.if b - a - 5\n.byte 9\n.endif") == bytes(10)


def test_globals_are_marked(asm):
    program = asm(".global f, x\n.func f\nret\n.endfunc\nx: y: .word 1\n")
    assert {s.name: s.is_global for s in program.symbols} == {"f": True, "x": True, "y": False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".org 0x14", "1:6: 0x14 is not in memory; memory begins at 0x1000"),
        (".org x\nx:", "1:6: unknown symbol x; define it: `x:` before a statement, "),
        (".align 3", "1:8: 3 is no power of two; write .align 4 or .align 8"),
        (".align 0", "1:8: 0 is no power of two; write .align 4 or .align 8"),
        (".space -1", "1:8: -1 bytes cannot be; 0 to 67108864 can"),
        (".space 1, 256", "1:8: 256 is no byte; write -128 to 255"),
        (".byte 256", "1:7: 256 does not fit 8 bits; a value from -128 to 255 (0xff) fits"),
        (".byte 1, -129", "1:10: -129 does not fit 8 bits; a value from -128 to 255 (0xff) fits"),
        (
            ".word 0x100000000",
            "1:7: 4294967296 does not fit 32 bits; "
            "a value from -2147483648 to 4294967295 (0xffffffff) fits",
        ),
        (".byte 1\n.word 2", "2:1: .word at 0x1001, which is not a multiple of 4; write .align 4"),
        (".byte 1\nnop", "2:1: nop at 0x1001, which is not a multiple of 8; write .align 8"),
        (".byte 1\n.func f\n.endfunc", "2:1: .func at 0x1001, which is not a multiple of 8"),
        (".word", "1:1: value is missing: an expression; write `.word value, …`"),
        (".text 1", "1:7: this is one operand too many; write `.text`"),
        (".ascii 5", "1:8: string must be a string; write `.ascii string, …`"),
        (".word r1", "1:7: value must be an expression; write `.word value, …`"),
        (".equ 5, 5", "1:6: name must be a name; write `.equ name, value`"),
        (".equ a, a + 1", "1:6: a has no value: a is defined by itself"),
        (".equ a, b\n.equ b, a", "1:6: a has no value: b has no value: a is defined by itself"),
        ("a: nop\na: nop", "2:1: a is already defined at test.s:1:1; use another name"),
        (".equ a, 1\na: nop", "2:1: a is already defined at test.s:1:6; use another name"),
        (".global nowhere", "1:9: no label nowhere; define it: `nowhere:` or `.func nowhere`"),
        (".func f", "1:7: function f has no end; end it with .endfunc"),
        (".func f\n.func g\n.endfunc", "2:1: function f has not ended; end it with .endfunc"),
        (".endfunc", "1:1: .endfunc outside a function; begin one with `.func NAME`"),
        (".func f\n.org 0x2000\n.endfunc", "3:1: function f began elsewhere in memory; keep .org"),
        (".cfi_def_cfa_offset 4", "1:1: .cfi_def_cfa_offset outside a function; begin one"),
        ("jmp 1f", "1:5: no label 1: below; write `1:` below this line"),
        ("1: jmp 2b", "1:8: no label 2: above; write `2:` above this line"),
        (".words 1", "1:1: unknown directive .words; did you mean .word?"),
        (".data\nx: .org x", "2:9: this address is not known yet; use a number or"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_right(errors, text, expected):
    assert errors(text)[0].startswith(f"test.s:{expected}")


def test_pieces_that_overlap_are_refused_with_both_places(errors):
    (line,) = errors("nop\nnop\n.org 0x1008\nnop\n")
    assert line == (
        "test.s:4:1: .text at 0x1008 overlaps what test.s:1:1 puts at 0x1000 to 0x100f; "
        "give it a free address, such as .org 0x1010"
    )


def test_the_end_of_all_addresses_is_the_end(errors):
    (line,) = errors(".org 0xfffffff8\nnop\nnop\n")
    assert "beyond the end of all addresses" in line
