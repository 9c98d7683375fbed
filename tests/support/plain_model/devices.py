"""The devices behind the I/O page: the timer, the serial line, and their ports."""

from plain_model.trap import RX_WAITING, TIMER, TX_SPACE

NEVER = 0xFFFF_FFFF_FFFF_FFFF  # ISA manual §6: a deadline of all ones is never
FIFO_SIZE = 16  # ISA manual §6: RX and TX hold 16 bytes each

TIME_PORT = 0x0004
DEADLINE_PORT = 0x0005
RX_PORT = 0x0010
TX_PORT = 0x0014
STATUS_PORT = 0x0015
POWER_PORT = 0x0020
PENDING_PORT = 0x0024
SIZE_PORT = 0x0028


class NoSuchPort(Exception):  # noqa: N818 - the caller turns it into trap 6
    """No port at this address, or the port is used in a direction that is not listed."""


class SerialLine:
    """Two FIFOs and a line on which each byte takes byte_ticks ticks (0: no time at all)."""

    def __init__(self, byte_ticks: int) -> None:
        self.byte_ticks = byte_ticks
        self.rx: list[int] = []
        self.tx: list[int] = []
        self.sent = bytearray()
        self.coming: list[tuple[int, int]] = []  # (tick from which it is available, byte)
        self.last_entered = 0  # tick at which the last byte entered RX
        self.room_made = 0  # tick at which RX last ceased to be full
        self.head_leaves = 0  # tick at which tx[0] leaves

    def next_arrival(self) -> int:
        """Return the tick at which the next byte on the line enters RX, given that it has room."""
        available, _ = self.coming[0]
        # A byte takes byte_ticks after it became available and after the one before it entered;
        # one that found RX full enters at the very tick at which room is made.
        arrives = max(available, self.last_entered) + self.byte_ticks
        return max(arrives, self.room_made)

    def advance(self, time: int) -> None:
        """Let everything happen that happens on the line up to and at this tick."""
        while self.tx and self.head_leaves <= time:
            self.sent.append(self.tx.pop(0))
            self.head_leaves += self.byte_ticks
        while self.coming and len(self.rx) < FIFO_SIZE and self.next_arrival() <= time:
            self.last_entered = self.next_arrival()
            _, byte = self.coming.pop(0)
            self.rx.append(byte)

    def receive(self, time: int) -> int:
        """Take the next byte from RX, 0 where none waits (ISA manual §6)."""
        if not self.rx:
            return 0
        if len(self.rx) == FIFO_SIZE:
            self.room_made = time
        return self.rx.pop(0)

    def send(self, byte: int, time: int) -> None:
        """Put a byte into TX; it is dropped where there is no space (ISA manual §6)."""
        if len(self.tx) == FIFO_SIZE:
            return
        if not self.tx:
            self.head_leaves = time + self.byte_ticks
        self.tx.append(byte)

    def has_space(self) -> bool:
        """Tell whether TX takes another byte."""
        return len(self.tx) < FIFO_SIZE


class Devices:
    """The I/O page: what each port does when it is loaded and stored (ISA manual §6)."""

    def __init__(self, memory_size: int, byte_ticks: int) -> None:
        self.memory_size = memory_size
        self.line = SerialLine(byte_ticks)
        self.deadline = NEVER
        self.latched_high: int | None = None  # the half-done pair of loads of the time
        self.stored_low: int | None = None  # the half-done pair of stores of the deadline
        self.exit_status: int | None = None

    def pending(self, time: int) -> int:
        """Return the interrupts whose reason holds now, bit n for interrupt n (ISA manual §5)."""
        pending = 0
        # §6: pending while time ≥ deadline; all ones is never, even when time is all ones.
        if self.deadline != NEVER and time >= self.deadline:
            pending = pending | 1 << TIMER
        if self.line.rx:
            pending = pending | 1 << RX_WAITING
        if self.line.has_space():
            pending = pending | 1 << TX_SPACE
        return pending

    def wake_up_tick(self, time: int, imask: int) -> int | None:
        """Return the earliest tick at which (pending and imask) ≠ 0; None: never (§3)."""
        if self.pending(time) & imask:
            return time
        moments = []
        # A masked interrupt moves nothing (§3).
        if imask & 1 << TIMER and self.deadline != NEVER:
            moments.append(self.deadline)
        if imask & 1 << RX_WAITING and self.line.coming:
            moments.append(self.line.next_arrival())
        if imask & 1 << TX_SPACE:
            moments.append(self.line.head_leaves)
        return min(moments, default=None)

    def load(self, port: int, time: int) -> int:
        """Load a port with its side effects."""
        if port == TIME_PORT:
            # §6: the first load gives the low word and latches the high one for the second.
            if self.latched_high is None:
                self.latched_high = time >> 32
                return time & 0xFFFFFFFF
            high = self.latched_high
            self.latched_high = None
            return high
        if port == RX_PORT:
            byte = self.line.receive(time)
            self.line.advance(time)  # room was made: a waiting byte enters at once
            return byte
        if port == STATUS_PORT:
            status = 0
            if self.line.rx:
                status = status | 0x01
            if self.line.has_space():
                status = status | 0x02
            return status
        if port == PENDING_PORT:
            return self.pending(time)
        if port == SIZE_PORT:
            return self.memory_size
        raise NoSuchPort

    def store(self, port: int, word: int, time: int) -> None:
        """Store to a port."""
        if port == TIME_PORT:
            # §6: any value forgets a half-done pair of loads or stores of the timer.
            self.latched_high = None
            self.stored_low = None
        elif port == DEADLINE_PORT:
            # §6: low word, then high word; armed by the second store.
            if self.stored_low is None:
                self.stored_low = word
            else:
                self.deadline = word << 32 | self.stored_low
                self.stored_low = None
        elif port == TX_PORT:
            self.line.send(word & 0xFF, time)
            self.line.advance(time)  # without a rate the byte leaves at once
        elif port == POWER_PORT:
            self.exit_status = word & 0xFF
        else:
            raise NoSuchPort
