"""Numbers as people type them."""

import pytest

from soclet import quantities
from soclet.errors import UserError


@pytest.mark.parametrize(
    ("text", "bytes_", "ticks"),
    [
        ("0", 0, 0),
        ("65536", 65536, 65536),
        ("0x10000", 65536, 65536),
        ("0b101", 5, 5),
        ("64k", 65536, 64_000),
        ("64K", 65536, 64_000),
        ("1M", 1 << 20, 10**6),
        ("1m", 1 << 20, 10**6),
        ("2G", 2 << 30, 2 * 10**9),
        (" 7 ", 7, 7),
    ],
)
def test_a_k_is_1024_bytes_and_1000_ticks(text, bytes_, ticks):
    assert quantities.size(text) == bytes_
    assert quantities.ticks(text) == ticks


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "k",
        "1kk",
        "1T",
        "-1",
        "-1k",
        "1.5",
        "1e3",
        "0x",
        "0xk",
        "1_000",
        "ten",
        "²",
        "٣",
    ],
)
def test_what_is_no_number_is_refused_with_what_would_be(text):
    for read, wanted in (
        (quantities.size, "a number of bytes such as 65536, 0x10000, 64k or 1M"),
        (quantities.ticks, "a number of ticks such as 5000, 10k, 3M or 1G"),
        (quantities.address, "an address such as 4096 or 0x1000"),
    ):
        with pytest.raises(UserError) as caught:
            read(text)
        assert str(caught.value) == f"{text!r} is not {wanted}"


def test_an_address_has_no_unit():
    assert quantities.address("0x1000") == quantities.address("4096") == 4096
    with pytest.raises(UserError):
        quantities.address("4k")


def test_the_b_of_a_hexadecimal_number_is_a_digit():
    assert quantities.size("0x1b") == 0x1B
