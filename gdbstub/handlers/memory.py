"""Reading and writing memory, in hexadecimal and in binary.

Knows the forms of the data; must not know what an address means.
"""

from binascii import hexlify

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.framing import escape_within
from gdbstub.registers import unhex
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import TargetError


@packet(b"m")
def read_memory(client: Client, arguments: bytes) -> bytes:
    """What is in memory there?  GDB manual: `m addr,length`.

    The reply is as long as fits a packet, or as can be read.
    """
    address, length = parsing.place(arguments)
    if length == 0:
        raise TargetError("no memory was asked for")
    return hexlify(client.view.read_memory(address, min(length, client.packet_size // 2)))


@packet(b"M")
def write_memory(client: Client, arguments: bytes) -> bytes:
    """Will you put these bytes there?  GDB manual: `M addr,length:XX…`."""
    address, length, digits = parsing.place_and_data(arguments)
    return _write(client, address, length, unhex(digits))


@packet(b"x", features=("binary-upload",))
def read_binary(client: Client, arguments: bytes) -> bytes:
    """What is in memory there, in binary?  GDB manual: `x addr,length`; reply `b XX…`.

    LLDB before version 20 asks for nothing at 0 to learn whether this is known; OK tells it so, and
    from then on it takes the bytes for what they are, without the `b`.
    """
    address, length = parsing.place(arguments)
    if address == length == 0:
        client.bare_reads = client.is_lldb
        return OK
    mark = b"" if client.bare_reads else b"b"
    if length == 0:
        return mark
    room = client.packet_size - len(mark)
    return mark + escape_within(client.view.read_memory(address, min(length, room)), room)[0]


@packet(b"X")
def write_binary(client: Client, arguments: bytes) -> bytes:
    """Will you put these raw bytes there?  GDB manual: `X addr,length:XX…`."""
    return _write(client, *parsing.place_and_data(arguments))


def _write(client: Client, address: int, length: int, data: bytes) -> bytes:
    if len(data) != length:
        raise TargetError(f"{length} bytes were announced and {len(data)} came")
    if data:  # none at all is how a client asks whether this is known
        client.view.write_memory(address, data)
    return OK
