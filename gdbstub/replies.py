"""Replies that more than one packet gives: stops, errors, console text.

Knows their words (GDB manual: Stop Reply Packets, Standard Replies); must not know how a packet
is framed or when a reply is due.
"""

import errno
from collections.abc import Iterator
from typing import Final

from gdbstub.client import Client, Program
from gdbstub.framing import escape
from gdbstub.parsing import ANY_THREAD
from gdbstub.target import Exited, Killed, Reason, Restartable, Stop, StopEvent, TargetError

OK: Final = b"OK"
UNSUPPORTED: Final = b""

IF_OFFERED: Final = frozenset({Reason.SOFTWARE_BREAKPOINT, Reason.HARDWARE_BREAKPOINT})
"""Reasons told only to a client that offered to hear them."""

HISTORY: Final = frozenset({Reason.HISTORY_BEGIN, Reason.HISTORY_END})
"""Reasons that carry their value in their name."""

NO_PROGRAM: Final = TargetError("there is no program to debug any more", errno.ESRCH)


def stop_reply(client: Client, event: StopEvent) -> bytes:
    """Why the target is not running: `T`, `W` or `X`."""
    match event:
        case Exited(status):
            return b"W%02x" % (status & 0xFF)
        case Killed(signal):
            return b"X%02x" % signal
        case Stop(signal):
            reason = _reason(client, event)
            thread = thread_text(client.current_thread)
            expedited = client.own_registers.expedited()
            return b"T%02x%bthread:%b;%b" % (signal, reason, thread, expedited)


def thread_text(thread: int) -> bytes:
    """A thread's number as it is written."""
    return b"%02x" % thread


def _reason(client: Client, stop: Stop) -> bytes:
    word = stop.reason.value
    if stop.address is not None:
        return b"%b:%x;" % (word.encode(), stop.address)
    if stop.reason in IF_OFFERED and word in client.supports:
        return b"%b:;" % word.encode()
    if stop.reason in HISTORY:
        return b"%b;" % word.encode()
    return b""


def report(client: Client, event: StopEvent) -> bytes:
    """Answer a resume that is over: what there is to say about it, then the stop reply."""
    client.program = Program.GONE
    if isinstance(event, Stop):
        client.program = Program.HALTED
        client.choose_thread(ANY_THREAD)  # a stop chooses the thread that it names
        client.say_once(event.fault)
    elif isinstance(event, Exited) and isinstance(client.target, Restartable):
        client.target.exited(stay=client.extended)
    client.say(event.message)
    return stop_reply(client, event)


def error_reply(client: Client, error: TargetError) -> bytes:
    """`E.message` to a client that takes words, else `E NN`."""
    if "error-message" in client.supports:
        return b"E." + escape(error.message.encode("ascii", "replace"))
    return b"E%02x" % error.code


def command_reply(client: Client, answer: str | TargetError) -> bytes:
    """What came of a command (`qRcmd`).

    To a client that cannot take words for an error, the sentence is shown as output.
    """
    if isinstance(answer, TargetError):
        if "error-message" in client.supports:
            return error_reply(client, answer)
        answer = answer.message
    client.say(answer)
    return OK


def console_replies(text: str, packet_size: int) -> Iterator[bytes]:
    """`O` packets that show `text` on the client's console, each within `packet_size`."""
    digits = text.encode().hex().encode()
    room = (packet_size - 1) & ~1
    for at in range(0, len(digits), room):
        yield b"O" + digits[at : at + room]
