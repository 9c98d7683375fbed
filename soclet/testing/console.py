"""The serial line of a machine under test, in pexpect's terms, with time-outs in ticks.

Each byte is looked at as it leaves, so that a pattern stops the machine at the tick at which its
last byte left. Must not know how machines are run.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol, TypeVar

from isa_spec.memory_map import TX
from machine.device import NEVER
from machine.events import SerialInput
from machine.happenings import PortStore
from machine.machine import Machine
from machine.outbox import Output
from machine.reason import Reason
from soclet.testing.failure import Failure
from soclet.testing.faults import Noise

Pattern = str | bytes | re.Pattern[str] | re.Pattern[bytes]
Ticks = int | str
"""A number, or text such as `10k`."""

Came = tuple[tuple[Output, ...], int]
"""What has come from a machine, and how many bytes of it were read."""

T = TypeVar("T")

_SHOWN: Final = 400
"""Characters of unread output that a failure shows."""
_WANTED: Final = 80
"""Characters of what was waited for that a failure shows."""


class Runs(Protocol):
    """Who lets the machine's time pass."""

    @property
    def machine(self) -> Machine:
        """The machine."""

    def advance(self, limit: int) -> Reason:
        """Run up to a tick, or until something stops the machine."""

    def deadline(self, ticks: Ticks | None) -> int:
        """Give the tick at which waiting for so many ticks from now is over."""

    def how_it_stands(self) -> str:
        """Say at which tick the machine is, and whether it has ended."""


class Console:
    """What the guest sends, and what is typed to it.

    noise: what the line does to the bytes that are typed, if anything.
    before, after, match: as pexpect has them, of the last `expect`: the unread output before what
    matched, what matched, and the match itself.
    """

    def __init__(self, runs: Runs, noise: Noise | None = None) -> None:
        self._runs: Final = runs
        self.noise = noise
        self._sent = bytearray()
        self._outputs: list[Output] = []
        self._taken = 0
        self._read = 0
        self._found: Callable[[], Any] | None = None
        self.before = ""
        self.after = ""
        self.match: re.Match[bytes] | None = None

    # What came

    @property
    def raw_output(self) -> bytes:
        """All that has left the machine."""
        self.collect()
        return bytes(self._sent)

    @property
    def sent(self) -> list[Output]:
        """All that has left the machine, byte by byte, with the ticks at which it did."""
        self.collect()
        return list(self._outputs)

    @property
    def output(self) -> str:
        """All that has left the machine, as text; bytes that are no UTF-8 are shown as escapes."""
        return _text(self.raw_output)

    @property
    def unread(self) -> str:
        """What has left since what the last `expect` matched."""
        self.collect()
        return _text(self._sent[self._read :])

    def expect(self, pattern: Pattern | Sequence[Pattern], *, ticks: Ticks | None = None) -> int:
        """Run until the unread output matches a regular expression; give which of several did.

        The machine stops as soon as one of them matches: `a+` never waits for a second a.
        Raises Failure where none has within `ticks`, or when nothing more can come.
        """
        __tracebackhide__ = True
        patterns = [pattern] if isinstance(pattern, str | bytes | re.Pattern) else list(pattern)
        compiled = [_compiled(each) for each in patterns]

        def found() -> tuple[int, re.Match[bytes]] | None:
            unread = bytes(self._sent[self._read :])
            matches = ((index, each.search(unread)) for index, each in enumerate(compiled))
            return next(((index, match) for index, match in matches if match), None)

        index, self.match = self._await(found, " or ".join(map(_shown, patterns)), ticks)
        self._take(self.match.start(), self.match.end())
        return index

    def expect_exact(
        self, text: str | bytes | Sequence[str | bytes], *, ticks: Ticks | None = None
    ) -> int:
        """Run until the unread output holds a text; give which of several it was.

        Raises Failure as `expect` does.
        """
        __tracebackhide__ = True
        texts = [text] if isinstance(text, str | bytes) else list(text)
        wanted = [_bytes(each) for each in texts]

        def found() -> tuple[int, int] | None:
            at = [(self._sent.find(each, self._read), index) for index, each in enumerate(wanted)]
            hits = [(index, where - self._read) for where, index in sorted(at) if where >= 0]
            return next(iter(hits), None)

        index, start = self._await(found, " or ".join(map(_shown, texts)), ticks)
        self.match = None
        self._take(start, start + len(wanted[index]))
        return index

    # What is typed

    def send(self, data: str | bytes, *, at: int | None = None) -> None:
        """Type something, now or at a tick; it waits on the line until the guest takes it."""
        sent = _bytes(data)
        event = SerialInput(sent if self.noise is None else self.noise.pass_on(sent))
        if at is None:
            self._runs.machine.post(event)
        elif at < self._runs.machine.cpu.time:
            raise ValueError(f"tick {at} is over: the machine is at {self._runs.machine.cpu.time}")
        else:
            self._runs.machine.schedule(at, event)

    def sendline(self, line: str | bytes = "", *, at: int | None = None) -> None:
        """Type a line, with the newline that ends it."""
        self.send(_bytes(line) + b"\n", at=at)

    # For who runs the machine

    def stored(self, store: PortStore) -> bool:
        """Look at a byte that the guest has put into TX; tell whether to stop there."""
        if store.address != TX.address:
            return False
        self.collect()
        return self._found is not None and (
            self._found() is not None or self._runs.machine.serial.departure < NEVER
        )

    def collect(self) -> None:
        """Take what has left the machine."""
        outputs = self._runs.machine.take_output()
        self._sent += bytes(output.byte for output in outputs)
        self._outputs += outputs

    def take_sent(self) -> list[Output]:
        """Give what has left the machine since the last call, with its ticks."""
        self.collect()
        sent = self._outputs[self._taken :]
        self._taken = len(self._outputs)
        return sent

    def keep(self) -> Came:
        """Give what has come and how much of it was read, to go back to."""
        self.collect()
        return tuple(self._outputs), self._read

    def go_back(self, came: Came) -> None:
        """Be as when that was kept."""
        self.collect()
        outputs, self._read = came
        self._outputs = list(outputs)
        self._sent = bytearray(output.byte for output in outputs)
        self._taken = len(outputs)

    def _await(self, found: Callable[[], T | None], wanted: str, ticks: Ticks | None) -> T:
        __tracebackhide__ = True
        runs, end = self._runs, self._runs.deadline(ticks)
        began = runs.machine.cpu.time
        self._found = found
        try:
            while True:
                self.collect()
                if (result := found()) is not None:
                    return result
                now = runs.machine.cpu.time
                if now >= end:
                    break
                reason = runs.advance(min(end, max(now + 1, runs.machine.serial.departure)))
                if reason not in (Reason.LIMIT, Reason.OBSERVED):
                    self.collect()
                    if (result := found()) is not None:
                        return result
                    break
        finally:
            self._found = None
        raise Failure(
            f"{wanted} did not come within {end - began:,} ticks: {runs.how_it_stands()}; "
            f"{self._unread_shown()}"
        )

    def _unread_shown(self) -> str:
        if self._read == len(self._sent):
            return "nothing else came" if self._sent else "nothing came"
        unread = self.unread
        return f"unread is {'…' if len(unread) > _SHOWN else ''}{unread[-_SHOWN:]!r}"

    def _take(self, start: int, end: int) -> None:
        """Count what matched as read; offsets are from what was read before."""
        unread = self._sent[self._read :]
        self.before, self.after = _text(unread[:start]), _text(unread[start:end])
        self._read += end


def _compiled(pattern: Pattern) -> re.Pattern[bytes]:
    if isinstance(pattern, re.Pattern):
        if isinstance(pattern.pattern, bytes):
            return pattern
        return re.compile(pattern.pattern.encode(), pattern.flags & ~re.UNICODE)
    return re.compile(_bytes(pattern), re.DOTALL)


def _shown(pattern: Pattern) -> str:
    shown = repr(pattern.pattern if isinstance(pattern, re.Pattern) else pattern)
    return shown if len(shown) <= _WANTED else f"{shown[:_WANTED]}…"


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", errors="backslashreplace")
