"""Addresses to listen on, as people type them and as listener lines show them.

Knows what a host is to the network and which hosts are this one; opens nothing. Shared by the
serial line and the debugger's port, so that both refuse the same things in the same words.
"""

import errno
import socket
from dataclasses import dataclass
from typing import Final, NamedTuple

from soclet.errors import UserError

LOOPBACK: Final = "127.0.0.1"
"""Where a listener binds unless a host is given."""

LARGEST_PORT: Final = 65_535
UNPRIVILEGED: Final = 1024
"""The first port that needs no privilege."""


class AddressError(UserError):
    """An address that cannot be listened on: one sentence that says what would be right."""


class Address(NamedTuple):
    """A host (a name, or numbers; IPv6 without brackets) and a port, 0 for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return show(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that the socket library can bind: numbers only."""

    family: socket.AddressFamily
    host: str
    name: tuple[str, int] | tuple[str, int, int, int]


def parse(text: str) -> Address:
    """Read `[HOST:]PORT`; an IPv6 host stands in brackets. Raises AddressError."""
    host, _colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]") and ":" in host:
        host = host[1:-1]
    elif ":" in host or "[" in text or "]" in text:
        raise AddressError(
            f"{text!r} is no address; it may be PORT, HOST:PORT or [HOST]:PORT, "
            "an IPv6 host in brackets as in [::1]:1234"
        )
    return Address(host or LOOPBACK, _port(port, text))


def show(host: str, port: int) -> str:
    """Write an address as `parse` reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def resolve(host: str, port: int) -> list[Endpoint]:
    """Find what a host's name stands for, IPv4 first. Raises AddressError where it is unknown."""
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
    except (OSError, ValueError):
        found = []
    endpoints = [
        Endpoint(family, str(name[0]), name)  # type: ignore[arg-type]
        for family, _type, _protocol, _canonical, name in found
        if family in (socket.AF_INET, socket.AF_INET6)
    ]
    if not endpoints:
        raise AddressError(
            f"host {host!r} is not known; give an address of this host, such as {LOOPBACK}"
        )
    return sorted(endpoints, key=lambda endpoint: endpoint.family is not socket.AF_INET)


def check_exposure(host: str, allow_remote: bool) -> None:
    """Refuse a host that others can reach, unless that is allowed. Raises AddressError.

    Whoever reaches a console or a debugger's port has the machine.
    """
    if allow_remote or all(is_loopback(endpoint) for endpoint in resolve(host, 0)):
        return
    raise AddressError(
        f"host {host!r} is reachable from other hosts; "
        f"give --allow-remote if that is meant, or a loopback host such as {LOOPBACK}"
    )


def is_remote(where: str) -> bool:
    """Tell whether an address, as `show` writes it, can be reached from other hosts."""
    try:
        host, port = parse(where)
        return not all(is_loopback(endpoint) for endpoint in resolve(host, port))
    except AddressError:
        return False  # A path: it is a socket of the file system.


def is_loopback(endpoint: Endpoint) -> bool:
    """Tell whether only this host can reach it."""
    if endpoint.family is socket.AF_INET:
        return endpoint.host.startswith("127.")
    packed = socket.inet_pton(socket.AF_INET6, endpoint.host.partition("%")[0])
    mapped_ipv4 = bytes(10) + b"\xff\xff"
    return packed == bytes(15) + b"\x01" or packed.startswith(mapped_ipv4 + b"\x7f")


def refusal(error: OSError, host: str, port: int) -> AddressError:
    """Tell why the host would not listen there, in words that say what would be right."""
    where = show(host, port)
    if error.errno == errno.EADDRINUSE:
        return AddressError(f"{where} is in use; take another port, or 0 for a free one")
    if error.errno in (errno.EACCES, errno.EPERM) and 0 < port < UNPRIVILEGED:
        return AddressError(
            f"{where} needs privileges; take a port from {UNPRIVILEGED} on, or 0 for a free one"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return AddressError(f"{host} is no address of this host; {LOOPBACK} always is")
    return AddressError(f"cannot listen on {where}: {error.strerror or error}")


def _port(digits: str, text: str) -> int:
    plain = digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_PORT))
    if not plain or int(digits) > LARGEST_PORT:
        raise AddressError(f"{text!r} does not end with a port: 0 (any free one) to {LARGEST_PORT}")
    return int(digits)
