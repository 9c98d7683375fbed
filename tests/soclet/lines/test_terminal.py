"""Standard input that is a terminal: a guest in a process, a person's fingers on a real pty."""

import os
import select
import signal
import subprocess
import termios
import time

import pytest
from line_process import HANG, Process

from soclet.lines.terminal import Keys, Wish


class Terminal:
    """The person's side of a pty; `modes` are what the shell would find."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        self.before = self.modes()

    def modes(self):
        return termios.tcgetattr(self.slave)

    def press(self, keys):
        while keys:
            keys = keys[os.write(self.master, keys) :]

    def screen(self, until):
        """What is shown, up to and with some text."""
        shown = bytearray()
        while until not in shown:
            assert select.select([self.master], [], [], HANG)[0], f"{until!r} not in {shown!r}"
            shown += os.read(self.master, 65_536)
        return bytes(shown)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.fixture
def guest(tmp_path, terminal):
    """A guest at the terminal, which has said that it is there."""
    process = Process(tmp_path / "report")

    def start(*words, **streams):
        streams = {"stdin": terminal.slave, "stdout": terminal.slave, **streams}
        process.start("--say", "ready>", *words, **streams)
        if streams["stdout"] == terminal.slave:
            process.shown = terminal.screen(until=b"ready>")
        return process

    process.at = start
    yield process
    process.kill()


def test_each_key_is_received_as_it_is_pressed_and_is_not_echoed_by_the_terminal(guest, terminal):
    guest.at("--portion", "1")
    keys = b"a\r\x03\x04\x11\x13\x1a\x1c\x7f\xff"
    for key in (keys[each : each + 1] for each in range(len(keys))):
        terminal.press(key)
        assert terminal.screen(until=key) == key
    terminal.press(b"\x01x")
    report = guest.end()
    assert report["interactive"]
    assert report["heard"] == len(keys)


def test_a_line_feed_begins_a_line(guest, terminal):
    guest.at()
    terminal.press(b"\n")
    assert terminal.screen(until=b"\n") == b"\r\n"
    terminal.press(b"\x01x")
    guest.end()


def test_the_terminal_is_given_back_as_it_was_found(guest, terminal):
    guest.at()
    assert terminal.modes() != terminal.before
    terminal.press(b"\x01x")
    guest.end()
    assert terminal.modes() == terminal.before


@pytest.mark.parametrize("careless", [(), ("--careless",)], ids=["closed", "never closed"])
def test_the_terminal_is_given_back_by_a_process_that_fails(guest, terminal, careless):
    guest.at(*careless)
    terminal.press(b"crash")
    _, told = guest.process.communicate(timeout=HANG)
    assert told == b"the guest crashed\n"
    assert terminal.modes() == terminal.before


def test_Ctrl_A_x_ends_the_run_after_what_was_typed_before(guest, terminal):  # noqa: N802
    guest.at()
    terminal.press(b"last words\x01x and more")
    report = guest.end()
    assert report["ended"] == 1
    assert report["heard"] == len("last words and more")


def test_Ctrl_A_x_ends_the_run_of_a_guest_that_takes_nothing(guest, terminal):  # noqa: N802
    guest.at("--portion", "0")
    terminal.press(bytes(100_000))
    terminal.press(b"\x01")
    terminal.press(b"x")
    report = guest.end()
    assert report["ended"] == 1
    assert report["most_waiting"] <= 2 * 65_536


def test_Ctrl_A_x_ends_the_run_while_the_screen_stands_still(guest, terminal):  # noqa: N802
    guest.at("--times", "300000", "--impatient")
    terminal.press(b"\x01x")
    assert guest.end()["ended"] == 1


def test_Ctrl_A_x_ends_the_run_while_a_pipe_takes_nothing(guest, terminal):  # noqa: N802
    guest.at("--times", "300000", "--impatient", stdout=subprocess.PIPE)
    assert os.read(guest.process.stdout.fileno(), 6) == b"ready>"
    terminal.press(b"\x01x")
    guest.process.wait(HANG)
    assert guest.report()["ended"] == 1


def test_Ctrl_A_h_shows_help_and_the_guest_hears_nothing_of_it(guest, terminal):  # noqa: N802
    guest.at()
    terminal.press(b"\x01h")
    shown = terminal.screen(until=b"go to the guest.\r\n")
    assert b"\r\nCtrl-A x       end the run\r\n" in shown
    terminal.press(b"\x01x")
    assert guest.end()["heard"] == 0


def test_help_is_shown_on_standard_error_where_output_goes_elsewhere(guest, terminal):
    guest.at(stdout=subprocess.PIPE)
    assert os.read(guest.process.stdout.fileno(), 6) == b"ready>"
    terminal.press(b"\x01h\x01x")
    out, told = guest.process.communicate(timeout=HANG)
    assert out == b""
    assert b"Ctrl-A h       this help\r\n" in told


def test_every_byte_is_shown_on_a_terminal_that_is_read_slowly(guest, terminal):
    guest.at("--times", "200000")
    terminal.press(b"END")
    assert guest.shown + terminal.screen(until=b"END") == b"ready>" * 200_000 + b"END"
    terminal.press(b"\x01x")
    guest.end()


def test_a_shell_that_changes_the_modes_of_a_stopped_job_finds_it_raw_again(guest, terminal):
    guest.at()
    raw = terminal.modes()
    guest.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, guest.process.pid, os.WSTOPPED | os.WNOWAIT)
    termios.tcsetattr(terminal.slave, termios.TCSANOW, terminal.before)
    guest.process.send_signal(signal.SIGCONT)
    while terminal.modes() != raw:
        assert guest.process.poll() is None
        time.sleep(0.01)
    terminal.press(b"\x01x")
    guest.end()
    assert terminal.modes() == terminal.before


def test_a_terminal_that_goes_away_is_live_no_more(tmp_path):
    terminal, process = Terminal(), Process(tmp_path / "report")
    process.start("--say", "ready>", stdin=terminal.slave, stdout=subprocess.PIPE)
    assert os.read(process.process.stdout.fileno(), 6) == b"ready>"
    terminal.close()
    assert process.end()["ended"] == 0
    process.kill()


@pytest.mark.parametrize(
    ("pressed", "typed", "wishes"),
    [
        ([b"abc"], b"abc", []),
        ([b"a\x01", b"x"], b"a", [Wish.END]),
        ([b"\x01\x01"], b"\x01", []),
        ([b"\x01\x01x"], b"\x01x", []),
        ([b"\x01\x01\x01", b"h!"], b"\x01!", [Wish.HELP]),
        ([b"\x01q"], b"\x01q", []),
        ([b"\x01"], b"", []),
    ],
)
def test_Ctrl_A_makes_the_next_key_ours(pressed, typed, wishes):  # noqa: N802
    keys = Keys()
    heard = [keys.press(each) for each in pressed]
    assert b"".join(each for each, _ in heard) == typed
    assert [wish for _, each in heard for wish in each] == wishes
