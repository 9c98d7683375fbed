"""The assignment: say each letter twice until a full stop comes, then give how many came."""

import pytest

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def test_each_letter_comes_back_twice(board):
    machine = board()
    machine.serial.send("hey")
    machine.serial.expect_exact("hheeyy")


def test_a_full_stop_ends_it_with_the_number_of_letters(board):
    machine = board()
    machine.serial.send("hello.")
    assert machine.run_to_power_off() == 5


@pytest.mark.parametrize("byte_ticks", [50, 997])
def test_nothing_is_lost_on_a_slow_line(board, byte_ticks):
    machine = board(byte_ticks=byte_ticks)
    machine.serial.send(LETTERS + ".")
    assert machine.run_to_power_off() == 26
    assert machine.serial.output == "".join(letter * 2 for letter in LETTERS)


def test_what_is_typed_all_at_once_is_answered_all(board):
    machine = board()
    machine.serial.send(LETTERS * 10)
    machine.serial.expect_exact("".join(letter * 2 for letter in LETTERS * 10))
