"""Encoding, decoding and disassembly against construct, from which the fields are derived."""

import pytest
from construct import BitsInteger, BitStruct
from hypothesis import given
from hypothesis import strategies as st

from isa_spec.formats import FORMATS, LENGTH, Kind
from isa_spec.instruction import Decoded
from isa_spec.instructions import BASE
from isa_spec.paging import ENTRY, ENTRY_PAGE, Entry, entry_mask, table_base, table_length
from isa_spec.registers import REGISTERS
from isa_spec.words import WORD, quotient, signed

instruction_words = st.integers(0, 2**64 - 1)
formats = st.sampled_from(FORMATS)
likely_words = st.builds(
    lambda opcode, a, b, rest: opcode | a << 8 | b << 16 | rest << 32,
    st.sampled_from([row.opcode for row in BASE]), st.integers(0, 31), st.integers(0, 31),
    st.one_of(st.just(0), st.integers(0, WORD)),
)  # fmt: skip


@given(formats, instruction_words)
def test_extracting_fields_is_parsing_the_struct(form, word: int):
    parsed = form.struct.parse(word.to_bytes(LENGTH, "little"))
    for name, field in form.fields.items():
        assert field.extract(word) == parsed[name] * field.kind.scale


@given(formats, instruction_words)
def test_building_is_the_inverse_of_extracting(form, word: int):
    fields = {name: field.extract(word) // field.kind.scale for name, field in form.fields.items()}
    assert form.build(fields) == form.struct.build(fields) == word.to_bytes(LENGTH, "little")


@given(formats)
def test_the_fields_of_a_format_share_its_64_bits_without_gap_or_overlap(form):
    assert sum(field.mask for field in form.fields.values()) == 2**64 - 1
    assert sum(field.ones.bit_length() for field in form.fields.values()) == 64


@pytest.mark.isa("2.general", "2.with-value", "2.condbr")
def test_the_fields_lie_where_the_manual_says():
    def layout(form) -> dict[str, tuple[int, int]]:
        return {name: (f.shift, f.ones.bit_length()) for name, f in form.fields.items()}

    general, with_value, condbr = map(layout, FORMATS)
    assert general == {
        "opcode": (0, 8),
        "a": (8, 8),
        "b": (16, 8),
        "zero": (24, 8),
        "zeros": (32, 32),
    }
    assert with_value == {"opcode": (0, 8), "a": (8, 8), "zero": (16, 16), "value": (32, 32)}
    assert condbr == {"opcode": (0, 8), "a": (8, 8), "target": (16, 16), "value": (32, 32)}


@given(st.sampled_from(BASE.rows), st.data())
def test_what_is_encoded_decodes_to_the_same(row, data):
    operands = tuple(
        data.draw(
            st.integers(0, len(REGISTERS) - 1)
            if field.kind is Kind.REGISTER
            else st.sampled_from(field.bounds)
        )
        for field in row.fields
    )
    code = row.encode(*operands)
    assert BASE.decode(int.from_bytes(code, "little")) == Decoded(row, operands)


def is_legal(code: bytes) -> bool:
    rows = [row for row in BASE if row.opcode == code[0]]
    if not rows:
        return False
    parsed = rows[0].format.struct.parse(code)
    return all(
        parsed[name] < 28 if field.kind is Kind.REGISTER else True
        for name, field in rows[0].format.fields.items()
    ) and all(
        parsed[name] == 0
        for name in rows[0].format.fields
        if name not in ("opcode", *rows[0].operands)
    )


@pytest.mark.isa("2.3", "1.6", "2.7")
@given(st.one_of(instruction_words, likely_words))
def test_what_is_legal_decodes_and_encodes_to_the_same(word: int):
    code = word.to_bytes(LENGTH, "little")
    decoded = BASE.decode(word)
    assert (decoded is not None) == is_legal(code)
    assert decoded is None or decoded.row.encode(*decoded.operands) == code


@pytest.mark.parametrize(
    ("syntax", "operands", "sentence"),
    [
        ("mov a, value", (0, 1 << 32), r"mov: value is 4294967296, must be from 0 to 4294967295"),
        ("mov a, value", (0, -1), r"mov: value is -1, must be from 0"),
        ("mov a, b", (256, 0), r"mov: a is 256, must be from 0 to 255 in steps of 1"),
        (
            "condbr a < value, target",
            (0, 0, 4),
            r"condbr: target is 4, must be from -262144 to 262136 in steps of 8",
        ),
        ("condbr a < value, target", (0, 0, 0x40000), r"condbr: target is 262144"),
        ("condbr a < value, target", (0, 0, -0x40008), r"condbr: target is -262152"),
    ],
)
def test_an_operand_that_does_not_fit_its_field_is_refused(syntax: str, operands, sentence: str):
    (row,) = (row for row in BASE if row.syntax == syntax)
    with pytest.raises(ValueError, match=sentence):
        row.encode(*operands)


def test_a_wrong_number_of_operands_is_refused():
    with pytest.raises(ValueError):
        BASE.rows[0].encode(1)


# Disassembly


@pytest.mark.parametrize(
    ("code", "assembly"),
    [
        ("01 03 00 00 78 56 34 12", "mov r3, 0x12345678"),
        ("01 03 00 00 09 00 00 00", "mov r3, 9"),
        ("01 03 00 00 0a 00 00 00", "mov r3, 0xa"),
        ("02 0f 10 00 00 00 00 00", "mov sp, pc"),
        ("03 12 1b 00 00 00 00 00", "mov status, [ks1]"),
        ("04 11 0b 00 00 00 00 00", "mov [link], r11"),
        ("09 11 00 00 00 00 00 00", "branch [link]"),
        ("0a 03 02 00 ff ff ff ff", "condbr r3 < 0xffffffff, 0x1010"),
        ("0b 03 ff ff 00 00 00 00", "condbr r3 == 0, 0xff8"),
        ("0d 03 00 80 00 00 00 00", "condbr r3 != 0, 0xfffc1000"),
        ("10 00 00 00 05 00 00 00", "trap 5"),
        ("11 00 00 00 00 00 00 00", "iret"),
        ("13 00 00 00 00 00 00 00", "brk"),
        ("00 00 00 00 00 00 00 00", None),
        ("ff ff ff ff ff ff ff ff", None),
        ("02 1c 00 00 00 00 00 00", None),
        ("02 00 00 01 00 00 00 00", None),
        ("11 00 00 00 00 00 00", None),
        ("", None),
    ],
)
def test_disassembly(code: str, assembly: str | None):
    assert BASE.disassemble(bytes.fromhex(code), 0x1000) == assembly


def test_disassembly_names_targets_as_it_is_told():
    code = bytes.fromhex("0b 03 ff ff 00 00 00 00")
    names = {0xFF8: "loop"}
    assert BASE.disassemble(code, 0x1000, names.__getitem__) == "condbr r3 == 0, loop"


@given(st.one_of(instruction_words, likely_words), st.integers(0, WORD).map(lambda a: a & ~7))
def test_disassembly_is_there_exactly_for_what_decodes(word: int, address: int):
    shown = BASE.disassemble(word.to_bytes(LENGTH, "little"), address)
    assert (shown is None) == (BASE.decode(word) is None)


# Page table entries and words


@pytest.mark.isa("4.page", "4.software")
@given(st.integers(0, WORD))
def test_an_entrys_masks_are_its_struct(word: int):
    parsed = ENTRY.parse(word.to_bytes(4, "little"))
    assert parsed.page << 12 == word & ENTRY_PAGE
    assert parsed.software << 7 == word & entry_mask("software")
    for bit in Entry:
        assert parsed[bit.name.lower()] == bool(word & bit)
    assert ENTRY.build(parsed) == word.to_bytes(4, "little")


@pytest.mark.isa("1.ptbr", "1.14")
@given(st.integers(0, WORD))
def test_ptbr_is_an_address_and_a_length(ptbr: int):
    parsed = BitStruct("base" / BitsInteger(20), "pages" / BitsInteger(12)).parse(
        ptbr.to_bytes(4, "big")
    )
    assert table_base(ptbr) == parsed.base << 12
    pages = parsed.pages if 1 <= parsed.pages <= 1024 else 1024
    assert table_length(ptbr) == pages * 1024


@given(st.integers(0, WORD))
def test_signed_reads_twos_complement(word: int):
    assert signed(word) == int.from_bytes(word.to_bytes(4, "little"), "little", signed=True)


@given(st.integers(0, WORD), st.integers(1, WORD))
def test_a_quotient_rounds_toward_zero_exactly(dividend: int, divisor: int):
    a, b = signed(dividend), signed(divisor)
    result = quotient(dividend, divisor)
    assert abs(result) == abs(a) // abs(b)
    assert result == 0 or (result < 0) == ((a < 0) != (b < 0))
