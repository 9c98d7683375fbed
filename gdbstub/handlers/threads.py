"""Threads: which there are, and which one is meant.

Knows how a client asks about them; must not know what a thread of the target is. A target without
the ability has one, which has number 1 and nothing to be told about.
"""

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.documents import threads_xml
from gdbstub.handlers.transfer import piece
from gdbstub.registry import packet
from gdbstub.replies import OK, thread_text
from gdbstub.target import TargetError, ThreadInfo, Threads


@packet(b"H")
def choose_thread(client: Client, arguments: bytes) -> bytes:
    """Will the next operations be about this thread?  GDB manual: `H op thread-id`."""
    operation, thread = arguments[:1], parsing.thread(arguments[1:])
    if operation not in (b"g", b"c"):
        raise TargetError("threads are chosen for the operations g and c")
    client.check_thread(thread)
    if operation == b"g":
        client.choose_thread(thread)
    else:
        client.resumed_thread = thread
    return OK


@packet(b"T")
def is_alive(client: Client, arguments: bytes) -> bytes:
    """Is this thread still there?  GDB manual: `T thread-id`."""
    client.check_thread(parsing.thread(arguments))
    return OK


@packet(b"qC")
def current_thread(client: Client) -> bytes:
    """Which thread is current?  GDB manual: `qC`."""
    return b"QC" + thread_text(client.chosen_thread)


@packet(b"qfThreadInfo")
def first_threads(client: Client) -> bytes:
    """Which threads are there?  GDB manual: `qfThreadInfo`."""
    client.threads_to_list = [each.id for each in client.all_threads()]
    return further_threads(client)


@packet(b"qsThreadInfo")
def further_threads(client: Client) -> bytes:
    """Which more?  GDB manual: `qsThreadInfo`."""
    reply = b""
    while client.threads_to_list:
        text = thread_text(client.threads_to_list[0])
        if len(reply) + 1 + len(text) > client.packet_size:
            break
        reply += (b"," if reply else b"m") + text
        del client.threads_to_list[0]
    return reply or b"l"


@packet(b"qThreadExtraInfo,")
def describe_thread(client: Client, target: Threads, arguments: bytes) -> bytes:
    """What is to be told about this thread?  GDB manual: `qThreadExtraInfo,thread-id`."""
    wanted = parsing.thread(arguments)
    for each in target.threads():
        if each.id == wanted:
            return _description(each).encode()[: client.packet_size // 2].hex().encode()
    raise TargetError(f"there is no thread {wanted}")


def _description(thread: ThreadInfo) -> str:
    return ": ".join(text for text in (thread.name, thread.extra) if text)


@packet(b"qXfer:threads:read:", features=("qXfer:threads:read",))
def list_threads(client: Client, target: Threads, arguments: bytes) -> bytes:
    """Which threads are there, as XML?  GDB manual: `qXfer:threads:read::offset,length`."""
    return piece(client, {b"": threads_xml(target.threads())}, arguments)
