"""Expressions mean what they mean in C, on numbers without bounds."""

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa_spec.instructions import BASE
from toolchain.expressions import Address, Here, Local, Name, Number, as_word, evaluate
from toolchain.grammar import grammar_of
from toolchain.problems import WrongError

NAMES = {"four": 4, "minus": -7, ".": 0x1000}


def value(text):
    (expression,) = grammar_of(BASE).arguments(text, 1, "")
    return evaluate(expression, look_up)


def look_up(leaf):
    match leaf:
        case Name(name):
            return NAMES[name]
        case Here():
            return NAMES["."]
        case Local(number, forward):
            return 100 * number + forward
    raise AssertionError(leaf)


def truncated(a, b):
    return int(a / b) if abs(a) < 2**50 else (abs(a) // abs(b)) * (1 if (a < 0) == (b < 0) else -1)


@st.composite
def texts(draw, depth=4):
    """Give an expression in full brackets, and its value."""
    if depth == 0 or draw(st.booleans()):
        n = draw(st.integers(0, 2**32))
        return draw(st.sampled_from([str(n), hex(n), bin(n)])), n
    left, a = draw(texts(depth - 1))
    if draw(st.integers(0, 4)) == 0:
        mark, compute = draw(st.sampled_from([("-", operator.neg), ("~", operator.invert)]))
        return f"({mark}{left})", compute(a)
    right, b = draw(texts(depth - 1))
    mark, compute = draw(
        st.sampled_from(
            [
                ("+", operator.add),
                ("-", operator.sub),
                ("*", operator.mul),
                ("&", operator.and_),
                ("|", operator.or_),
                ("^", operator.xor),
            ]
        )
    )
    return f"({left} {mark} {right})", compute(a, b)


@given(texts())
def test_an_expression_has_the_value_that_arithmetic_gives_it(pair):
    text, expected = pair
    assert value(text) == expected


@given(st.integers(-1000, 1000), st.integers(-1000, 1000).filter(bool))
def test_division_is_toward_zero_and_the_remainder_goes_with_it(a, b):
    quotient, remainder = value(f"({a}) / ({b})"), value(f"({a}) % ({b})")
    assert quotient == truncated(a, b)
    assert quotient * b + remainder == a
    assert abs(remainder) < abs(b)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 + 3 * 4", 14),
        ("2 - 3 - 4", -5),
        ("1 << 2 + 3", 32),
        ("7 & 3 << 1", 6),
        ("1 | 6 ^ 2 & 3", 1 | (6 ^ (2 & 3))),
        ("-2 * -3", 6),
        ("~0 & 0xff", 255),
        ("- - 5", 5),
        ("+5", 5),
        ("0b101 + 0x1F", 36),
        ("'a'", 97),
        (r"'\n'", 10),
        (r"'\\'", 92),
        (r"'\''", 39),
        (r"'\x41' + '\0'", 65),
        ("'é'", 0xE9),
        ("';'", 59),
        ("four * 2", 8),
        (". + 8", 0x1008),
        ("1f - 2b", -99),
        ("100 / minus % 10", -4),
    ],
)
def test_operators_bind_as_in_c(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize("text", ["1 / 0", "1 % 0", "1 << -1", "1 >> 64", "1 << 1000000000"])
def test_what_has_no_value_is_refused(text):
    with pytest.raises(WrongError):
        value(text)


def test_addresses_without_a_place_can_be_moved_and_subtracted_but_nothing_else():
    base = object()
    places = {"a": Address(base, 8), "b": Address(base, 20), "c": Address(object(), 0)}

    def of(text):
        (expression,) = grammar_of(BASE).arguments(text, 1, "")
        return evaluate(expression, lambda leaf: places[leaf.name])

    assert of("b - a") == 12
    assert of("a + 4") == of("4 + a") == Address(base, 12)
    assert of("b - 4") == Address(base, 16)
    for text in ("a * 2", "a - c", "a + b", "~a", "4 - a"):
        with pytest.raises(WrongError, match="not known yet"):
            of(text)


@given(st.integers(-(2**31), 2**32 - 1))
def test_a_word_holds_signed_and_unsigned_numbers(n):
    assert as_word(n) == n % 2**32


@given(st.integers().filter(lambda n: not -(2**31) <= n < 2**32))
def test_what_does_not_fit_a_word_is_refused(n):
    with pytest.raises(ValueError, match="fits"):
        as_word(n)


def test_numbers_are_values_that_can_be_compared():
    assert Number(3, 1) == Number(3, 1)
