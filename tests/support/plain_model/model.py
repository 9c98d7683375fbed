"""The CPU of the plain model: one instruction after the other, as the ISA manual says it."""

from plain_model.devices import Devices, NoSuchPort
from plain_model.form import check_form
from plain_model.registers import (
    CAUSE,
    DETAIL,
    EPC,
    ESTATUS,
    IMASK,
    INTERRUPTS,
    IVEC,
    KERNEL,
    LINK,
    PC,
    PTBR,
    REGISTER_NAMES,
    STATUS,
    VIRTUAL,
    kept,
)
from plain_model.translation import in_memory, put_word, translate, word_at
from plain_model.trap import (
    BREAKPOINT,
    DIVISION_BY_ZERO,
    FETCH,
    LOAD,
    MISALIGNED,
    NOTHING_THERE,
    STORE,
    SYSTEM_CALL,
    Trap,
)

NO_LIMIT = 2**64  # beyond every tick there is

# What step() reports. The first four say that nothing can happen (any more, or before the limit).
ENDS = ("limit", "power-off", "check-stop", "asleep")


def signed(word: int) -> int:
    """Return a word read as a two's complement number."""
    if word >= 0x80000000:
        return word - 0x100000000
    return word


class Model:
    """A machine after reset, memory all zeros, nobody on the serial line, no debugger."""

    def __init__(self, memory_size: int, byte_ticks: int = 0) -> None:
        self.memory = bytearray(memory_size)
        self.devices = Devices(memory_size, byte_ticks)
        # §1: after reset.
        self.register = [0] * len(REGISTER_NAMES)
        self.register[PC] = 0x1000
        self.register[STATUS] = KERNEL
        self.time = 0
        self.asleep = False
        self.check_stopped = False
        self.instruction = b""  # the one fetched last, empty where the fetch itself trapped
        self.next_pc = 0

    @property
    def registers(self) -> dict[str, int]:
        """The registers by name."""
        return dict(zip(REGISTER_NAMES, self.register, strict=True))

    @property
    def output(self) -> bytes:
        """The bytes that have left TX."""
        return bytes(self.devices.line.sent)

    @property
    def exit_status(self) -> int | None:
        """The low byte stored to the power-off port; None as long as the power is on."""
        return self.devices.exit_status

    @property
    def pending(self) -> int:
        """The pending interrupts, masked or not."""
        return self.devices.pending(self.time)

    def load(self, address: int, data: bytes) -> None:
        """Put bytes into physical memory; ValueError where they reach beyond it."""
        if address + len(data) > len(self.memory):
            raise ValueError(f"{len(data)} bytes at {address:#x} reach beyond memory")
        self.memory[address : address + len(data)] = data

    def feed(self, tick: int, data: bytes) -> None:
        """Make bytes available on the serial line from this tick on; call in order of ticks."""
        for byte in data:
            self.devices.line.coming.append((tick, byte))
        self.devices.line.advance(self.time)

    def run(self, limit_tick: int) -> str:
        """Run before the first instruction that would begin at limit_tick; say how it ended."""
        while True:
            happened = self.step(limit_tick)
            if happened in ENDS:
                return happened

    def step(self, limit_tick: int = NO_LIMIT) -> str:
        """Do one thing: sleep, enter an interrupt, or take one instruction or its trap.

        Returns 'sleep', 'interrupt', 'instruction' or 'trap', or one of ENDS where nothing is
        left to do. A sleep lasts until something wakes the machine or until the limit.
        """
        # Power-off and check-stop win over the limit, the limit over sleeping for ever.
        if self.exit_status is not None:
            return "power-off"
        if self.check_stopped:
            return "check-stop"
        if self.time >= limit_tick:
            return "limit"
        imask = self.register[IMASK]
        if self.asleep:
            # §3, the virtual clock: skip to the earliest moment at which something is pending.
            wake_up = self.devices.wake_up_tick(self.time, imask)
            if wake_up is None:
                return "asleep"  # §3: sleeps for ever, and time stays where it is
            self.time = min(wake_up, limit_tick)
            self.asleep = self.time < wake_up
            self.devices.line.advance(self.time)
            return "sleep"
        # §5: before each fetch, with status bit 2 set, the lowest-numbered interrupt that is
        # pending and let through. Entering it takes no tick (§3).
        if self.register[STATUS] & INTERRUPTS:
            let_through = self.pending & imask
            for vector in range(16, 32):
                if let_through & 1 << vector:
                    self.enter(vector, vector, 0, self.register[PC])
                    return "interrupt"
        happened = self.take_instruction()
        # §3: an instruction that completes, and one that raises a trap, take one tick each.
        self.time = (self.time + 1) % 2**64
        self.devices.line.advance(self.time)
        return happened

    def take_instruction(self) -> str:
        """Fetch and perform one instruction, or enter its trap."""
        pc = self.register[PC]
        self.instruction = b""
        try:
            self.instruction = self.fetch(pc)
            # §2: the address of the next instruction is taken modulo 2^32.
            self.next_pc = (pc + 8) % 2**32
            kernel = self.register[STATUS] & KERNEL != 0
            check_form(self.instruction, kernel)
            self.perform()
        except Trap as trap:
            # §5: epc is the instruction's address; for 8 and 9 that of the next one.
            epc = pc
            if trap.vector in (SYSTEM_CALL, BREAKPOINT):
                epc = self.next_pc
            self.enter(trap.vector, trap.vector + trap.kind, trap.detail, epc)
            return "trap"
        self.register[PC] = self.next_pc
        return "instruction"

    def enter(self, vector: int, cause: int, detail: int, epc: int) -> None:
        """Enter a trap or an interrupt, or check-stop (ISA manual §5)."""
        self.register[EPC] = epc
        self.register[ESTATUS] = self.register[STATUS]
        self.register[CAUSE] = cause
        self.register[DETAIL] = detail
        # The vector word must lie in memory, and so must the whole first instruction of the
        # handler, at a multiple of 8; else pc and status stay as they are.
        vector_address = self.register[IVEC] + 4 * vector
        if not in_memory(self.memory, vector_address):
            self.check_stopped = True
            return
        handler = word_at(self.memory, vector_address)
        if handler % 8 != 0 or not in_memory(self.memory, handler):
            self.check_stopped = True
            return
        self.register[STATUS] = KERNEL
        self.register[PC] = handler

    def physical(self, address: int, kind: int) -> int:
        """Translate an address where translation is on (ISA manual §4)."""
        status = self.register[STATUS]
        if status & VIRTUAL == 0:
            return address
        user = status & KERNEL == 0
        return translate(self.memory, self.register[PTBR], user, address, kind)

    def fetch(self, address: int) -> bytes:
        """Fetch eight bytes. §4: alignment, then translation, then range."""
        if address % 8 != 0:
            raise Trap(MISALIGNED, address, FETCH)
        physical = self.physical(address, FETCH)
        # §4: a fetch from the I/O page is trap 6 as well.
        if not in_memory(self.memory, physical):
            raise Trap(NOTHING_THERE, address, FETCH)
        return bytes(self.memory[physical : physical + 8])

    def is_port(self, address: int, physical: int, kind: int) -> bool:
        """Tell a port from a word of memory; Trap where the address is neither (§4)."""
        if physical < 0x1000:
            # §4: in user mode without translation the I/O page is out of reach.
            if self.register[STATUS] & (KERNEL | VIRTUAL) == 0:
                raise Trap(NOTHING_THERE, address, kind)
            return True
        if physical % 4 != 0:
            raise Trap(MISALIGNED, address, kind)
        if not in_memory(self.memory, physical):
            raise Trap(NOTHING_THERE, address, kind)
        return False

    def load_word(self, address: int) -> int:
        """Load a word or a port at the address that the program uses."""
        physical = self.physical(address, LOAD)
        if not self.is_port(address, physical, LOAD):
            return word_at(self.memory, physical)
        try:
            # §3: a load from the timer sees the ticks completed before the instruction.
            return self.devices.load(physical, self.time)
        except NoSuchPort:
            raise Trap(NOTHING_THERE, address, LOAD) from None

    def store_word(self, address: int, word: int) -> None:
        """Store a word or to a port at the address that the program uses."""
        physical = self.physical(address, STORE)
        if not self.is_port(address, physical, STORE):
            put_word(self.memory, physical, word)
            return
        try:
            self.devices.store(physical, word, self.time)
        except NoSuchPort:
            raise Trap(NOTHING_THERE, address, STORE) from None

    def write_register(self, number: int, value: int) -> None:
        """Write a register, keeping only the bits that it has (ISA manual §1)."""
        if number == PC:
            self.next_pc = kept(PC, value)  # §2: writing r16 jumps; till then it reads as it was
        else:
            self.register[number] = kept(number, value)

    def perform(self) -> None:
        """Do what the instruction does (the table of ISA manual §2)."""
        opcode, a, b, _ = self.instruction[:4]
        value = int.from_bytes(self.instruction[4:], "little")
        register = self.register
        if opcode == 0x01:  # mov a, value
            self.write_register(a, value)
        elif opcode == 0x02:  # mov a, b
            self.write_register(a, register[b])
        elif opcode == 0x03:  # mov a, [b]
            self.write_register(a, self.load_word(register[b]))
        elif opcode == 0x04:  # mov [a], b
            self.store_word(register[a], register[b])
        elif opcode == 0x05:  # add
            self.write_register(a, register[a] + register[b])
        elif opcode == 0x06:  # sub
            self.write_register(a, register[a] - register[b])
        elif opcode == 0x07:  # mul
            self.write_register(a, register[a] * register[b])
        elif opcode == 0x08:  # div, signed, toward zero
            dividend = signed(register[a])
            divisor = signed(register[b])
            if divisor == 0:
                raise Trap(DIVISION_BY_ZERO, 0)
            quotient = abs(dividend) // abs(divisor)
            if (dividend < 0) != (divisor < 0):
                quotient = -quotient
            self.write_register(a, quotient)  # modulo 2^32: 0x80000000 ÷ -1 = 0x80000000
        elif opcode == 0x09:  # branch [a]: a is read before link is written
            after = self.next_pc
            self.next_pc = register[a]
            register[LINK] = after
        elif opcode in (0x0A, 0x0B, 0x0C, 0x0D):
            self.conditional_branch(opcode, signed(register[a]), signed(value))
        elif opcode == 0x10:  # trap value
            raise Trap(SYSTEM_CALL, value)
        elif opcode == 0x11:  # iret
            self.next_pc = register[EPC]
            register[STATUS] = register[ESTATUS]
        elif opcode == 0x12:  # wait: it completes, then the machine sleeps
            self.asleep = True
        elif opcode == 0x13:  # brk: no debugger is attached to the model
            raise Trap(BREAKPOINT, 0)

    def conditional_branch(self, opcode: int, left: int, right: int) -> None:
        """Branch if the comparison holds. §2: target = pc + 8 × displacement modulo 2^32."""
        displacement = int.from_bytes(self.instruction[2:4], "little", signed=True)
        if opcode == 0x0A:
            holds = left < right
        elif opcode == 0x0B:
            holds = left == right
        elif opcode == 0x0C:
            holds = left > right
        else:
            holds = left != right
        if holds:
            self.next_pc = (self.register[PC] + 8 * displacement) % 2**32
