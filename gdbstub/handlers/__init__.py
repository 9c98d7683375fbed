"""The handlers, one function for each packet; importing this declares them all.

So whoever wants to know which packets there are asks `packets_for` from here. Handlers know the
GDB manual and the target's abilities; they must not know framing or sockets.
"""

from gdbstub.handlers import (
    breakpoints,
    connection,
    execution,
    files,
    flash,
    lifecycle,
    memory,
    monitor,
    registers,
    reverse,
    search,
    threads,
    transfer,
    watchpoints,
)
from gdbstub.registry import packets_for

__all__ = [
    "breakpoints",
    "connection",
    "execution",
    "files",
    "flash",
    "lifecycle",
    "memory",
    "monitor",
    "packets_for",
    "registers",
    "reverse",
    "search",
    "threads",
    "transfer",
    "watchpoints",
]
