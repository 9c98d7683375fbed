"""Checksums and searches: much memory looked at, little sent."""

import pytest
from fake_target import RAM, FakeTarget
from hypothesis import given
from hypothesis import strategies as st
from rsp import binary

from gdbstub.crc import gdb_crc


def slow_crc(data):
    """The manual's CRC-32, bit by bit."""
    value = 0xFFFF_FFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = ((value << 1) ^ (0x04C1_1DB7 if value >> 31 else 0)) & 0xFFFF_FFFF
    return value


@given(st.lists(st.binary(max_size=50), max_size=4))
def test_the_checksum_is_that_of_the_manual_however_it_is_cut(chunks):
    assert gdb_crc(chunks) == slow_crc(b"".join(chunks))


def test_the_checksum_of_known_data():
    assert gdb_crc([b"123456789"]) == 0x0376_E6E7  # CRC-32/MPEG-2
    assert gdb_crc([]) == 0xFFFF_FFFF


@pytest.mark.parametrize("length", [0, 1, 9, 0x1_0000])
def test_a_client_compares_memory_by_its_checksum(talk, target, length):
    target.memory.update(enumerate(b"123456789", 0x1000))
    memory = b"123456789".ljust(length, b"\0")[:length]
    assert talk.ask(b"qCRC:1000,%x" % length) == b"C%08x" % gdb_crc([memory])


@pytest.mark.parametrize(
    ("payload", "reply"),
    [
        (b"qCRC:0,4", b"E0e"),
        (b"qCRC:%x,2" % (RAM.stop - 1), b"E0e"),
        *((packet, b"E16") for packet in (b"qCRC:1000", b"qCRC:", b"qCRC:1000,10000001")),
    ],
)
def test_a_checksum_of_what_cannot_be_read_is_an_error(talk, payload, reply):
    assert talk.ask(payload) == reply


def searching(address, length, pattern):
    return b"qSearch:memory:%x;%x;%b" % (address, length, binary(pattern))


def test_bytes_are_found_where_they_lie_first(talk, target):
    target.memory.update(enumerate(b"..needle..needle", 0x1234))
    assert talk.ask(searching(0x1000, 0x1000, b"needle")) == b"1,1236"
    assert talk.ask(searching(0x1237, 0x1000, b"needle")) == b"1,123e"
    assert talk.ask(searching(0x1000, 0x1000, b"noodle")) == b"0"


def test_bytes_are_found_within_the_range_as_a_whole_only(talk, target):
    target.memory.update(enumerate(b"needle", 0x1010))
    assert talk.ask(searching(0x1010, 6, b"needle")) == b"1,1010"
    assert talk.ask(searching(0x1010, 5, b"needle")) == b"0"
    assert talk.ask(searching(0x1011, 0x100, b"needle")) == b"0"
    assert talk.ask(searching(0x1010, 0, b"n")) == b"0"


@pytest.mark.parametrize("pattern", [b";", b";;:,#$}*\x03", bytes(range(256)), b"\0\1"])
def test_any_bytes_can_be_looked_for(talk, target, pattern):
    target.memory.update(enumerate(pattern, 0x1800))
    assert talk.ask(searching(0x1001, 0x1000, pattern)) == b"1,1800"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 16])
def test_bytes_are_found_across_the_pieces_that_memory_is_read_in(talk, target, monkeypatch, size):
    monkeypatch.setattr("gdbstub.handlers.search.CHUNK", size)
    memory = b"ababcabababd--ababd"
    target.memory.update(enumerate(memory, 0x1000))
    for start in range(len(memory)):
        for pattern in (b"ababd", b"a", b"babc", b"ababababd", b"d--", memory):
            at = memory.find(pattern, start)
            reply = b"1,%x" % (0x1000 + at) if at >= 0 else b"0"
            assert talk.ask(searching(0x1000 + start, len(memory) - start, pattern)) == reply


def test_what_is_found_before_memory_ends_is_found(talk, target, monkeypatch):
    monkeypatch.setattr("gdbstub.handlers.search.CHUNK", 16)
    target.memory[RAM.stop - 30] = 7
    assert talk.ask(searching(RAM.stop - 40, 0x1000, b"\7")) == b"1,%x" % (RAM.stop - 30)
    talk.ask(b"qSupported:error-message+")
    reply = talk.ask(searching(RAM.stop - 40, 0x1000, b"\x08"))
    assert reply == b"E.nothing is at 0x%x" % RAM.stop


def test_a_target_that_gives_less_without_a_reason_is_an_error_too(connect):
    class Sparse(FakeTarget):
        def read_memory(self, address, length):
            return super().read_memory(address, min(length, 3))

    assert connect(Sparse()).ask(b"qCRC:1000,4") == b"E16"


@pytest.mark.parametrize(
    "payload",
    [
        *(b"qSearch:memory:", b"qSearch:memory:1000;4", b"qSearch:memory:1000;4;"),
        *(b"qSearch:memory:1000,4,ab", b"qSearch:memory:x;4;ab", b"qSearch:memory:1000;-4;ab"),
        b"qSearch:memory:1000;10000001;a",
    ],
)
def test_a_malformed_search_is_an_error(talk, payload):
    assert talk.ask(payload) == b"E16"


def test_a_search_that_begins_nowhere_is_an_error(talk):
    assert talk.ask(searching(0, 4, b"a")) == b"E0e"
