"""Documents that a client reads piece by piece.

Knows the pieces (GDB manual: `qXfer:object:read:annex:offset,length`); must not know what is in a
document.
"""

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.documents import osdata_xml
from gdbstub.framing import escape_within
from gdbstub.registry import packet
from gdbstub.target import MemoryMap, OsData, TargetDescription, TargetError

MALFORMED = 0
"""The error that the manual wants for a request that is none, or an unknown annex: `E00`."""


@packet(b"qXfer:features:read:", features=("qXfer:features:read",), without_program=True)
def features(client: Client, target: TargetDescription, arguments: bytes) -> bytes:
    """What are your registers?  GDB manual: `qXfer:features:read:annex:offset,length`."""
    return piece(client, {b"target.xml": target.target_xml}, arguments)


@packet(b"qXfer:memory-map:read:", features=("qXfer:memory-map:read",))
def memory_map(client: Client, target: MemoryMap, arguments: bytes) -> bytes:
    """Where are RAM and flash?  GDB manual: `qXfer:memory-map:read::offset,length`."""
    return piece(client, {b"": target.memory_map_xml}, arguments)


@packet(b"qXfer:osdata:read:", features=("qXfer:osdata:read",))
def osdata(client: Client, target: OsData, arguments: bytes) -> bytes:
    """What is in this table?  GDB manual: `qXfer:osdata:read:annex:offset,length`.

    Without a name: which tables are there?
    """
    annex = arguments.rpartition(b":")[0]
    document = osdata_xml(target.os_tables(), annex.decode("utf-8", "replace"))
    return piece(client, {} if document is None else {annex: document}, arguments)


def piece(client: Client, documents: dict[bytes, str], arguments: bytes) -> bytes:
    """Of `annex:offset,length`, `m` and a piece where more follows it, `l` and the last."""
    annex, _, extent = arguments.rpartition(b":")
    if annex not in documents:
        raise TargetError("there is no such annex", MALFORMED)
    try:
        offset, length = parsing.place(extent)
    except TargetError as error:
        raise TargetError(error.message, MALFORMED) from None
    document = documents[annex].encode()
    if offset > len(document):
        raise TargetError("the offset is beyond the end")
    data = document[offset : offset + min(length, client.packet_size)]
    escaped, taken = escape_within(data, client.packet_size - 1)
    return (b"l" if offset + taken >= len(document) else b"m") + escaped
