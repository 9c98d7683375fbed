"""Formats are filled in as C does it: Python's own `%` and known cases are the measure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gdbstub.agent.formats import MOST_STRING, parse_format
from gdbstub.target import TargetError

TEXT = b"\0\0\0\0hello\0\xc3\xa9t\xc3\xa9\0"


def read(address, size):
    assert size == 1
    return TEXT[address] if address < len(TEXT) else ord("x")


def shown(text, *arguments):
    values = [each % 2**64 for each in arguments]
    return parse_format(text.encode() + b"\0", len(arguments)).render(values, read)


@pytest.mark.parametrize(
    ("text", "arguments", "result"),
    [
        ("plain", (), "plain"),
        ("%d %i", (5, -5), "5 -5"),
        ("%d", (0xFFFF_FFFF,), "-1"),
        ("%u", (-1,), "4294967295"),
        ("%x %X", (-1, 0xABC), "ffffffff ABC"),
        ("%lx %llx", (-1, -1), "ffffffffffffffff ffffffffffffffff"),
        ("%ld %lld %lu", (-5, -(2**63), 2**64 - 1), "-5 -9223372036854775808 18446744073709551615"),
        ("%hd %hhd %hu %hhx", (0x18000, 0x1FF, -1, 0x1AB), "-32768 -1 65535 ab"),
        ("%zd %jd %td", (-1, -2, -3), "-1 -2 -3"),
        ("%o %#o %#o", (8, 8, 0), "10 010 0"),
        ("%#x %#X %#x", (255, 255, 0), "0xff 0XFF 0"),
        ("[%5d] [%-5d] [%05d]", (42, 42, 42), "[   42] [42   ] [00042]"),
        ("[%+d] [% d] [%+d]", (42, 42, -42), "[+42] [ 42] [-42]"),
        ("[%05d] [%+05d] [%-05d]", (-42, 42, 42), "[-0042] [+0042] [42   ]"),
        ("[%#06x] [%#6x] [%-#6x]", (10, 10, 10), "[0x000a] [   0xa] [0xa   ]"),
        ("[%.3d] [%6.3d] [%06.3d] [%.0d]", (5, -5, 5, 0), "[005] [  -005] [   005] []"),
        ("[%.d] [%#.0o] [%.2x]", (0, 0, 0xABC), "[] [0] [abc]"),
        ("%c%c%3c%-3c|", (65, 0x142, 67, 68), "AB  CD  |"),
        ("%p %p %14p", (0x1000, 0, 2**32), "0x1000 (nil)    0x100000000"),
        ("%s|%8s|%-8s|%.2s|%.0s", (4, 4, 4, 4, 4), "hello|   hello|hello   |he|"),
        ("%s %s %.3s", (10, 0, 0), "été (null) (nu"),
        ("100%% %d%%", (5,), "100% 5%"),
        (r"a\tb\n\\\"\a\e\x41\101\0501", (), 'a\tb\n\\"\a\x1bAA(1'),
    ],
)
def test_a_format_is_filled_in_as_c_does_it(text, arguments, result):
    assert shown(text, *arguments) == result


@pytest.mark.parametrize(
    "text",
    [
        *("%f", "%g", "%e", "%a", "%n", "%k", "%", "%5", "%*d", "%.*d", "%%d", "%5%", "%l", "%S"),
        *("%9999d", "%.9999d", "\\q", "\\", "\\x", "%d\0x", "%5c%d", "plain"),
    ],
)
def test_a_format_that_cannot_be_meant_is_refused(text):
    with pytest.raises(TargetError):
        parse_format(text.encode() + b"\0", 1)


@pytest.mark.parametrize("text", [b"", b"abc", b"a\0b\0"])
def test_a_format_ends_with_its_only_nul(text):
    with pytest.raises(TargetError, match="NUL"):
        parse_format(text, 0)


def test_a_string_without_an_end_is_cut():
    assert len(shown("%s", len(TEXT))) == MOST_STRING
    assert shown("%.3s", len(TEXT)) == "xxx"


def test_bytes_that_are_no_text_are_replaced():
    assert shown("%s", 11) == "�té"


@given(
    st.text("-+ #0", max_size=4),
    st.integers(0, 20),
    st.one_of(st.just(""), st.integers(0, 20).map(lambda n: f".{n}")),
    st.sampled_from("dxX"),
    st.one_of(st.integers(-(2**31), 2**31 - 1), st.sampled_from([1, -1])).filter(bool),
)
def test_numbers_look_as_python_has_them(flags, width, precision, kind, value):
    if kind != "d":
        value = abs(value)
        flags = flags.replace("+", "").replace(" ", "")  # which C ignores there, Python does not
    if precision:
        flags = flags.replace("0", "")  # likewise
    size = str(width or "")
    assert (
        shown(f"%{flags}{size}{precision}{kind}", value)
        == f"%{flags}{size}{precision}{kind}" % value
    )


@given(st.binary(max_size=40).filter(lambda text: b"\0" not in text), st.integers(0, 4))
def test_no_format_whatever_raises_anything_else(text, count):
    try:
        form = parse_format(text + b"\0", count)
    except TargetError:
        return
    assert isinstance(form.render([0x41] * count, read), str)
