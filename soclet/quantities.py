"""Numbers as people type them on a command line: sizes, ticks, addresses."""

from typing import Final

from soclet.errors import UserError

_BINARY: Final = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_DECIMAL: Final = {"k": 10**3, "m": 10**6, "g": 10**9}


def size(text: str) -> int:
    """Read a number of bytes: 65536, 0x10000, 64k, 1M, 2G (k is 1024)."""
    return _number(text, _BINARY, "a number of bytes such as 65536, 0x10000, 64k or 1M")


def ticks(text: str) -> int:
    """Read a number of ticks: 5000, 10k, 3M, 1G (k is 1000, for a tick is an instruction)."""
    return _number(text, _DECIMAL, "a number of ticks such as 5000, 10k, 3M or 1G")


def jobs(text: str) -> int:
    """Read how many tests are to be run at a time."""
    wanted = "a number of tests at a time, 1 or more"
    number = _number(text, {}, wanted)
    if number < 1:
        raise UserError(f"{text!r} is not {wanted}")
    return number


def ticks_of(value: int | str) -> int:
    """Give a number of ticks that is one, or text as `ticks` reads it."""
    return ticks(value) if isinstance(value, str) else value


def address(text: str) -> int:
    """Read an address: 4096, 0x1000."""
    return _number(text, {}, "an address such as 4096 or 0x1000")


def _number(text: str, units: dict[str, int], wanted: str) -> int:
    digits, unit = text.strip(), 1
    if digits[-1:].lower() in units and not digits.lower().startswith("0x"):
        digits, unit = digits[:-1], units[digits[-1].lower()]
    try:
        number = int(digits, 0) * unit
    except ValueError:
        number = -1
    if number < 0 or not text.isascii() or "_" in text:
        raise UserError(f"{text!r} is not {wanted}")
    return number
