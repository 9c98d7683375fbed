"""The serial line on standard input and output where nobody types: pipes, files, nothing."""

import itertools
import os
import shlex
import subprocess

import guests
import pytest
from running import (
    DEADLINE,
    DEMOS,
    SOCLET,
    Running,
    read_until,
    receive,
    soclet,
    soclet_here,
    state_of,
)

TIMES = 20


def test_the_same_image_and_input_give_the_same_state_file_20_times_out_of_20(tmp_path, guest):
    image = guest((DEMOS / "echo-irq" / "echo-irq.s").read_text().replace("../", f"{DEMOS}/"))
    typed = (b"what is typed\r\n" * 40) + b"quit\n"
    state = tmp_path / "state.json"
    found = set()
    # As different as a host can deliver it: at once, from a file, byte by byte, in two halves.
    for delivery in itertools.islice(itertools.cycle([whole, from_file, bytewise, halves]), TIMES):
        state.unlink(missing_ok=True)
        assert delivery(tmp_path, typed, "run", image, "--state", state) == 0
        found.add(state.read_bytes())
    assert len(found) == 1
    assert state_of(state)["ended"] == "power-off"


def whole(_folder, typed, *words):
    return soclet(*words, typed=typed).status


def from_file(folder, typed, *words):
    path = folder / "typed.txt"
    path.write_bytes(typed)
    with path.open("rb") as file, Running(*words, stdin=file) as run:
        return run.wait().status


def bytewise(_folder, typed, *words):
    return in_pieces([bytes([byte]) for byte in typed], *words)


def halves(_folder, typed, *words):
    return in_pieces([typed[:100], typed[100:]], *words)


def in_pieces(pieces, *words):
    with Running(*words, stdin=subprocess.PIPE) as run:
        for piece in pieces:
            os.write(run.process.stdin.fileno(), piece)
        return run.wait().status


def test_scripted_input_is_there_from_tick_0(guest, tmp_path):
    # The firmware takes what there is without ever waiting for more.
    state = tmp_path / "state.json"
    image = guest(guests.COUNTS_INPUT)
    assert soclet("run", image, "--state", state, typed=b"x" * 200).status == 200
    assert soclet("run", image, "--state", state, typed=b"").status == 0
    assert in_pieces([b"x"] * 100, "run", image) == 100


def test_a_large_input_arrives_wholly(guest):
    typed = bytes(byte for byte in os.urandom(300_000) if byte != ord("q")) + b"q"
    ended = soclet("run", guest(guests.ECHOES), typed=typed)
    assert ended.status == 0
    assert ended.output == typed


def test_an_endless_input_ends_with_the_firmware(guest):
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as yes:
        try:
            with Running("run", guest(guests.ECHOES), "--limit", "100k", stdin=yes.stdout) as run:
                ended = run.wait()
        finally:
            yes.kill()
            yes.stdout.close()
    assert ended.status == 124
    assert ended.output.startswith(b"y\ny\ny\n")


def test_input_that_is_over_lets_a_sleeper_sleep_for_ever():
    ended = soclet("run", "demo:echo-irq", typed=b"no more\n")
    assert ended.status == 127
    assert ended.output.endswith(b"no more\n")
    assert ended.complaint.startswith("soclet: asleep: ")


def test_the_null_device_is_an_input_that_is_over():
    with Running("run", "demo:echo-irq") as run:
        assert run.wait().status == 127


@pytest.mark.parametrize(("closed", "status"), [("<&-", 127), (">&-", 127), ("2>&-", 127)])
def test_standard_descriptors_may_be_closed(closed, status):
    command = f"exec {shlex.join(SOCLET)} run demo:echo-irq {closed}"
    done = subprocess.run(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    if closed == "2>&-":
        assert done.stdout == b"echo-irq: type, it comes back; quit ends.\r\n"


def test_announcements_go_nowhere_but_to_standard_error(hello):
    command = f"exec {shlex.join(SOCLET)} run {hello} --gdb 0 2>&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False, timeout=DEADLINE)
    assert (done.returncode, done.stdout) == (0, b"Hello from soclet!\n")


def test_a_reader_that_has_seen_enough_changes_nothing(guest, tmp_path):
    state = tmp_path / "state.json"
    image = guest(guests.ECHOES)
    typed = b"x" * 30_000 + b"q"
    assert soclet("run", image, "--state", state, typed=typed).status == 0
    before = state.read_bytes()
    with Running("run", image, "--state", state, stdin=subprocess.PIPE) as run:
        run.process.stdout.close()
        run.process.stdout = None
        run.process.stdin.write(typed)
        ended = run.wait()
    assert (ended.status, ended.errors) == (0, "")
    assert state.read_bytes() == before


def test_output_is_seen_while_the_run_goes_on(guest):
    endless = guests.ANNOUNCES
    with Running("run", guest(endless)) as run:
        read_until(lambda: receive(run.process.stdout.fileno()), b"\x01\x02\x03")
        assert run.process.poll() is None


def test_what_the_firmware_sends_goes_to_the_log_too(hello, tmp_path):
    log = tmp_path / "serial.log"
    log.write_text("of an earlier run, longer than what comes now: " * 10)
    assert soclet("run", hello, "--serial-log", log).output == b"Hello from soclet!\n"
    assert log.read_bytes() == b"Hello from soclet!\n"


@pytest.mark.parametrize("serial", ["none", "file:sent.txt"])
def test_a_line_without_input_takes_none(capfd, hello, tmp_path, monkeypatch, serial):
    monkeypatch.chdir(tmp_path)
    ended = soclet_here(capfd, "run", hello, "--serial", serial)
    assert (ended.status, ended.output, ended.errors) == (0, b"", "")
    if serial != "none":
        assert (tmp_path / "sent.txt").read_bytes() == b"Hello from soclet!\n"


def test_bytes_take_the_ticks_that_they_are_said_to_take(here, guest, tmp_path):
    state = tmp_path / "state.json"
    # Power goes off before the byte has left: nothing was sent.
    here("run", guest(guests.SENDS), "--serial", "none", "--byte-ticks", "50", "--state", state)
    assert state_of(state)["serial_output"] == ""
    here("run", guest(guests.SENDS), "--serial", "none", "--byte-ticks", "2", "--state", state)
    assert state_of(state)["serial_output"] == "IQ=="


def test_an_image_may_come_from_a_pipe_and_who_waits_for_one_can_interrupt(hello, tmp_path):
    pipe = tmp_path / "image.elf"
    os.mkfifo(pipe)
    with Running("run", pipe, "--serial", "none") as run:
        pipe.write_bytes(hello.read_bytes())
        assert run.wait().status == 0
    # Opening it waits for the run to have opened it, and keeps it from the end of what comes.
    with Running("run", pipe, "--serial", "none") as run, pipe.open("wb"):
        run.send_signal()
        ended = run.wait()
    assert (ended.status, ended.errors.strip()) == (130, "")


def test_a_log_goes_to_a_pipe_that_somebody_reads(here, hello, tmp_path):
    pipe = tmp_path / "log"
    os.mkfifo(pipe)
    with os.fdopen(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        assert here("run", hello, "--serial", "none", "--serial-log", pipe).status == 0
        assert reader.read() == b"Hello from soclet!\n"


def test_an_image_that_came_from_a_pipe_cannot_be_kept(hello, tmp_path):
    pipe = tmp_path / "image.elf"
    os.mkfifo(pipe)
    with Running("run", pipe, "--serial", "none", "--capsule", tmp_path / "capsule") as run:
        pipe.write_bytes(hello.read_bytes())
        ended = run.wait()
    assert ended.status == 125
    assert "image.elf: cannot be read twice, to be kept: put it into a file" in ended.complaint
