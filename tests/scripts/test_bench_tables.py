"""The tables of the benchmarks: Markdown that is aligned, and a dash where there is no figure."""

import tables
from speed_tables import engines_table, left_to_python, peers_table
from speeds import EngineSpeed, PeerSpeed

NATIVE = EngineSpeed("pages", "native", 1_000_000, 0.512, 98.76, None, 4.5)


def test_a_table_is_aligned_words_to_the_left_and_numbers_to_the_right():
    assert tables.markdown(("a", "b"), [("word", "1"), ("w", "1,000")]) == [
        "| a    |     b |",
        "| ---- | ----: |",
        "| word |     1 |",
        "| w    | 1,000 |",
    ]


def test_three_digits_of_a_speed_are_shown():
    speeds = (None, 0.123, 9.876, 12.34, 123.4, 1234.5)
    assert [tables.mips(speed) for speed in speeds] == ["–", "0.12", "9.88", "12.3", "123", "1,234"]


def test_what_an_engine_cannot_tell_is_a_dash():
    reference = EngineSpeed("pages", "reference", 1_000_000, 1.0, 1.0, None, None)
    rows = [line.strip("| ").split() for line in engines_table([reference, NATIVE])[2:]]
    assert [row[-3:] for row in rows] == [["–", "|", "–"], ["|", "4.50", "%"]]


def test_an_engine_that_leaves_much_to_python_is_named_with_the_kernel():
    little = EngineSpeed("fib", "native", 1, 1.0, 1.0, 1.0, 0.99)
    assert left_to_python([little, NATIVE]) == ["pages: native leaves 4.5 % to Python"]


def test_the_columns_of_others_keep_their_order_whichever_kernel_comes_first():
    engines = [NATIVE, EngineSpeed("fib", "native", 1, 1.0, 1.0, 1.0, 0.0)]
    peers = [PeerSpeed("pages", "qemu", 7.0), PeerSpeed("fib", "gcc", 9.0)]
    lines = peers_table(engines, [*peers, PeerSpeed("fib", "qemu", 8.0)])
    assert [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[:1]] == [
        ["MIPS", "native", "gcc -O2", "QEMU"]
    ]
    assert [cell.strip() for cell in lines[2].strip("|").split("|")][2:] == ["–", "7.00"]
