"""Threads, of which there is one.

Knows how a client asks about them; must not know what a thread of the target is.
"""

from gdbstub import parsing
from gdbstub.parsing import THE_THREAD_TEXT
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import TargetError


@packet(b"H")
def choose_thread(arguments: bytes) -> bytes:
    """Will the next operations be about this thread?  GDB manual: `H op thread-id`."""
    if arguments[:1] not in (b"g", b"c"):
        raise TargetError("threads are chosen for the operations g and c")
    parsing.thread(arguments[1:])
    return OK


@packet(b"T")
def is_alive(arguments: bytes) -> bytes:
    """Is this thread still there?  GDB manual: `T thread-id`."""
    parsing.thread(arguments)
    return OK


@packet(b"qC")
def current_thread() -> bytes:
    """Which thread is current?  GDB manual: `qC`."""
    return b"QC" + THE_THREAD_TEXT


@packet(b"qfThreadInfo")
def first_threads() -> bytes:
    """Which threads are there?  GDB manual: `qfThreadInfo`."""
    return b"m" + THE_THREAD_TEXT


@packet(b"qsThreadInfo")
def further_threads() -> bytes:
    """Which more?  GDB manual: `qsThreadInfo`."""
    return b"l"
