"""Capsules as files: what is written is read again, and what is wrong with one is told."""

import inspect
import zlib

import pytest
from construct import Int32ul
from hypothesis import given
from hypothesis import strategies as st

from machine import events
from machine.events import Position
from machine.machine import Machine
from machine.snapshot import Snapshot
from soclet.capsule import Capsule, CapsuleError, Ending, KeptImage, Origin
from soclet.capsule.container import MAGIC, VERSION, pack, unpack
from soclet.capsule.events import CODES

numbers = st.integers(0, 1 << 64)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4).map(tuple),
    max_leaves=8,
)
segments = st.lists(st.tuples(numbers, st.binary(max_size=9)), max_size=3).map(tuple)
KINDS = [
    kind
    for _, kind in inspect.getmembers(events, inspect.isclass)
    if kind.__module__ == events.__name__
    and hasattr(kind, "apply")
    and not getattr(kind, "_is_protocol", False)
    and kind is not events.Look  # which is never logged
]
posted = st.one_of(
    st.builds(events.SerialInput, st.binary()),
    st.builds(events.WriteRegister, st.integers(0, 27), st.integers()),
    st.builds(events.WriteMemory, numbers, st.binary()),
    st.builds(events.Flash, segments),
    st.builds(events.FlipBits, numbers, st.integers(0, 255)),
    st.just(events.TimerDue()),
    st.just(events.Reset()),
    st.builds(events.Debugger, st.booleans()),
    st.builds(events.HoldInterrupts, st.booleans()),
)
positions = st.builds(Position, numbers, numbers)
snapshots = st.builds(
    Snapshot,
    memory_size=numbers,
    cpu=st.lists(plain, max_size=6).map(tuple),
    devices=st.dictionaries(
        st.text(max_size=6), st.lists(plain, max_size=3).map(tuple), max_size=3
    ),
    pages=st.dictionaries(st.integers(0, 1 << 19), st.binary(max_size=64), max_size=3),
    log_length=numbers,
)
capsules = st.builds(
    Capsule,
    byte_ticks=numbers,
    base=snapshots,
    events=st.lists(st.tuples(positions, posted), max_size=6).map(tuple),
    ending=st.builds(Ending, positions, st.text(), st.text(), st.text()),
    origin=st.builds(Origin, st.text(), st.text(), st.none() | st.integers()),
    image=st.none() | st.builds(KeptImage, st.text(), st.text(), st.binary()),
)


def small() -> Capsule:
    """A capsule of a machine that has only been made."""
    machine = Machine(0x2000)
    ending = Ending(Position(0, 0), machine.hash(), "limit", "as told")
    return Capsule(0, machine.snapshot(), (), ending, Origin("0", "3"), KeptImage("x", "raw", b"x"))


FILE = small().encode()


def complaint(data: bytes) -> str:
    with pytest.raises(CapsuleError) as caught:
        Capsule.decode(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def section(tag: bytes, payload: bytes, *, required: bool) -> bytes:
    body = tag + bytes([required]) + Int32ul.build(len(payload)) + payload
    return body + Int32ul.build(zlib.crc32(body))


def with_section(more: bytes) -> bytes:
    """The file with another section before its first."""
    start = len(MAGIC) + 2
    return FILE[:start] + more + FILE[start:]


@given(capsules)
def test_what_is_written_is_read_again(capsule: Capsule):
    again = Capsule.decode(capsule.encode())
    assert again == capsule
    assert again.base.hash() == capsule.base.hash()


def test_every_kind_of_event_has_an_encoding_of_its_own():
    assert set(KINDS) == set(CODES)
    assert len(set(CODES.values())) == len(CODES)


@given(st.integers(0, len(FILE) - 1))
def test_a_file_that_is_cut_short_is_told_in_a_sentence(length: int):
    said = complaint(FILE[:length])
    assert "no capsule" in said if length < len(MAGIC) else "cut short" in said


@given(st.integers(0, 8 * len(FILE) - 1))
def test_a_flipped_bit_anywhere_is_noticed(bit: int):
    damaged = bytearray(FILE)
    damaged[bit // 8] ^= 1 << bit % 8
    assert complaint(bytes(damaged))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_capsule_are_told_in_a_sentence(data: bytes):
    complaint(data)
    complaint(MAGIC + data)
    complaint(FILE + data + b"x")


@given(st.sampled_from([b"LINE", b"BASE", b"EVTS", b"ENDS", b"FROM", b"IMAG"]), st.binary())
def test_content_that_its_checksum_is_right_for_but_that_is_none_is_told(tag: bytes, data: bytes):
    tags = (b"LINE", b"BASE", b"EVTS", b"ENDS", b"FROM", b"IMAG")
    sections = unpack(FILE, tags)
    said = complaint(pack({**sections, tag: data}, tags))
    assert f"section {tag.decode()} cannot be read" in said
    assert complaint(pack({**sections, tag: zlib.compress(b"")}, tags))


def test_a_later_version_is_refused():
    later = MAGIC + bytes([VERSION + 1, 0]) + FILE[len(MAGIC) + 2 :]
    assert complaint(later) == (
        f"a capsule of version {VERSION + 1}, and this soclet reads up to {VERSION}: replay it "
        "with the soclet that wrote it, or a later one"
    )


def test_a_section_that_is_not_known_is_passed_over_unless_it_is_required():
    assert Capsule.decode(with_section(section(b"MARK", b"later", required=False))) == small()
    said = complaint(with_section(section(b"MARK", b"later", required=True)))
    assert said.startswith("the capsule needs a soclet that knows sections MARK")


def test_a_section_that_is_missing_or_there_twice_is_told():
    tags = (b"LINE", b"BASE", b"EVTS", b"ENDS", b"FROM", b"IMAG")
    sections = unpack(FILE, tags)
    without = {tag: data for tag, data in sections.items() if tag != b"ENDS"}
    assert complaint(pack(without, tags)) == ("the capsule lacks its section ENDS: record it again")
    twice = section(b"IMAG", sections[b"IMAG"], required=False)
    assert complaint(with_section(twice)).startswith("the capsule has two sections IMAG")


def test_a_capsule_needs_no_image():
    tags = (b"LINE", b"BASE", b"EVTS", b"ENDS", b"FROM", b"IMAG")
    sections = unpack(FILE, tags)
    del sections[b"IMAG"]
    assert Capsule.decode(pack(sections, tags)).image is None


def test_there_never_was_a_version_0():
    assert "damaged" in complaint(MAGIC + bytes(2) + FILE[len(MAGIC) + 2 :])
