"""The 32-bit word and its arithmetic; knows numbers, and nothing that is made of them."""

from typing import Final

WORD_BYTES: Final = 4
"""What a load or a store is of."""

WORD: Final = 0xFFFF_FFFF
"""All ones: `x & WORD` is x modulo 2³²."""

SIGN: Final = 0x8000_0000
"""The sign bit. `x ^ SIGN` orders words as signed numbers, which saves converting both."""


def signed(word: int) -> int:
    """Give the two's complement reading of a word: −2³¹ to 2³¹ − 1."""
    return (word ^ SIGN) - SIGN


def quotient(dividend: int, divisor: int) -> int:
    """Divide two words as signed numbers, toward zero; the divisor is not 0 (isa §2, div).

    The result may be 2³¹, which wraps to 0x80000000 once it is cut to a word.
    """
    a, b = signed(dividend), signed(divisor)
    magnitude = abs(a) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude
