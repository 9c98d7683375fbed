"""Setting and clearing watchpoints.

Knows how they are named on the wire; must not know how a target sees an access.
"""

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.points import MOST_POINTS
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import TargetError, WatchKind, Watchpoints


@packet(b"Z2")
def set_write_watchpoint(client: Client, target: Watchpoints, arguments: bytes) -> bytes:
    """Will you stop before a write to these bytes?  GDB manual: `Z2,addr,length`."""
    return _set(client, target, WatchKind.WRITE, arguments)


@packet(b"Z3")
def set_read_watchpoint(client: Client, target: Watchpoints, arguments: bytes) -> bytes:
    """Will you stop before a read of these bytes?  GDB manual: `Z3,addr,length`."""
    return _set(client, target, WatchKind.READ, arguments)


@packet(b"Z4")
def set_access_watchpoint(client: Client, target: Watchpoints, arguments: bytes) -> bytes:
    """Will you stop before any access to these bytes?  GDB manual: `Z4,addr,length`."""
    return _set(client, target, WatchKind.ACCESS, arguments)


@packet(b"z2")
def clear_write_watchpoint(client: Client, target: Watchpoints, arguments: bytes) -> bytes:
    """Will you stop at writes there no longer?  GDB manual: `z2,addr,length`."""
    client.points.clear_watchpoint(target, WatchKind.WRITE, *_bytes(arguments))
    return OK


@packet(b"z3")
def clear_read_watchpoint(client: Client, target: Watchpoints, arguments: bytes) -> bytes:
    """Will you stop at reads there no longer?  GDB manual: `z3,addr,length`."""
    client.points.clear_watchpoint(target, WatchKind.READ, *_bytes(arguments))
    return OK


@packet(b"z4")
def clear_access_watchpoint(client: Client, target: Watchpoints, arguments: bytes) -> bytes:
    """Will you stop at accesses there no longer?  GDB manual: `z4,addr,length`."""
    client.points.clear_watchpoint(target, WatchKind.ACCESS, *_bytes(arguments))
    return OK


def _set(client: Client, target: Watchpoints, kind: WatchKind, arguments: bytes) -> bytes:
    client.points.set_watchpoint(target, kind, *_bytes(arguments), client.chosen_thread)
    return OK


def _bytes(arguments: bytes) -> tuple[int, int]:
    """Address and length of what is watched."""
    if not arguments.startswith(b","):
        raise TargetError("a comma, an address and a length are wanted")
    address, length = parsing.place(arguments[1:])
    if not length or address + length > 2**64:
        raise TargetError(f"{length} bytes from {address:#x} on cannot be watched")
    return address, length


@packet(b"qWatchpointSupportInfo:", needs=Watchpoints, without_program=True)
def most_watchpoints() -> bytes:
    """How many can there be?  LLDB's extensions: `qWatchpointSupportInfo`."""
    return b"num:%d;" % MOST_POINTS


@packet(b"qHostInfo", needs=Watchpoints, without_program=True)
def reported_before(client: Client) -> bytes:
    """Do stops come before the access or after it?  LLDB's extensions: `qHostInfo`.

    This packet may tell much more. But without an answer to these two, lldb stops at an access
    again and again: it takes it for done and does not step over it.
    """
    client.is_lldb = True
    return b"watchpoint_exceptions_received:before;"
