"""Setting and clearing breakpoints.

Knows how they are named on the wire; must not know how a target stops at one.
"""

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import BreakpointKind, Breakpoints


@packet(b"Z0", features=("swbreak",))
def set_software_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop before this instruction?  GDB manual: `Z0,addr,kind`."""
    client.set_breakpoint(target, BreakpointKind.SOFTWARE, _address(arguments))
    return OK


@packet(b"z0")
def clear_software_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop there no longer?  GDB manual: `z0,addr,kind`."""
    client.clear_breakpoint(target, BreakpointKind.SOFTWARE, _address(arguments))
    return OK


@packet(b"Z1", features=("hwbreak",))
def set_hardware_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop before this instruction, leaving memory alone?  GDB manual: `Z1,addr,kind`."""
    client.set_breakpoint(target, BreakpointKind.HARDWARE, _address(arguments))
    return OK


@packet(b"z1")
def clear_hardware_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop there no longer?  GDB manual: `z1,addr,kind`."""
    client.clear_breakpoint(target, BreakpointKind.HARDWARE, _address(arguments))
    return OK


def _address(arguments: bytes) -> int:
    """The address; the kind must be a number, and is ignored: clients vary it for one place."""
    address, _kind = parsing.place(arguments.removeprefix(b","))
    return address
