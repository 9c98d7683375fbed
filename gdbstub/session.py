"""The conversation with one client, without a socket: bytes in, bytes out.

Knows when which packet may be answered; must not know what any packet means (the handlers do),
nor where bytes come from. A client of garbage gets no answer and does no harm: the target is
halted for it only when its first well-formed packet has come.
"""

from collections import deque
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from gdbstub.client import Client, Program
from gdbstub.framing import (
    ACK,
    NACK,
    Ack,
    BadChecksum,
    Event,
    Framing,
    Interrupt,
    Malformed,
    Nack,
    NotGdb,
    Oversize,
    Packet,
    encode,
)
from gdbstub.handlers import packets_for
from gdbstub.registry import dispatch_tables, name_of
from gdbstub.replies import (
    NO_PROGRAM,
    UNSUPPORTED,
    command_reply,
    console_replies,
    error_reply,
    report,
)
from gdbstub.target import StopEvent, Target, TargetError

PACKET_SIZE: Final = 0x4000
"""Bytes between `$` and `#` that are taken and given, unless said otherwise."""

MOST_RESENDS: Final = 3
MOST_WAITING: Final = 1024

ENOUGH_OUTPUT: Final = 0x4_0000
"""Bytes of replies after which a client is to read before it is answered further."""


class Session:
    """One client of one target.

    `packet_size` (64 or more) is advertised and kept to the byte. `run_length` shortens replies
    for a slow line. Once `leaving` is true, the connection is to be closed after what was
    returned has been sent.
    """

    def __init__(
        self, target: Target, *, packet_size: int = PACKET_SIZE, run_length: bool = False
    ) -> None:
        self._target = target
        self._client = Client(target, packet_size)
        self._tables = dispatch_tables(packets_for(target))
        self._framing = Framing(packet_size)
        self._run_length = run_length
        self._met = False
        self._interrupted = False
        self._unanswered: deque[Event] = deque()
        self._waiting: deque[bytes] = deque()
        self._output = bytearray()
        self._last = b""
        self._resends = 0

    @property
    def leaving(self) -> bool:
        """Whether the connection is to be closed."""
        return self._client.leaving

    @property
    def running(self) -> bool:
        """Whether the client waits for a stop reply."""
        return self._client.program is Program.RUNNING

    @property
    def awaited(self) -> bool:
        """Whether the client waits for the target: for a stop, or for what comes of a command."""
        return self.running or self.commanded

    @property
    def commanded(self) -> bool:
        """Whether the client waits for what comes of a command: then `reassure` it now and then."""
        return self._client.program is Program.COMMANDED

    # --------------------------------------------------------------- from outside

    @property
    def backlog(self) -> bool:
        """Whether there is more to answer once what was answered is sent: then call `proceed`."""
        return bool(self._unanswered or (self._waiting and not self.awaited))

    def receive(self, data: bytes) -> bytes:
        """Take the client's next bytes; give those to send to it, and see to the `backlog`."""
        self._unanswered.extend(self._framing.feed(data))
        return self.proceed()

    def proceed(self) -> bytes:
        """Answer what has come, up to enough for once; give the bytes to send."""
        while self.backlog and not self._client.leaving and len(self._output) < ENOUGH_OUTPUT:
            if self._waiting and not self.awaited:
                self._handle(self._waiting.popleft())
            else:
                event = self._unanswered.popleft()
                self._REACTIONS[type(event)](self, event)
        return self._take_output()

    def stopped(self, event: StopEvent) -> bytes:
        """The running target has stopped; give the bytes to send, none where nobody waits."""
        if self.running:
            self._finish(event)
        return self.proceed()

    def answered(self, answer: str | TargetError) -> bytes:
        """A command that took time is over; give the bytes to send, none where nobody waits."""
        if self.commanded:
            self._answer(answer)
        return self.proceed()

    def reassure(self) -> bytes:
        """Give what tells the client that its command goes on: output, of which there is none.

        gdb shows an error every two seconds (`set remotetimeout`) in which it hears nothing.
        """
        if self.commanded:
            self._send(b"O")
        return self._take_output()

    def console(self, text: str) -> bytes:
        """Show text on the client's console, which can be done only while the target runs."""
        if self.running:
            self._client.say(text)
            self._send_console()
        return self._take_output()

    def close(self) -> None:
        """The connection is gone: the target stays as it is, without this client's breakpoints."""
        self._client.leaving = True
        self._client.abandon()

    # --------------------------------------------------------------- events of the framing

    def _on_packet(self, event: Packet) -> None:
        self._meet()
        self._acknowledge(ACK)
        if not self.awaited:
            self._handle(event.payload)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting.append(event.payload)
        else:
            self._client.leaving = True

    def _on_interrupt(self, _event: Interrupt) -> None:
        """Stop the running target, once, or the command; a halted one as soon as it goes on.

        GDB manual: Interrupts. gdb sends Ctrl-C before the resume that it is meant for where the
        key is pressed at that moment. But one that follows a Ctrl-C's stop is the same, pressed
        twice.
        """
        if self.running:
            self._interrupt()
        elif self.commanded:
            self._client.give_up()
            self._answer(TargetError("given up"))
        elif self._client.program is Program.HALTED and not self._client.just_interrupted:
            self._client.interrupt_due = self._met

    def _interrupt(self) -> None:
        if self._interrupted:
            return
        self._interrupted = True
        stop = self._target.interrupt()
        if stop is not None:
            self._finish(stop)

    def _on_ack(self, _event: Ack) -> None:
        self._last = b""

    def _on_nack(self, _event: Nack) -> None:
        """Send the last reply again, but not for ever."""
        if self._client.acknowledges and self._resends < MOST_RESENDS:
            self._resends += 1
            self._emit(self._last)

    def _on_bad_checksum(self, _event: BadChecksum) -> None:
        """Ask for it again; where nobody acknowledges, an error keeps the client from waiting."""
        if self._client.acknowledges:
            self._acknowledge(NACK)
        elif self._met:
            self._refuse("the checksum of the packet is wrong")

    def _on_oversize(self, _event: Oversize) -> None:
        if self._met:
            self._acknowledge(ACK)
            self._refuse(f"a packet is at most {self._client.packet_size} bytes long")

    def _on_malformed(self, _event: Malformed) -> None:
        """The packet that cut it short follows, and is what the client wants answered."""

    def _on_not_gdb(self, _event: NotGdb) -> None:
        self._client.leaving = True

    _REACTIONS: ClassVar[Mapping[type, Callable[["Session", Any], None]]] = MappingProxyType(
        {
            Packet: _on_packet,
            Interrupt: _on_interrupt,
            Ack: _on_ack,
            Nack: _on_nack,
            BadChecksum: _on_bad_checksum,
            Oversize: _on_oversize,
            Malformed: _on_malformed,
            NotGdb: _on_not_gdb,
        }
    )

    # --------------------------------------------------------------- packets and replies

    def _handle(self, payload: bytes) -> None:
        """Answer a packet, which nobody has before."""
        self._client.just_interrupted = False
        name = name_of(payload)
        handler = self._tables[self._client.program].get(name)
        try:
            if handler is not None:
                reply = handler(self._client, self._target, payload[len(name) :])
            elif name in self._tables[Program.HALTED]:
                raise NO_PROGRAM
            else:
                reply = UNSUPPORTED
        except TargetError as error:
            reply = error_reply(self._client, error)
        if reply is not None:
            self._reply(reply)
        if self.running and self._client.interrupt_due:
            self._client.interrupt_due = False
            self._interrupt()

    def _finish(self, event: StopEvent) -> None:
        """Tell the stop that the client waits for."""
        self._client.just_interrupted, self._interrupted = self._interrupted, False
        self._reply(report(self._client, event))

    def _answer(self, answer: str | TargetError) -> None:
        """Tell what came of the command that the client waits for."""
        self._client.program = Program.HALTED
        self._reply(command_reply(self._client, answer))

    def _refuse(self, why: str) -> None:
        """An error in reply to a packet that never got to its handler."""
        if not self.awaited:
            self._reply(error_reply(self._client, TargetError(why)))

    def _reply(self, payload: bytes) -> None:
        self._send_console()
        self._send(payload)

    def _send_console(self) -> None:
        for text in self._client.take_console():
            for payload in console_replies(text, self._client.packet_size):
                self._send(payload)

    def _send(self, payload: bytes) -> None:
        self._last = encode(payload, run_length=self._run_length)
        self._resends = 0
        self._emit(self._last)

    def _acknowledge(self, mark: bytes) -> None:
        if self._client.acknowledges:
            self._emit(mark)

    def _emit(self, data: bytes) -> None:
        self._output += data

    def _meet(self) -> None:
        """Halt the target for a client that has shown to be a debugger."""
        if not self._met:
            self._met = True
            self._client.attach()

    def _take_output(self) -> bytes:
        output = bytes(self._output)
        self._output.clear()
        return output
