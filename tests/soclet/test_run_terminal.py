"""A person at a terminal: raw while the machine runs, as it was before when it is over."""

import os
import pty
import signal
import termios

import guests
import pytest
from running import Running, read_until, receive


class Terminal:
    """A pseudo-terminal with soclet on its far side."""

    def __init__(self, *words):
        self.near, self.far = pty.openpty()
        self.before = termios.tcgetattr(self.far)
        self.run = Running(*words, stdin=self.far, stdout=self.far)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.run.__exit__(*error)
        os.close(self.near)
        os.close(self.far)

    def type(self, keys):
        os.write(self.near, keys)

    def shown(self, wanted):
        return read_until(lambda: receive(self.near), wanted)

    @property
    def restored(self):
        return termios.tcgetattr(self.far) == self.before


def test_keys_go_to_the_guest_and_the_terminal_is_given_back(guest):
    with Terminal("run", guest(guests.GREETS)) as terminal:
        terminal.shown(b">")
        assert not terminal.restored
        terminal.type(b"a")
        terminal.shown(b"a")
        terminal.type(b"\x03")  # Ctrl-C is a key like any other
        terminal.shown(b"\x03")
        terminal.type(b"q")
        assert terminal.run.wait().status == 0
        assert terminal.restored


def test_ctrl_a_x_ends_the_run(guest):
    with Terminal("run", guest(guests.GREETS)) as terminal:
        terminal.shown(b">")
        terminal.type(b"\x01x")
        assert terminal.run.wait().status == 130
        assert terminal.restored


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(guest, number):
    with Terminal("run", guest(guests.GREETS)) as terminal:
        terminal.shown(b">")
        terminal.run.send_signal(number)
        ended = terminal.run.wait()
        assert (ended.status, ended.errors) == (130, "")
        assert terminal.restored


def test_a_run_that_is_refused_leaves_the_terminal_alone(guest):
    with Terminal("run", guest(guests.GREETS), "--serial-log", "/nowhere/log") as terminal:
        assert terminal.run.wait().status == 125
        assert terminal.restored


def test_a_person_who_may_type_keeps_a_sleeper_from_being_the_end():
    with Terminal("run", "demo:echo-irq") as terminal:
        terminal.shown(b"quit ends.\r\r\n")
        assert terminal.run.process.poll() is None
        terminal.type(b"quit\r")
        assert terminal.run.wait().status == 0
