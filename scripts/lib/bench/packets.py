"""What is measured by packets: round trips, bytes of memory, and how soon Ctrl-C stops.

Every measurement asks one thing after the other, as gdb does, of any server alike.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from client import Client, Refused, escape, frame
from guests import Guest
from work import Samples, Work

LONGEST_RUN: Final = 0.005
"""Seconds after which Ctrl-C comes at the latest."""

_RUN: Final = frame(b"c")
_CTRL_C: Final = b"\x03"
_SIGINT: Final = b"T02"


def measure(port: int, guest: Guest, work: Work, chance: random.Random) -> Iterator[Samples]:
    """Take one measurement after the other of the server at a port, whose guest is at its start.

    What a server cannot do is an empty step, so that the steps of several can be taken in turn.
    """
    with Client(port) as client:
        yield {}  # None is measured while another still starts.
        for name, packet in {"p": b"p%x" % guest.pc, "g": b"g", "s": b"s"}.items():
            seconds = _seconds(client, [frame(packet)], work.round_trips)
            yield {name: [work.round_trips / seconds]}
        yield from _measure_memory(client, guest, work, chance)
        yield {"interrupt": interrupts(client, work.interrupts, chance)}
        if b"ConditionalBreakpoints+" in client.features:
            client.expect(b"Z0,%x,4;%b" % (guest.loop, _never(guest)), b"OK")
            yield {"interrupt-deciding": interrupts(client, work.interrupts, chance)}
        else:
            yield {}


def _measure_memory(
    client: Client, guest: Guest, work: Work, chance: random.Random
) -> Iterator[Samples]:
    """Write, then read, what is as full of bytes to be escaped as any data."""
    size = (client.packet_size - 32) // 2
    data = chance.randbytes(size)
    places = [guest.data + size * number for number in range(64)]
    forms: dict[str, Callable[[int], bytes]] = {
        "M": lambda at: b"M%x,%x:%b" % (at, size, data.hex().encode()),
        "X": lambda at: b"X%x,%x:%b" % (at, size, escape(data)),
        "m": lambda at: b"m%x,%x" % (at, size),
        "x": lambda at: b"x%x,%x" % (at, size),
    }
    times = max(1, work.bytes // size)
    for name, form in forms.items():
        try:
            client.ask(form(places[0]))
        except Refused:
            yield {}
            continue
        seconds = _seconds(client, [frame(form(at)) for at in places], times)
        yield {name: [times * size / seconds / 1e6]}


def _seconds(client: Client, packets: Sequence[bytes], times: int) -> float:
    """Exchange packets one after the other, so often in all; raises Refused for an error."""
    count = len(packets)
    started = time.perf_counter()
    for number in range(times):
        reply = client.exchange(packets[number % count])
        if reply[:1] == b"E":
            raise Refused(f"{packets[number % count][:40]!r} was answered with {reply!r}")
    return time.perf_counter() - started


def interrupts(client: Client, times: int, chance: random.Random) -> list[float]:
    """Milliseconds from sending Ctrl-C to having the stop, after short runs."""
    spent = []
    for _ in range(times):
        client.send(_RUN)
        time.sleep(chance.uniform(0, LONGEST_RUN))
        started = time.perf_counter()
        client.send(_CTRL_C)
        reply = client.reply()
        spent.append((time.perf_counter() - started) * 1e3)
        if not reply.startswith(_SIGINT):
            raise Refused(f"Ctrl-C was answered with {reply!r}")
    return spent


def _never(guest: Guest) -> bytes:
    """The condition, in agent bytecode, that the counter is at its largest."""
    code = b"\x26%b\x24\xff\xff\xff\xff\x13\x27" % guest.counter.to_bytes(2, "big")
    return b"X%x,%b" % (len(code), code.hex().encode())
