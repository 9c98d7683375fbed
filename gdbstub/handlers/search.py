"""Looking at much memory without sending it.

Knows what is asked of it; must not know what an address means.
"""

from collections.abc import Iterator
from typing import Final

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.crc import gdb_crc
from gdbstub.registry import packet
from gdbstub.target import TargetError

CHUNK: Final = 0x1_0000
MOST: Final = 0x1000_0000
"""Bytes that one packet may ask to be looked at, since nothing else is served meanwhile."""


@packet(b"qCRC:")
def checksum(client: Client, arguments: bytes) -> bytes:
    """Is memory there what I think it is?  GDB manual: `qCRC:addr,length`."""
    address, length = parsing.place(arguments)
    return b"C%08x" % gdb_crc(_chunks(client, address, length))


@packet(b"qSearch:memory:")
def search(client: Client, arguments: bytes) -> bytes:
    """Where are these bytes?  GDB manual: `qSearch:memory:address;length;search-pattern`.

    They are found where they lie within the range as a whole.
    """
    fields = arguments.split(b";", 2)
    if len(fields) != 3 or not fields[2]:
        raise TargetError("an address, a length and a pattern are wanted")
    address, length, pattern = parsing.number(fields[0]), parsing.number(fields[1]), fields[2]
    before = b""
    at = address
    for chunk in _chunks(client, address, length):
        window = before + chunk
        found = window.find(pattern)
        if found >= 0:
            return b"1,%x" % (at - len(before) + found)
        at += len(chunk)
        before = window[max(0, len(window) - len(pattern) + 1) :]
    return b"0"


def _chunks(client: Client, address: int, length: int) -> Iterator[bytes]:
    """All of the memory, piece by piece; an error where some of it cannot be read."""
    if length > MOST:
        raise TargetError(f"no more than {MOST:#x} bytes are looked at together")
    end = address + length
    while address < end:
        wanted = min(CHUNK, end - address)
        chunk = client.view.read_memory(address, wanted)
        if len(chunk) < wanted:
            client.view.read_memory(address + len(chunk), 1)  # whose error says why
            raise TargetError(f"memory at {address + len(chunk):#x} cannot be read")
        yield chunk
        address += wanted
