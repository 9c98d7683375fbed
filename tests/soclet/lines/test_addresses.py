import errno
import socket

import pytest

from soclet import addresses
from soclet.addresses import AddressError
from soclet.errors import UserError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("1234", "127.0.0.1", 1234),
        (":1234", "127.0.0.1", 1234),
        ("0", "127.0.0.1", 0),
        ("65535", "127.0.0.1", 65535),
        ("localhost:80", "localhost", 80),
        ("0.0.0.0:1", "0.0.0.0", 1),
        ("[::1]:1234", "::1", 1234),
    ],
)
def test_an_address_is_a_port_with_or_without_a_host(text, host, port):
    assert addresses.parse(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "1.2.3.4",
        "-1",
        "65536",
        "host:",
        "80:",
        "1 2",
        "٣",
        "+5",
        "1_0",
        "9" * 5000,
        "0x10",
    ],
)
def test_what_does_not_end_with_a_port_is_told_what_a_port_is(text):
    with pytest.raises(AddressError, match=r"does not end with a port: 0 .any free one. to 65535"):
        addresses.parse(text)


@pytest.mark.parametrize("text", ["::1:1234", "::1", "[::1:1234", "::1]:1234", "[host]:5", "[]:5"])
def test_a_host_with_colons_is_told_to_be_put_in_brackets(text):
    with pytest.raises(AddressError, match=r"in brackets as in \[::1\]:1234"):
        addresses.parse(text)


@pytest.mark.parametrize("text", ["127.0.0.1:5", "[::1]:5", "somewhere:5"])
def test_an_address_is_shown_as_it_is_typed(text):
    assert addresses.show(*addresses.parse(text)) == text
    assert str(addresses.parse(text)) == text


def test_an_address_error_is_a_users_error():
    assert issubclass(AddressError, UserError)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "::1", "::ffff:127.0.0.1"])
def test_loopback_needs_no_permission(host):
    addresses.check_exposure(host, allow_remote=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "192.0.2.1", "::", "::ffff:192.0.2.1"])
def test_all_beyond_loopback_needs_allow_remote(host):
    with pytest.raises(AddressError, match=r"reachable from other hosts; give --allow-remote"):
        addresses.check_exposure(host, allow_remote=False)
    addresses.check_exposure(host, allow_remote=True)


def test_a_name_that_nobody_knows_is_said_to_be_unknown(monkeypatch):
    def nobody_knows(*_arguments, **_named):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    with pytest.raises(AddressError, match="host 'nowhere' is not known"):
        addresses.check_exposure("nowhere", allow_remote=False)


@pytest.mark.parametrize("host", ["ü" * 80, "a\0b", "a..b"])
def test_what_can_be_no_name_is_said_to_be_unknown(host):
    with pytest.raises(AddressError, match="is not known; give an address of this host"):
        addresses.resolve(host, 0)


def test_a_name_with_several_addresses_gives_IPv4_first():  # noqa: N802
    assert addresses.resolve("localhost", 7)[0].name == ("127.0.0.1", 7)


@pytest.mark.parametrize(
    ("number", "port", "words"),
    [
        (errno.EADDRINUSE, 4000, "127.0.0.1:4000 is in use; take another port, or 0"),
        (errno.EACCES, 80, "127.0.0.1:80 needs privileges; take a port from 1024 on"),
        (errno.EADDRNOTAVAIL, 4000, "127.0.0.1 is no address of this host"),
        (errno.ENOBUFS, 4000, "cannot listen on 127.0.0.1:4000: "),
    ],
)
def test_a_refusal_says_what_would_be_right(number, port, words):
    error = OSError(number, "as the host says")
    assert words in str(addresses.refusal(error, "127.0.0.1", port))


def test_resolving_gives_what_a_socket_can_bind():
    for endpoint in addresses.resolve("127.0.0.1", 0):
        with socket.socket(endpoint.family) as bound:
            bound.bind(endpoint.name)
