"""Numbers are written down as the standard says, in as few bytes as hold them."""

import io

from elftools.common.utils import struct_parse
from elftools.dwarf.structs import DWARFStructs
from hypothesis import given
from hypothesis import strategies as st

from toolchain.dwarf.encoding import SLEB128, unit

STRUCTS = DWARFStructs(little_endian=True, dwarf_format=32, address_size=4)


@given(st.integers(-(2**70), 2**70))
def test_signed_numbers_come_back_as_they_were(n):
    assert SLEB128.parse(SLEB128.build(n)) == n


@given(st.integers(-(2**70), 2**70))
def test_signed_numbers_are_read_by_others_and_are_short(n):
    built = SLEB128.build(n)
    assert struct_parse(STRUCTS.the_Dwarf_sleb128, io.BytesIO(built)) == n
    assert len(built) == (n if n >= 0 else ~n).bit_length() // 7 + 1


def test_a_unit_has_its_length_before_it():
    assert unit(b"abc") == b"\3\0\0\0abc"
