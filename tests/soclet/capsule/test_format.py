"""Capsules as files: what is written is read again, and what is wrong with one is told."""

import inspect
import zlib
from base64 import b85decode

import pytest
from construct import Int32ul
from hypothesis import assume, given
from hypothesis import strategies as st

from machine import events
from machine.events import Position
from machine.machine import Machine
from machine.reason import Reason
from machine.snapshot import Snapshot
from soclet.capsule import Capsule, CapsuleError, Ending, KeptImage, Origin
from soclet.capsule.container import MAGIC, VERSION, Section, pack, unpack
from soclet.capsule.events import CODES
from soclet.capsule.marks import Mark
from soclet.capsule.sections import KINDS as SECTIONS

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
marks = st.lists(st.builds(Mark, positions, numbers, st.binary()), max_size=3).map(tuple)
capsules = st.builds(
    Capsule,
    byte_ticks=numbers,
    base=snapshots,
    events=st.lists(st.tuples(positions, posted), max_size=6).map(tuple),
    ending=st.builds(Ending, positions, st.text(), st.text(), st.text()),
    origin=st.builds(Origin, st.text(), st.text(), st.none() | st.integers()),
    image=st.none() | st.builds(KeptImage, st.text(), st.text(), st.binary()),
    marks=marks,
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


def sections(data: bytes = FILE) -> dict[bytes, Section]:
    """The sections of a file, by their tags."""
    return {section.tag: section for section in unpack(data, SECTIONS).sections}


def with_section(more: Section) -> bytes:
    """The file with another section before its first."""
    return pack([more, *sections().values()])


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


@given(st.sampled_from(sorted(SECTIONS.keys() - {b"SAVE"})), st.binary())
def test_content_that_its_checksum_is_right_for_but_that_is_none_is_told(tag: bytes, data: bytes):
    for wrong in (data, zlib.compress(b"")):
        said = complaint(pack({**sections(), tag: Section(tag, wrong)}.values()))
        assert f"section {tag.decode()} cannot be read" in said


def test_a_later_version_is_refused():
    later = MAGIC + bytes([VERSION + 1, 0]) + FILE[len(MAGIC) + 2 :]
    assert complaint(later) == (
        f"a capsule of version {VERSION + 1}, and this soclet reads up to {VERSION}: replay it "
        "with the soclet that wrote it, or a later one"
    )


def test_a_section_that_is_not_known_is_passed_over_unless_it_is_required():
    assert Capsule.decode(with_section(Section(b"MORE", b"later", required=False))) == small()
    said = complaint(with_section(Section(b"MORE", b"later")))
    assert said.startswith("the capsule needs a soclet that knows sections MORE")


def test_a_section_that_is_missing_or_there_twice_is_told():
    without = {tag: section for tag, section in sections().items() if tag != b"ENDS"}
    assert complaint(pack(without.values())) == (
        "the capsule lacks its section ENDS: record it again"
    )
    twice = sections()[b"IMAG"]
    assert complaint(with_section(twice)).startswith("the capsule has two sections IMAG")


def test_a_capsule_needs_no_image():
    without = {tag: section for tag, section in sections().items() if tag != b"IMAG"}
    assert Capsule.decode(pack(without.values())).image is None


def test_sections_that_are_left_out_or_change_places_are_noticed():
    pieces, at = [], len(MAGIC) + 2
    while at < len(FILE):
        length = 4 + 1 + 4 + 4 + Int32ul.parse(FILE[at + 5 : at + 9]) + 4
        pieces.append(FILE[at : at + length])
        at += length
    start = FILE[: len(MAGIC) + 2]
    assert start + b"".join(pieces) == FILE
    for number in range(len(pieces) - 1):
        left_out = pieces[:number] + pieces[number + 1 :]
        assert "damaged" in complaint(start + b"".join(left_out))


def of_version_1(capsule: Capsule) -> bytes:
    """A capsule as version 1 of the format laid it out: one checksum a section, each by itself."""

    def section(tag: bytes, payload: bytes, *, required: bool = True) -> bytes:
        body = tag + bytes([required]) + Int32ul.build(len(payload)) + payload
        return body + Int32ul.build(zlib.crc32(body))

    parts = [
        section(each.tag, each.payload, required=each.required)
        for each in sections(capsule.encode()).values()
    ]
    return b"\x89soclet\n\x01\x00" + b"".join(parts) + section(b"LAST", b"")


WRITTEN_BY_VERSION_1 = b85decode(
    "iF0pbY-Mx`0RT)%PDKF;0001Z+G79!00962_YSxKLP1kS0d@cY0C?K%%rOpwFboCIZyU07K}g*gI0{!`$beK9!qP1#"
    "2ON<Vb*}WEqi-peowK}}LGh#V<e^VvfxjBo?#miC)8niR2q|vM{AmrP%1TJzw8s^qc@$sm;OlP>pY^y|xmo_bjoupp"
    "5fKp)5fKsnDZK!WY7?j!a`I6{R#Z~~4gdfEc-muROJQWJ0006v0Os;aO)5oBL{kA=0001Z+6}}}3V<LC0MPFsI)fJo"
    "oKBs8T}3wsMPQWB_3M4S`Pd4ESV9KioNTFNg~V&Jj2SCBNm;3pWkBad0DREEo*+78&sC?ZzwKVT>aq{>mdA{K%HIcs"
    "N*bUbd~(%BQcq0*761SMc-mt%&@<FCU^CV;G}JR^000l&0wFrG*hEZ0Q&a!|00005pSr#"
)
"""A run of a program that waits for a byte and gives it as its exit status; kept from then."""


def test_a_file_that_version_1_wrote_is_replayed():
    capsule = Capsule.decode(WRITTEN_BY_VERSION_1)
    assert capsule.ending is not None
    assert capsule.ending.reason == "it was told to"
    machine = capsule.machine()
    assert machine.run() is Reason.REPLAYED
    assert machine.hash() == capsule.ending.state_hash
    assert machine.cpu.exit_status == ord("x")


@given(capsules)
def test_a_file_of_version_1_is_read(capsule: Capsule):
    assume(not capsule.marks)
    assert Capsule.decode(of_version_1(capsule)) == capsule


@given(st.integers(len(MAGIC), len(of_version_1(small())) - 1))
def test_a_file_of_version_1_that_is_cut_short_or_damaged_is_told(at: int):
    data = of_version_1(small())
    assert "cut short" in complaint(data[:at])
    damaged = bytearray(data)
    damaged[at] ^= 0x10
    assert complaint(bytes(damaged))


def test_there_never_was_a_version_0():
    assert "damaged" in complaint(MAGIC + bytes(2) + FILE[len(MAGIC) + 2 :])
