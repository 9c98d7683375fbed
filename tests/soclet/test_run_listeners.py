"""Where a run listens: the lines that say so, who may reach it, what is refused."""

import os
import re
import socket
import stat

import guests
import pytest
from running import Running, read_until, receive, soclet

HELLO = b"Hello from soclet!\n"


def listens(port, host="127.0.0.1"):
    with socket.create_connection((host, port)):
        return True


def everything(connection):
    data = b""
    while more := connection.recv(65536):
        data += more
    return data


def test_the_listener_lines_are_exactly_these_gdbs_first(hello):
    with Running("run", hello, "--gdb", "0", "-S", "--serial", "tcp:0") as run:
        gdb, serial = run.port("gdb"), run.port("serial")
        assert listens(gdb)
        assert listens(serial)
        run.send_signal()
        assert run.wait().errors == (
            f"gdb: listening on 127.0.0.1:{gdb}\nserial: listening on 127.0.0.1:{serial}\n"
        )


def test_a_port_that_is_given_is_the_one_listened_on(hello):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Running("run", hello, "--gdb", f"127.0.0.1:{port}", "-S", "--serial", "none") as run:
        assert run.port("gdb") == port


def test_a_unix_line_says_its_path_and_takes_its_socket_away(hello, tmp_path):
    path = tmp_path / "console.sock"
    with Running("run", hello, "--gdb", "0", "-S", "--serial", f"unix:{path}") as run:
        run.said(f"serial: listening on {re.escape(str(path))}")
        with socket.socket(socket.AF_UNIX) as console:
            console.connect(str(path))
        run.send_signal()
        assert run.wait().status == 130
    assert not path.exists()


def test_a_telnet_line_says_its_port_and_speaks_telnet(guest):
    with Running("run", guest(guests.ECHOES), "--serial", "telnet:0") as run:
        with socket.create_connection(("127.0.0.1", run.port("serial"))) as console:
            console.sendall(b"\xff\xfd\x01hi\xff\xff\nq")
            offer = bytes.fromhex("fffb01 fffb03 fffb00 fffd03 fffd00")
            assert everything(console) == offer + b"hi\xff\xff\nq"
        assert run.wait().status == 0


def test_a_pty_line_says_its_path(guest):
    with Running("run", guest(guests.ECHOES), "--serial", "pty") as run:
        path = run.said("serial: pty (.+)")[1]
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            assert stat.S_ISCHR(os.fstat(terminal).st_mode)
            os.write(terminal, b"hallo\n")
            assert read_until(lambda: receive(terminal), b"\n") == b"hallo\n"
            os.write(terminal, b"q")
            assert read_until(lambda: receive(terminal), b"q") == b"q"
            assert run.wait().status == 0
        finally:
            os.close(terminal)


def test_what_was_sent_before_anybody_came_is_shown_to_the_first(guest):
    with Running("run", guest(guests.ECHOES), "--serial", "tcp:0") as run:
        port = run.port("serial")
        with socket.create_connection(("127.0.0.1", port)) as console:
            console.sendall(b"one\n")
            assert read_until(lambda: console.recv(100), b"\n") == b"one\n"
        with socket.create_connection(("127.0.0.1", port)) as console:
            console.sendall(b"two\nq")
            assert everything(console) == b"two\nq"
        assert run.wait().status == 0


def test_a_tcp_console_has_all_of_the_output_of_a_run_that_is_over(guest):
    # It waits for a byte, so that the console is there before the run is over.
    with Running("run", guest(guests.ECHOES), "--serial", "tcp:0") as run:
        with socket.create_connection(("127.0.0.1", run.port("serial"))) as console:
            typed = b"x" * 20_000 + b"q"
            console.sendall(typed)
            assert everything(console) == typed
        assert run.wait().status == 0


BEYOND = ["0.0.0.0", "0", "[::]", "[::ffff:0.0.0.0]", "[::ffff:192.0.2.1]", "192.0.2.1", "here"]


@pytest.fixture
def named(monkeypatch):
    """A host called `here`, by which others can reach this one."""
    known = socket.getaddrinfo

    def resolve(host, *others, **options):
        return known("0.0.0.0" if host == "here" else host, *others, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("host", BEYOND)
@pytest.mark.parametrize(
    "words",
    [["--serial", "none", "--gdb", "HOST:0"], ["--serial", "tcp:HOST:0"]],
    ids=["gdb", "serial"],
)
@pytest.mark.parametrize("command", ["run", "replay"])
def test_a_listener_beyond_loopback_needs_to_be_allowed(
    here, hello, tmp_path, command, words, host
):
    capsule = tmp_path / "capsule"
    here("run", hello, "--serial", "none", "--capsule", capsule)
    what = hello if command == "run" else capsule
    ended = here(command, what, *(word.replace("HOST", host) for word in words))
    assert (ended.status, ended.output) == (125 if command == "run" else 1, b"")
    assert f"soclet: {words[-2]}: host " in ended.complaint
    assert "is reachable from other hosts; give --allow-remote" in ended.complaint


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("host", ["0.0.0.0", "here"])
def test_a_listener_that_others_can_reach_is_warned_of_in_a_line(here, hello, host):
    words = ("--gdb", f"{host}:0", "--serial", f"tcp:{host}:0", "--allow-remote", "--limit", "5")
    lines = here("run", hello, *words).errors.splitlines()
    ports = [line.partition(" on ")[2] for line in lines if ": listening on 0.0.0.0:" in line]
    assert len(ports) == 2
    assert lines[:4] == [
        *(
            f"soclet: warning: {port} can be reached from other hosts: "
            "whoever connects to it has the machine"
            for port in ports
        ),
        f"gdb: listening on {ports[0]}",
        f"serial: listening on {ports[1]}",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_nobody_is_warned_of_a_listener_for_this_host(here, hello, tmp_path, host):
    words = ("--gdb", f"{host}:0", "--serial", f"tcp:{host}:0", "--allow-remote", "--limit", "5")
    assert "warning" not in here("run", hello, *words).errors
    words = ("--serial", f"unix:{tmp_path}/0.0.0.0:1", "--allow-remote", "--limit", "5")
    assert "warning" not in here("run", hello, *words).errors


def test_what_is_allowed_is_listened_on_and_said(hello):
    words = ("--gdb", "0.0.0.0:0", "--serial", "tcp:0.0.0.0:0", "--allow-remote", "-S")
    with Running("run", hello, *words) as run:
        assert listens(int(run.said(r"gdb: listening on 0\.0\.0\.0:(\d+)")[1]))
        assert listens(int(run.said(r"serial: listening on 0\.0\.0\.0:(\d+)")[1]))


def test_localhost_is_loopback(hello):
    with Running("run", hello, "--gdb", "localhost:0", "-S", "--serial", "tcp:localhost:0") as run:
        assert listens(int(run.said(r"gdb: listening on .*:(\d+)")[1]), "localhost")
        assert listens(int(run.said(r"serial: listening on .*:(\d+)")[1]), "localhost")


def test_with_a_gdb_port_sleep_for_ever_is_not_the_end(guest):
    with Running("run", guest(guests.SLEEPS_FOR_EVER), "--gdb", "0", "--serial", "none") as run:
        assert listens(run.port("gdb"))
        assert run.process.poll() is None
        run.send_signal()
        assert run.wait().status == 130


def test_a_run_that_nobody_debugs_ends_by_itself_though_it_has_a_gdb_port(hello):
    ended = soclet("run", hello, "--gdb", "0")
    assert (ended.status, ended.output) == (0, HELLO)
