import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rsp import expand, frame

from gdbstub.framing import (
    Ack,
    BadChecksum,
    Framing,
    Interrupt,
    Malformed,
    Nack,
    NotGdb,
    Oversize,
    Packet,
    State,
    checksum,
    compress,
    encode,
    encode_notification,
    escape,
    unescape,
)

SIZE = 32


def events(*chunks, size=SIZE):
    framing = Framing(size)
    return [event for chunk in chunks for event in framing.feed(chunk)]


def bytewise(data):
    return [data[n : n + 1] for n in range(len(data))]


# Streams that look like the protocol far more often than random bytes would.
pieces = st.one_of(
    st.binary(max_size=SIZE).map(escape).map(frame),
    st.binary(min_size=SIZE - 2, max_size=SIZE + 6).map(frame),
    st.sampled_from(
        [
            *(b"+", b"-", b"\x03", b"$", b"#", b"}", b"$a#", b"$a#6", b"$a#61", b"$a#62", b"$a#zz"),
            *(b"GET / HTTP/1.1\r\n", b"POST ", b"GE", b"\x16\x03\x01", b"PRI * HTTP/2.0"),
        ]
    ),
    st.binary(max_size=8),
)
streams = st.lists(pieces, max_size=12).map(b"".join)


@given(streams, st.data())
def test_any_chunking_gives_the_same_events(stream, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = events(stream)
    assert events(*chunks) == whole
    assert events(*bytewise(stream)) == whole


@given(st.binary(max_size=300))
def test_bytes_without_any_sense_never_raise_and_chunk_alike(stream):
    assert events(*bytewise(stream)) == events(stream)


@given(st.lists(st.binary(max_size=SIZE // 2), max_size=5))
def test_what_is_framed_comes_back_as_it_was(payloads):
    stream = b"".join(encode(escape(payload)) for payload in payloads)
    assert events(stream) == [Packet(payload) for payload in payloads]


@given(st.binary(max_size=2000))
def test_checksum_is_the_sum_of_the_bytes(data):
    assert checksum(data) == sum(data) % 256


def test_checksum_of_long_and_extreme_data_is_right():
    for length in (255, 256, 257, 511, 513, 70_000):
        assert checksum(b"\xff" * length) == 255 * length % 256
        assert checksum(bytearray(b"\x01") * length) == length % 256


@given(st.binary())
def test_escaping_leaves_no_framing_byte_and_can_be_undone(data):
    escaped = escape(data)
    assert not set(escaped) & set(b"#$*")
    assert unescape(escaped) == data


@given(st.lists(st.tuples(st.sampled_from(b"0f*#$}]a"), st.integers(1, 300)), max_size=6))
def test_run_lengths_expand_to_what_was_encoded(runs):
    payload = escape(b"".join(bytes([byte]) * count for byte, count in runs))
    short = compress(payload)
    assert expand(short) == payload
    assert len(short) <= len(payload)
    assert not set(short) & set(b"#$")


def test_run_length_encoding_is_that_of_the_manual():
    assert compress(b"0000") == b"0* "
    assert encode(b"0000", run_length=True) == b"$0* #7a"
    assert compress(b"000") == b"000"


@pytest.mark.parametrize("repeats", range(3, 98))
def test_no_run_length_is_written_as_a_byte_of_the_framing(repeats):
    assert compress(b"x" * (repeats + 1))[2:3] not in b"#$+-"


def test_a_notification_is_framed_with_a_percent_sign():
    assert encode_notification(b"Stop:T05") == b"%Stop:T05#" + b"%02x" % checksum(b"Stop:T05")


def test_acknowledgements_and_interrupts_are_events_of_their_own():
    assert events(b"+-\x03") == [Ack(), Nack(), Interrupt()]


def test_an_interrupt_byte_within_a_packet_is_data():
    assert events(frame(b"X0,1:\x03")) == [Packet(b"X0,1:\x03")]


def test_a_packet_may_be_empty():
    assert events(b"$#00") == [Packet(b"")]


def test_checksums_may_be_in_upper_case():
    assert events(b"$z#7A") == [Packet(b"z")]


def test_a_star_in_a_client_s_packet_is_data_and_no_run_length():
    assert events(frame(b"a* ")) == [Packet(b"a* ")]


@pytest.mark.parametrize("digits", [b"00", b"zz", b"-1", b"0x", b"+6"])
def test_a_wrong_checksum_is_told(digits):
    assert events(b"$a#" + digits)[0] == BadChecksum()


def test_a_packet_after_one_with_a_wrong_checksum_is_whole():
    assert events(b"$a#00" + frame(b"b")) == [BadChecksum(), Packet(b"b")]


def test_a_packet_whose_checksum_never_came_does_not_swallow_the_next():
    assert events(b"$a#" + frame(b"bc")) == [BadChecksum(), Packet(b"bc")]


def test_a_packet_cut_short_by_the_next_is_malformed():
    assert events(b"$abc" + frame(b"b")) == [Malformed(), Packet(b"b")]


def test_a_packet_of_exactly_the_agreed_size_is_taken():
    payload = b"x" * SIZE
    assert events(frame(payload)) == [Packet(payload)]
    assert events(*bytewise(frame(payload))) == [Packet(payload)]


def test_the_agreed_size_counts_escaped_bytes_as_they_are_sent():
    assert events(frame(b"}]" * (SIZE // 2))) == [Packet(b"}" * (SIZE // 2))]
    assert events(frame(b"}]" * (SIZE // 2) + b"x"))[0] == Oversize()


def test_a_packet_of_one_byte_more_is_dropped_and_the_next_is_taken():
    assert events(frame(b"x" * (SIZE + 1)) + frame(b"b")) == [Oversize(), Packet(b"b")]


def test_an_oversize_packet_without_an_end_gives_way_to_the_next():
    assert events(b"$" + b"x" * 100 + frame(b"b")) == [Oversize(), Packet(b"b")]


def test_oversize_packets_take_no_memory():
    framing = Framing(SIZE)
    framing.feed(b"$")
    tracemalloc.start()
    for _ in range(1000):
        framing.feed(b"x" * 10_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert framing.state is State.DROPPING
    assert peak < 100_000


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\n",
        b"POST /x",
        b"HEAD /",
        b"OPTIONS *",
        b"PRI * HTTP/2.0",
        b"\x16\x03\x01",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
def test_another_protocol_is_known_by_its_first_bytes(opening):
    assert events(opening + frame(b"g")) == [NotGdb()]
    assert events(*bytewise(opening + frame(b"g"))) == [NotGdb()]


def test_only_the_first_bytes_count_as_another_protocol():
    assert events(b"+GET / HTTP/1.1" + frame(b"g")) == [Ack(), Packet(b"g")]


def test_garbage_between_packets_is_passed_over():
    assert events(b"abc\x00\xff" + frame(b"g") + b"xyz" + frame(b"p0")) == [
        Packet(b"g"),
        Packet(b"p0"),
    ]
