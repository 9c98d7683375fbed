"""How a user is told: in one line, which a terminal takes for nothing but text."""

import pytest

from soclet.errors import one_line, tell


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Größe: 5 €", "Größe: 5 €"),
        ("\x1b[2J\x07x\r", r"\x1b[2J\x07x\r"),
        ("\udcff", r"\udcff"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_what_could_move_a_terminals_cursor_is_shown_and_not_sent(capfd, said, shown):
    tell(said)
    assert capfd.readouterr().err == f"{shown}\n"


def test_a_text_of_several_lines_becomes_one():
    assert one_line("  a\n\n  b \r\n c") == "a b c"
    assert one_line("") == ""


def test_of_a_line_that_nobody_would_read_the_ends_are_kept():
    line = one_line("what: " + "x" * 100_000 + " would be right")
    assert line.startswith("what: xxx")
    assert line.endswith("xxx would be right")
    assert len(line) < 1000
