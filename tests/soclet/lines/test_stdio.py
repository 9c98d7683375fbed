"""Standard input and output that are pipes, files, sockets, or closed: a guest in a process."""

import fcntl
import os
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from line_ends import sending
from line_process import HANG, Process

from soclet.lines.line import READ_AHEAD


@pytest.fixture
def guest(tmp_path):
    process = Process(tmp_path / "report")
    yield process
    process.kill()


@pytest.fixture
def source(request):
    """The output of a command that has no end."""
    with subprocess.Popen(request.param.split(), stdout=subprocess.PIPE) as process:
        yield process.stdout
        process.kill()


def test_what_is_piped_in_is_received_and_what_is_sent_is_piped_out(guest):
    process = guest.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    sent = sending(5_000_000)
    out, told = process.communicate(sent, timeout=HANG)
    assert out == sent
    assert told == b""
    assert guest.report()["starved"] == 0
    assert not guest.report()["interactive"]


def test_the_guest_runs_when_input_has_ended_and_not_before(guest):
    process = guest.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for portion in (b"one ", b"two ", b"three"):
        process.stdin.write(portion)
        process.stdin.flush()
        time.sleep(0.1)
    process.stdin.close()
    process.stdin = None
    out, _ = process.communicate(timeout=HANG)
    assert out == b"one two three"
    assert guest.report()["slices_before_end"] == 0


@pytest.mark.parametrize("source", ["yes"], indirect=True)
def test_input_that_waits_is_nothing_to_wait_for(guest, source):
    """A guest that sleeps with a script before it is not kept from ending by more of the script."""
    guest.start("--until-not-live", "--quiet", stdin=source, stdout=subprocess.DEVNULL)
    assert guest.end()["slices"] == 1


def test_input_that_dribbles_in_never_starves_the_guest(guest):
    process = guest.start(stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    sent = sending(1_500_000)
    for start in range(0, len(sent), 50_000):
        process.stdin.write(sent[start : start + 50_000])
        process.stdin.flush()
        time.sleep(0.005)
    process.stdin.close()
    process.stdin = None
    report = guest.end()
    assert report["heard"] == len(sent)
    assert report["starved"] == 0
    assert report["slices_before_end"] > 0


@pytest.mark.parametrize("source", ["yes", "cat /dev/zero"], indirect=True)
def test_endless_input_takes_bounded_memory(guest, source):
    words = ("--slices", "1000", "--portion", "10")
    guest.start(*words, stdin=source, stdout=subprocess.PIPE)
    out, _ = guest.process.communicate(timeout=HANG)
    assert len(out) == 10_000
    assert READ_AHEAD <= guest.report()["most_waiting"] <= 3 * READ_AHEAD


@pytest.mark.parametrize("size", [0, 1, READ_AHEAD, 2_000_000])
def test_a_file_is_read_as_a_pipe_is(guest, tmp_path, size):
    (tmp_path / "in").write_bytes(sending(size))
    with (tmp_path / "in").open("rb") as given, (tmp_path / "out").open("wb") as taken:
        guest.start(stdin=given, stdout=taken)
        report = guest.end()
    assert (tmp_path / "out").read_bytes() == sending(size)
    assert report["starved"] == 0


@pytest.mark.parametrize("given", ["< /dev/null", "<&-", "0> /dev/null"])
def test_where_there_is_no_input_there_is_none(guest, given):
    guest.start("--say", "alone", stdin=None, stdout=subprocess.PIPE, shell=given)
    out, told = guest.process.communicate(timeout=HANG)
    assert (out, told) == (b"alone", b"")
    assert guest.report()["heard"] == 0


def test_a_socket_on_standard_input_is_read_as_a_pipe_is(guest):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        guest.start(stdin=theirs, stdout=theirs)
        theirs.close()
        ours.sendall(b"over a socket")
        ours.shutdown(socket.SHUT_WR)
        assert guest.end()["slices_before_end"] == 0
        assert ours.recv(100) == b"over a socket"


def test_output_that_nobody_reads_any_more_is_discarded_and_the_run_goes_on(guest):
    process = guest.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(sending(300_000))
    process.stdin.flush()
    assert process.stdout.read(100) == sending(100)
    process.stdout.close()
    process.stdin.write(bytes(700_000))
    process.stdin.close()
    process.stdin = process.stdout = None
    assert guest.end()["heard"] == 1_000_000


def test_closed_standard_output_is_written_to_by_nobody(guest):
    guest.start("--say", "x", "--times", "100000", stdin=subprocess.DEVNULL, shell=">&-")
    assert guest.end()["heard"] == 0


def test_a_full_disk_is_said_in_one_line_and_the_run_goes_on(guest):
    process = guest.start(stdin=subprocess.PIPE, shell="> /dev/full")
    _, told = process.communicate(bytes(500_000), timeout=HANG)
    assert told == b"serial: standard output takes no more output: No space left on device\r\n"
    assert process.returncode == 0
    assert guest.report()["heard"] == 500_000


def test_output_is_appended_to_a_file_where_the_shell_says_so(guest, tmp_path):
    (tmp_path / "log").write_bytes(b"before ")
    with (tmp_path / "log").open("ab") as log:
        guest.start("--say", "after", stdin=subprocess.DEVNULL, stdout=log)
        guest.end()
    assert (tmp_path / "log").read_bytes() == b"before after"


def test_a_slow_reader_pauses_the_machine_and_gets_every_byte(guest):
    process = guest.start("--portion", "10000", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    sent = sending(1_200_000)
    process.stdin.write(sent[:600_000])
    process.stdin.flush()
    out = bytearray()
    time.sleep(0.3)
    while len(out) < 300_000:
        out += os.read(process.stdout.fileno(), 10_000)
        time.sleep(0.001)
    rest, told = process.communicate(sent[600_000:], timeout=HANG)
    assert bytes(out) + rest == sent
    assert told == b""
    assert guest.report()["starved"] == 0


def test_neither_descriptor_is_made_non_blocking(guest):
    given, give = os.pipe()
    take, taken = os.pipe()
    guest.start("--say", "here", stdin=given, stdout=taken)
    assert os.read(take, 4) == b"here"
    flags = [fcntl.fcntl(each, fcntl.F_GETFL) & os.O_NONBLOCK for each in (given, taken)]
    assert flags == [0, 0]
    for each in (given, give, taken):
        os.close(each)
    guest.end()
    os.close(take)


def test_pipes_that_others_made_non_blocking_serve_as_well(guest):
    given, give = os.pipe()
    take, taken = os.pipe()
    for each in (given, taken):
        os.set_blocking(each, False)
    guest.start(stdin=given, stdout=taken)
    os.close(given)
    os.close(taken)
    sent = sending(400_000)
    with ThreadPoolExecutor() as pool, os.fdopen(give, "wb") as entry, os.fdopen(take, "rb") as end:
        out = pool.submit(end.read)
        entry.write(sent)
        entry.close()
        assert out.result(HANG) == sent
    guest.end()
