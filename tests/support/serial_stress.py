"""A guest that checks and echoes a known sequence, and clients of its line with bad habits.

The guest compares each byte with what it must be, so that its exit status vouches for the way in;
what the client is shown vouches for the way out. One seed decides what a client does.
"""

import errno
import fcntl
import functools
import os
import random
import select
import socket
import struct
import termios
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from soclet.lines.telnet import Decoder

HANG: Final = 120
"""Seconds without a byte either way that only a hang takes."""

KNOWN: Final = 32
"""Bytes by which a client that comes in the midst of the sequence knows where it is."""

_FIRST: Final = 0x12345678
_FACTOR: Final = 1_664_525
_TERM: Final = 1_013_904_223

_GUEST: Final = """
        .equ RX, 0x10
        .equ TX, 0x14
        .equ STATUS, 0x15
        .equ POWER_OFF, 0x20
        .equ RX_INTERRUPT, 0x20000
        .func start
        mov     r1, 1
        mov     r2, STATUS
        mov     r3, RX
        mov     r4, TX
        mov     r8, {size}
        mov     r9, {first}
        mov     r10, {factor}
        mov     r11, {term}
        mov     r12, 0x800000
        mov     r13, 0x1000000
        mov     imask, RX_INTERRUPT
byte:   mov     r6, [r2]
        condbr  r6 == 3, come
        condbr  r6 == 1, come
        wait
        mov     pc, byte
come:   mov     r7, [r3]
        mul     r9, r10
        add     r9, r11
        mov     r5, r9
        div     r5, r12
        sub     r5, r7
        mul     r5, r13                 ; nothing is left where the low bytes were the same
        condbr  r5 != 0, amiss
space:  mov     r6, [r2]
        condbr  r6 < 2, space
        mov     [r4], r7
        sub     r8, r1
        condbr  r8 != 0, byte
        mov     r0, 0
        mov     pc, off
amiss:  mov     r0, 1
off:    mov     r1, POWER_OFF
        mov     [r1], r0
        .endfunc
"""


def guest_text(size: int) -> str:
    """Give the source of a guest that ends with 0 after so many bytes, with 1 at a wrong one."""
    return _GUEST.format(size=size, first=_FIRST, factor=_FACTOR, term=_TERM)


@functools.cache
def sequence(size: int) -> bytes:
    """Give the bytes that the guest expects: all values, and nowhere the same again."""
    return bytes(_steps(size))


def _steps(size: int) -> Iterator[int]:
    state = _FIRST
    for _ in range(size):
        state = (state * _FACTOR + _TERM) & 0xFFFF_FFFF
        # The guest's division is signed and goes toward zero; a byte is the quotient's low one.
        if state < 0x8000_0000:
            yield state >> 23 & 0xFF
        else:
            yield -(0x1_0000_0000 - state >> 23) & 0xFF


@dataclass(frozen=True, slots=True)
class Habit:
    """How a client goes about it. Sizes in bytes, one of them by chance each time.

    stays: how many bytes it is shown at most before it leaves.
    rests: how often, of all turns, it lets the line wait, for so many seconds.
    buffer: what the host holds for it each way; 0 as the host likes.
    abrupt: whether it leaves without a farewell, and with bytes still to come to it.
    """

    name: str
    stays: int
    gives: tuple[int, ...] = (65_536,)
    takes: tuple[int, ...] = (65_536,)
    rests: float = 0.0
    seconds: float = 0.0
    buffer: int = 0
    abrupt: bool = False


HABITS: Final = (
    Habit("eager", 200_000),
    Habit("resetting", 150_000, (1, 900, 60_000), (1, 700, 60_000), abrupt=True),
    Habit("slow", 200_000, (512,), (512,), rests=1 / 16, seconds=0.001, buffer=4096),
    Habit(
        "stalling",
        300_000,
        (1, 900, 200_000),
        (1, 700, 300_000),
        rests=1 / 50,
        seconds=0.03,
        buffer=4096,
    ),
    Habit("byte by byte", 30_000, (1,), (1,)),
)

AHEAD: Final = 60_000
"""Most bytes that an abrupt client has given and not had back: fewer than a scroll-back holds."""


_IAC: Final = b"\xff"
_AGREES: Final = bytes.fromhex("fffd01 fffd03 fffd00 fffb03 fffb00")
"""What a telnet client says to what it is offered."""


class Console:
    """A connection to a line of any kind, by what its announcement says of where it is."""

    def __init__(self, where: str, buffer: int = 0, *, telnet: bool = False) -> None:
        self._telnet = Decoder() if telnet else None
        self._unwritten = b""
        self._connection: socket.socket | None = None
        if where.startswith("/dev/"):
            self.descriptor = os.open(where, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            return
        unix = where.startswith("/")
        self._connection = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        if buffer:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        host, _, port = where.rpartition(":")
        self._connection.connect(where if unix else (host, int(port)))
        self._connection.setblocking(False)
        self.descriptor = self._connection.fileno()
        if telnet:
            self._connection.sendall(_AGREES)

    def give(self, data: bytes) -> int:
        """Write what is taken; 0 where nothing is."""
        if self._telnet is None:
            return self._write(data)
        self._flush()
        if self._unwritten:
            return 0
        self._unwritten = data.replace(_IAC, 2 * _IAC)
        self._flush()
        return len(data)

    def _flush(self) -> None:
        self._unwritten = self._unwritten[self._write(self._unwritten) :]

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self.descriptor, data)
        except BlockingIOError:
            return 0

    def take(self, most: int) -> bytes:
        """Read what is there, nothing where nothing is."""
        if self._unwritten:
            self._flush()
        try:
            data = os.read(self.descriptor, most)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            data = b""
        if not data:
            raise AssertionError("the line has ended: the guest found a byte amiss")
        return data if self._telnet is None else self._telnet.data(data)

    def wait(self, *, to_give: bool) -> None:
        """Wait until something can be done."""
        poll = select.poll()
        writes = to_give or self._unwritten
        poll.register(self.descriptor, select.POLLIN | (select.POLLOUT if writes else 0))
        assert poll.poll(HANG * 1000), "neither a byte comes nor one is taken"

    @property
    def on_the_way(self) -> int:
        """Bytes given that a tcp line's host does not have: a reset would take them along."""
        if self._connection is None or self._connection.family == socket.AF_UNIX:
            return 0
        queued = fcntl.ioctl(self.descriptor, termios.TIOCOUTQ, bytes(4))
        return len(self._unwritten) + int(struct.unpack("i", queued)[0])

    def leave(self, *, abruptly: bool) -> None:
        """Go; abruptly, whatever has not been read, and without a farewell."""
        if self._connection is None:
            os.close(self.descriptor)
            return
        if abruptly:
            linger = struct.pack("ii", 1, 0)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._connection.close()


class Stress:
    """Clients of all habits, one after the other, until the sequence has been both ways.

    A client that says farewell has had back all that it gave, and so the next must go on exactly
    there. One that leaves abruptly may take along what its host held for it, and nothing else.
    """

    def __init__(self, where: str, size: int, seed: int, pid: int, *, telnet: bool = False) -> None:
        self.where = where
        self.telnet = telnet
        self.size = size
        self.pid = pid
        self.given = 0
        self.reached = 0
        self.shown = 0
        self.clients: Counter[str] = Counter()
        self.residents: list[tuple[int, int]] = []
        self.most_descriptors = 0
        self._all = sequence(size)
        self._chance = random.Random(seed)

    def run(self) -> None:
        """Raise AssertionError where a byte is amiss."""
        while self.reached < self.size:
            for habit in self._chance.sample(HABITS, len(HABITS)):
                if self.reached < self.size:
                    self._be_a_client(habit)

    def _be_a_client(self, habit: Habit) -> None:
        exact = self.given == self.reached
        self.clients[habit.name] += 1
        console = Console(self.where, habit.buffer, telnet=self.telnet)
        place = _Place(self._all, self.reached, exact=exact)
        stays = self._chance.randrange(KNOWN, habit.stays)
        most = min(self.size, self.given + stays + AHEAD * habit.abrupt)
        # So that whoever comes next is shown enough to know where it is.
        abrupt = habit.abrupt and most <= self.size - KNOWN
        try:
            while self.reached < self.size:
                if not abrupt and self.given == self.reached == most:
                    break
                leaves = abrupt and place.seen >= stays
                if leaves and not console.on_the_way:
                    break
                self._turn(console, place, habit, 0 if leaves else most)
        finally:
            self.shown += place.seen
            console.leave(abruptly=habit.abrupt)

    def _turn(self, console: Console, place: "_Place", habit: Habit, most: int) -> None:
        end = min(most, self.reached + AHEAD) if habit.abrupt else most
        gives = self.given < end
        given = 0
        if gives:
            end = min(end, self.given + self._chance.choice(habit.gives))
            given = console.give(self._all[self.given : end])
            self.given += given
        taken = console.take(self._chance.choice(habit.takes))
        if taken:
            self._look(self.reached, place.see(taken))
        elif not given and most:
            console.wait(to_give=gives)
        if habit.rests and self._chance.random() < habit.rests:
            time.sleep(habit.seconds)

    def _look(self, before: int, now: int) -> None:
        """Note how much memory the machine's process has, twenty times in all."""
        self.reached = now
        step = max(1, self.size // 20)
        if before // step != now // step:
            self.residents.append((now, resident(self.pid)))
            self.most_descriptors = max(self.most_descriptors, descriptors_of(self.pid))

    def figures(self, seconds: float) -> str:
        """Give what there was, for a person."""
        clients = ", ".join(f"{count} {name}" for name, count in self.clients.items())
        now = self.residents[-1][1]
        return (
            f"{self.size:,} bytes each way in {seconds:.0f} s, {self.shown:,} of them shown to "
            f"{self.clients.total()} clients ({clients}); {now:,} bytes resident, "
            f"{self.growth:,} more than after a quarter; {self.most_descriptors} descriptors"
        )

    @property
    def growth(self) -> int:
        """Bytes by which the process has grown since a quarter of all had been both ways."""
        early = max(size for at, size in self.residents if at <= self.size * 3 // 10)
        return max(size for _, size in self.residents) - early


class _Place:
    """Where in the sequence a client is: it sees a piece without a gap, after all seen before."""

    def __init__(self, whole: bytes, start: int, *, exact: bool) -> None:
        self._whole = whole
        self._at = start
        self._known = exact
        self._unplaced = b""
        self.seen = 0

    def see(self, data: bytes) -> int:
        """Take the next bytes that are shown; give where in the sequence that is."""
        if not self._known:
            self._unplaced += data
            if len(self._unplaced) < KNOWN:
                return self._at
            data, self._known = self._unplaced, True
            start = self._whole.find(data, self._at)
            assert start >= 0, f"after {self._at} bytes: shown again, in another order, or amiss"
            self._at = start
        assert self._whole.startswith(data, self._at), f"amiss after {self._at} bytes"
        self._at += len(data)
        self.seen += len(data)
        return self._at


def resident(pid: int) -> int:
    """Give the bytes of memory that a process has."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "VmRSS":
            return int(amount.removesuffix("kB")) * 1024
    return 0


def descriptors_of(pid: int) -> int:
    """Count a process's open descriptors."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
