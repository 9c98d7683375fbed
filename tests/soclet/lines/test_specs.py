"""Which specs open a line, and what the others are told."""

import asyncio
import os
import socket
import stat

import pytest
from line_ends import Guest, address, connect, descriptors, opened, settled, until

from soclet.errors import UserError
from soclet.lines.line import KINDS, LineError, open_line


def refusal(spec, **options):
    """What the user is told; nothing may be left open."""
    before = descriptors()

    async def ask():
        inside = descriptors()
        with pytest.raises(LineError) as told:
            await open_line(spec, Guest(), allow_remote=options.get("allow_remote", False))
        assert descriptors() == inside
        return str(told.value)

    sentence = asyncio.run(ask())
    assert descriptors() == before
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("spec", ["", "serial", "TCP:5", "5", "udp:5", "stdio "])
def test_a_spec_that_is_none_is_told_every_kind(spec):
    told = refusal(spec)
    assert repr(spec) in told
    for kind in KINDS.values():
        assert kind.form in told


@pytest.mark.parametrize("spec", ["tcp", "tcp:", "telnet:", "unix:", "unix", "file:", "file"])
def test_a_spec_without_what_must_follow_is_told_its_form(spec):
    assert KINDS[spec.rstrip(":")].form in refusal(spec)


@pytest.mark.parametrize("spec", ["stdio:x", "pty:", "none:0"])
def test_a_spec_with_more_than_may_follow_is_told_so(spec):
    assert "takes nothing after its name" in refusal(spec)


def test_a_line_error_is_a_users_error():
    assert issubclass(LineError, UserError)


# tcp


@settled
async def test_tcp_binds_loopback_and_port_0_takes_a_free_one():
    async with opened("tcp:0") as guest:
        assert guest.line.announcement.startswith("serial: listening on 127.0.0.1:")
        assert address(guest)[1] > 0


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this host has no IPv6")
@settled
async def test_tcp_takes_an_IPv6_host_in_brackets():  # noqa: N802
    async with opened("tcp:[::1]:0") as guest:
        assert guest.line.announcement.startswith("serial: listening on [::1]:")
        client = await connect(guest)
        await client.send(b"six")
        await until(lambda: guest.heard == b"six")
        client.close()


@settled
async def test_tcp_beyond_loopback_is_opened_where_that_is_allowed():
    async with opened("tcp:0.0.0.0:0", allow_remote=True) as guest:
        assert guest.line.announcement.startswith("serial: listening on 0.0.0.0:")


def test_tcp_beyond_loopback_is_refused_unless_allowed():
    assert "give --allow-remote" in refusal("tcp:0.0.0.0:0")
    assert "give --allow-remote" in refusal("tcp:[::]:0")
    assert "give --allow-remote" in refusal("telnet:0.0.0.0:0")


def test_a_port_in_use_is_said_to_be():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = refusal(f"tcp:{port}")
    assert told == f"127.0.0.1:{port} is in use; take another port, or 0 for a free one"


def test_bad_tcp_addresses_are_told_what_an_address_is():
    assert "does not end with a port" in refusal("tcp:localhost")
    assert "is not known" in refusal("tcp:a..b:0")
    assert "is no address of this host" in refusal("tcp:192.0.2.1:0", allow_remote=True)


@settled
async def test_a_port_can_be_taken_again_at_once_after_a_client_was_there():
    async with opened("tcp:0") as guest:
        _, port = address(guest)
        client = await connect(guest)
        await client.send(b"x")
        await until(lambda: guest.heard)
    async with opened(f"tcp:{port}"):
        client.close()


@settled
async def test_tcp_sends_at_once_and_looks_after_its_clients(monkeypatch):
    accepted = []
    accept = socket.socket.accept

    def spy(listener):
        accepted.append(accept(listener)[0])
        return accepted[-1].dup(), None

    monkeypatch.setattr(socket.socket, "accept", spy)
    async with opened("tcp:0") as guest:
        client = await connect(guest)
        await client.send(b"x")
        await until(lambda: guest.heard)
        assert accepted[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert accepted[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        accepted[0].close()
        client.close()


@settled
async def test_many_who_are_refused_at_once_take_few_descriptors_and_each_is_told():
    async with opened("tcp:0") as guest:
        first = await connect(guest)
        await first.send(b"x")
        await until(lambda: guest.heard)
        before = descriptors()
        crowd = [await connect(guest) for _ in range(100)]
        for one in crowd:
            assert await one.to_the_end() == b"soclet: another console is attached\r\n"
        assert descriptors() - before - len(crowd) <= 40
        for one in crowd:
            one.close()
        await until(lambda: descriptors() == before)
        first.close()


@settled
async def test_a_host_without_descriptors_left_is_waited_for(monkeypatch):
    monkeypatch.setattr("soclet.lines.server._REST_SECONDS", 0.05)
    accept, failures = socket.socket.accept, []

    def exhausted(listener):
        if len(failures) < 3:
            failures.append(1)
            raise OSError(24, "Too many open files")
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", exhausted)
    async with opened("tcp:0") as guest:
        client = await connect(guest)
        await client.send(b"patience")
        await until(lambda: guest.heard == b"patience")
        client.close()


# unix


@settled
async def test_a_unix_socket_is_its_owners_alone_and_goes_with_the_line(tmp_path):
    path = tmp_path / "console"
    mask = os.umask(0)
    try:
        async with opened(f"unix:{path}") as guest:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert guest.line.announcement == f"serial: listening on {path}"
    finally:
        assert os.umask(mask) == 0
    assert not path.exists()


@settled
async def test_a_unix_socket_is_its_owners_alone_from_its_first_moment(tmp_path, monkeypatch):
    path, modes = tmp_path / "console", []

    def bind(listener, name):
        bound(listener, name)
        modes.append(stat.S_IMODE(path.stat().st_mode))

    bound = socket.socket.bind
    monkeypatch.setattr(socket.socket, "bind", bind)
    mask = os.umask(0)
    try:
        async with opened(f"unix:{path}"):
            assert modes == [0o600]
    finally:
        os.umask(mask)


@settled
async def test_a_socket_that_a_dead_process_left_is_replaced(tmp_path):
    path = tmp_path / "console"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    async with opened(f"unix:{path}") as guest:
        client = await connect(guest)
        await client.send(b"x")
        await until(lambda: guest.heard)
        client.close()


def test_a_socket_that_somebody_listens_on_is_left_alone(tmp_path):
    path = tmp_path / "console"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        assert "in use" in refusal(f"unix:{path}")
        assert path.is_socket()


def test_another_kind_of_file_is_left_alone(tmp_path):
    path = tmp_path / "notes"
    path.write_text("precious")
    assert "is no socket" in refusal(f"unix:{path}")
    assert path.read_text() == "precious"
    assert "is no socket" in refusal(f"unix:{tmp_path}")


def test_a_unix_path_that_cannot_be_is_told_why(tmp_path):
    assert "No such file or directory" in refusal(f"unix:{tmp_path}/missing/console")
    assert "too long" in refusal(f"unix:{tmp_path}/{'x' * 120}")
    assert "null" in refusal("unix:a\0b")


@settled
async def test_a_socket_that_took_the_place_of_ours_is_not_removed(tmp_path):
    path = tmp_path / "console"
    async with opened(f"unix:{path}"):
        path.rename(tmp_path / "moved")
        path.write_text("another's")
    assert path.read_text() == "another's"


# file and none


@settled
async def test_a_file_is_emptied_and_takes_what_the_guest_sends(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"old" * 1000)
    async with opened(f"file:{path}") as guest:
        line = guest.line
        assert (line.live, line.interactive, line.announcement) == (False, False, None)
        await guest.say(bytes(range(256)) * 1000)
        await line.finish()
        assert path.read_bytes() == bytes(range(256)) * 1000


def test_a_file_that_cannot_be_written_is_told_why(tmp_path):
    assert "Is a directory" in refusal(f"file:{tmp_path}")
    assert "No such file" in refusal(f"file:{tmp_path}/missing/log")
    assert "null" in refusal("file:a\0b")


@settled
async def test_a_full_disk_is_said_once_and_the_run_goes_on(capfd):
    async with opened("file:/dev/full") as guest:
        for _ in range(5):
            await guest.say(bytes(200_000))
            await guest.line.finish()
    told = capfd.readouterr().err
    assert told.count("takes no more output: No space left on device") == 1


@settled
async def test_none_takes_everything_and_gives_nothing():
    async with opened("none") as guest:
        line = guest.line
        assert (line.live, line.interactive, line.announcement) == (False, False, None)
        await guest.say(bytes(200_000))
        line.hold_input(True)
        await line.finish()
        assert line.ready
