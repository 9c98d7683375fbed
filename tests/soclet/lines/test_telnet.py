"""The telnet protocol's bytes, cut anywhere, and how a negotiation ends."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soclet.lines.telnet import MOST_ANSWERS, OFFER, Command, Decoder, Encoder, Option, Talk, Verb

WILL, WONT, DO, DONT = Verb
IAC, SB, SE, NOP, DM = 255, 250, 240, 241, 242

commands = st.builds(Command, st.sampled_from(Verb), st.integers(0, 255))
telling = st.builds(
    Command, st.sampled_from([WILL, WONT]), st.sampled_from([Option.BINARY, Option.ECHO])
)
# What matters to the protocol is frequent in them.
texts = st.lists(st.sampled_from(b"\xff\r\n\0\xfb\xf0az"), max_size=12).map(bytes)
noise = st.sampled_from(
    [
        bytes((IAC, NOP)),
        bytes((IAC, DM)),
        bytes((IAC, SB, 31, 0, 80, IAC, IAC, 24, IAC, SE)),
        bytes((IAC, SB, 24, 0)) + b"XTERM\r\n\0" + bytes((IAC, SE)),
    ]
)
cuts = st.lists(st.integers(0, 400), max_size=20)


def portions(stream, cuts):
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    return [stream[start:end] for start, end in pairwise(places)]


def written(pieces):
    """A side's stream of data and commands."""
    encoder, stream = Encoder(), b""
    for piece in pieces:
        stream += encoder.command(piece) if isinstance(piece, Command) else encoder.data(piece)
    return stream


@given(st.lists(texts | commands | telling), cuts)
def test_what_one_side_writes_the_other_reads_however_it_is_cut(pieces, cuts):
    stream = written(pieces)
    decoder = Decoder()
    data = b"".join(decoder.data(portion) for portion in portions(stream, cuts))
    assert data == b"".join(piece for piece in pieces if isinstance(piece, bytes))
    assert decoder.commands() == [piece for piece in pieces if isinstance(piece, Command)]
    assert decoder.commands() == []


@given(st.lists(texts | noise), cuts)
def test_subnegotiations_and_commands_without_an_option_are_read_over(pieces, cuts):
    stream, said = bytes(Command(WILL, Option.BINARY)), b""
    for piece in pieces:
        if piece.startswith(b"\xff") and len(piece) > 1 and piece[1] in (NOP, DM, SB):
            stream += piece
        else:
            stream += piece.replace(b"\xff", b"\xff\xff")
            said += piece
    decoder = Decoder()
    assert b"".join(decoder.data(portion) for portion in portions(stream, cuts)) == said


@given(st.binary(), cuts)
def test_whatever_comes_is_read_alike_however_it_is_cut(stream, cuts):
    whole, cut = Decoder(), Decoder()
    data = b"".join(cut.data(portion) for portion in portions(stream, cuts))
    assert data == whole.data(stream)
    assert cut.commands() == whole.commands()


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"ls\r\0", b"ls\r"),
        (b"ls\r\n", b"ls\r\n"),
        (b"\xff\xff", b"\xff"),
        (b"a\xff\xf1b", b"ab"),
        (b"a\xff\xfa\x1f\0\x50\xff\xff\xff\xf0b", b"ab"),
        (b"a\xff\xfd\x01b", b"ab"),
        (b"\xff\xfb\x00\r\0", b"\r\0"),
        (b"\xff\xfb\x00\xff\xfc\x00\r\0", b"\r"),
    ],
)
def test_a_clients_stream_means(stream, data):
    assert Decoder().data(stream) == data


def test_data_is_doubled_iac_and_in_a_side_that_is_not_binary_cr_nul():
    encoder = Encoder()
    assert encoder.data(b"a\xffb\r") == b"a\xff\xffb\r"
    assert encoder.data(b"c\r\nd\r\re") == b"\0c\r\nd\r\0\r\0e"
    assert encoder.command(Command(WILL, Option.BINARY)) == b"\xff\xfb\x00"
    assert encoder.data(b"\ra\xff") == b"\ra\xff\xff"


def test_the_offer_is_a_terminal_with_the_guests_echo_each_key_at_once_and_every_byte():
    assert b"".join(map(bytes, OFFER)) == bytes.fromhex("fffb01 fffb03 fffb00 fffd03 fffd00")


@pytest.mark.parametrize("command", [Command(DO, 1), Command(DO, 0), Command(WILL, 0)])
def test_agreeing_to_the_offer_is_not_answered(command):
    assert Talk().answer(command) is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Command(WILL, 31), Command(DONT, 31)),
        (Command(DO, 34), Command(WONT, 34)),
        (Command(DONT, 1), Command(WONT, 1)),
        (Command(WONT, 0), Command(DONT, 0)),
        (Command(WILL, 1), Command(DONT, 1)),
        (Command(DONT, 31), None),
        (Command(WONT, 31), None),
    ],
)
def test_a_client_is_answered(asked, said):
    assert Talk().answer(asked) == said


def test_what_was_taken_back_can_be_agreed_to_again():
    talk = Talk()
    assert talk.answer(Command(DONT, Option.BINARY)) == Command(WONT, Option.BINARY)
    assert talk.answer(Command(DONT, Option.BINARY)) is None
    assert talk.answer(Command(DO, Option.BINARY)) == Command(WILL, Option.BINARY)


@given(st.lists(commands))
def test_two_that_both_answer_answers_come_to_an_end(begun):
    one, other = Talk(), Talk()
    under_way = list(begun)
    for _ in range(4):
        under_way = [said for command in under_way if (said := one.answer(command))]
        one, other = other, one
    assert under_way == []


def test_a_client_that_asks_on_and_on_is_not_answered_on_and_on():
    talk = Talk()
    answers = [talk.answer(Command(WILL, 31)) for _ in range(2 * MOST_ANSWERS)]
    assert len([said for said in answers if said]) == MOST_ANSWERS
