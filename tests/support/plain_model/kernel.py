"""The kernel of a random program: a schedule of blocks, and handlers that mostly recover.

A block ends with `trap NEXT_BLOCK`; the kernel then loads pc, status, ptbr and imask from the
next record of the schedule. A fetch that fails leads there too, so that a wild jump costs
a block and not the program.
"""

from random import Random

from plain_model.encoding import ADD, EQUAL, GREATER, IRET, LESS, MOV, SUB, WAIT, Code, encode
from plain_model.layout import Layout, interesting_value
from plain_model.place import NEXT_BLOCK, SWITCH_MODE

ENDINGS = ("loop", "loop", "loop", "power-off", "sleep", "check-stop")
NESTING_VALUE = 0x51


class Kernel:
    """Emits the kernel's code; afterwards, vectors holds the handler of each vector."""

    def __init__(self, layout: Layout, rng: Random, ending: str, byte_ticks: int) -> None:
        self.layout = layout
        self.rng = rng
        self.code = Code(layout.kernel)
        self._boot()
        self._next_block()
        self._rewind(ending)
        skip = self._skip("skip")
        self._illegal()
        self._failed_fetch_or_skip()
        self._system_call()
        self._return("return")
        self._nesting()
        choices = {vector: rng.choice((skip, skip, "nesting")) for vector in (2, 7)}
        choices |= dict.fromkeys((3, 4, 5, 6), "failed fetch or skip")
        choices |= {1: rng.choice((skip, "illegal", "illegal")), 8: "system call", 9: "return"}
        choices |= {16: self._timer(), 17: self._rx(), 18: self._tx(byte_ticks)}
        self.image = self.code.image()
        self.vectors = [self.code.labels[choices.get(vector, "next block")] for vector in range(32)]
        self.rewind = self.code.labels["rewind"]

    def _boot(self) -> None:
        code, rng = self.code, self.rng
        # In a machine of one page this very instruction is the page table: its value is the
        # entry of page 1, its low word the one of page 0.
        code.mov("r0", self.layout.kernel | 0x1F)
        code.mov("ivec", self.layout.vectors | rng.randrange(4))
        for number in range(1, 9):
            code.mov(f"r{number}", interesting_value(rng))
        code.mov("r15", self.layout.data + self.layout.data_size)
        if rng.random() < 0.75:
            self._arm_in(rng.randrange(20, 300))
        code.mov_label("pc", "next block")

    def _arm_in(self, ticks: int) -> None:
        """Set the timer this many ticks after the time is read; the low word is enough."""
        code = self.code
        code.mov("ks0", 4)
        code.store("ks0", "ks0")  # forget what the interrupted program had half done
        code.load("ks1", "ks0")
        code.store("ks0", "ks0")
        code.mov("ks0", ticks)
        code.op(ADD, "ks1", "ks0")
        code.mov("ks0", 5)
        code.store("ks0", "ks1")
        code.mov("ks1", 0)
        code.store("ks0", "ks1")

    def _next_block(self) -> None:
        code = self.code
        code.place("next block")
        code.mov("ks0", self.layout.cursor)
        code.load("ks1", "ks0")
        code.mov("ks0", 4)
        for register in ("epc", "estatus", "ptbr", "imask"):
            code.load(register, "ks1")
            code.op(ADD, "ks1", "ks0")
        code.mov("ks0", self.layout.cursor)
        code.store("ks0", "ks1")
        code.plain(IRET)

    def _rewind(self, ending: str) -> None:
        """The last record leads here: begin the schedule again, or end after some rounds."""
        code = self.code
        code.place("rewind")
        code.mov("ks0", self.layout.cursor)
        code.mov("ks1", self.layout.schedule)
        code.store("ks0", "ks1")
        if ending != "loop":
            code.mov("ks0", self.layout.scratch)
            code.load("ks1", "ks0")
            code.mov("r14", 1)
            code.op(SUB, "ks1", "r14")
            code.store("ks0", "ks1")
            code.condbr(GREATER, "ks1", 0, "next block")
        if ending == "power-off":
            code.mov("ks0", 0x20)
            code.store("ks0", "r1")
        elif ending == "sleep":
            code.mov("imask", 0)
            code.plain(WAIT)
        elif ending == "check-stop":
            code.mov("ivec", self.rng.choice((0, 0xFC0, self.layout.size, 0xFFFFFFFC)))
            code.plain(0xFF)
        code.mov_label("pc", "next block")

    def _skip(self, name: str) -> str:
        code = self.code
        code.place(name)
        code.mov("ks0", 8)
        code.op(ADD, "epc", "ks0")
        code.plain(IRET)
        return name

    def _illegal(self) -> None:
        """Skip it, but leave memory that holds nothing at all."""
        code = self.code
        code.place("illegal")
        code.condbr(EQUAL, "detail", 0, "next block")
        self._skip("skip an illegal instruction")

    def _failed_fetch_or_skip(self) -> None:
        code = self.code
        code.place("failed fetch or skip")
        code.op(MOV, "ks0", "cause")
        code.condbr(GREATER, "ks0", 0x1FF, "next block")
        self._skip("skip a load or store")

    def _system_call(self) -> None:
        code = self.code
        code.place("system call")
        code.condbr(EQUAL, "detail", NEXT_BLOCK, "next block")
        code.op(MOV, "ks0", "detail")
        code.mov("ks1", SWITCH_MODE)
        code.op(SUB, "ks0", "ks1")
        code.condbr(GREATER, "ks0", 7, "return")
        code.condbr(LESS, "ks0", 0, "return")
        code.op(MOV, "estatus", "ks0")
        code.plain(IRET)

    def _return(self, name: str) -> str:
        self.code.place(name)
        self.code.plain(IRET)
        return name

    def _nesting(self) -> None:
        """A handler that traps and takes interrupts itself, having saved what that overwrites."""
        code, rng = self.code, self.rng
        code.place("nesting")
        code.op(MOV, "r13", "epc")
        code.op(MOV, "r14", "estatus")
        code.raw(rng.choice((encode(0x00), encode(0x7F, 1, 2, 3, 4), encode(MOV, 28, 1))))
        code.trap(NESTING_VALUE)
        if rng.random() < 0.5:
            code.mov("status", 5)
            code.op(ADD, "r13", "r11")
            code.op(SUB, "r13", "r11")
            code.mov("status", 1)
        code.mov("ks0", 8)
        code.op(ADD, "r13", "ks0")
        code.op(MOV, "epc", "r13")
        code.op(MOV, "estatus", "r14")
        code.plain(IRET)

    def _mask(self, interrupt: int) -> None:
        """Let the interrupt that was just taken through no more; its bit is set, so take it off."""
        self.code.mov("ks0", 1 << interrupt)
        self.code.op(SUB, "imask", "ks0")

    def _timer(self) -> str:
        code, rng = self.code, self.rng
        code.place("timer")
        kind = rng.choice(("watchdog", "watchdog", "watchdog", "again", "again", "never", "mask"))
        if kind in ("watchdog", "again"):
            self._arm_in(rng.randrange(60, 400) if kind == "watchdog" else rng.randrange(25, 160))
        elif kind == "never":
            code.mov("ks0", 5)
            code.mov("ks1", 0xFFFFFFFF)
            code.store("ks0", "ks1")
            code.store("ks0", "ks1")
        else:
            self._mask(16)
        if kind == "watchdog":
            code.mov_label("pc", "next block")
        else:
            code.plain(IRET)
        return "timer"

    def _rx(self) -> str:
        """Echo a byte, add it up, or let the rest wait."""
        code, rng = self.code, self.rng
        code.place("rx")
        kind = rng.choice(("echo", "echo", "add up", "mask"))
        code.mov("ks0", 0x10)
        code.load("ks1", "ks0")
        if kind == "echo":
            code.mov("ks0", 0x14)
            code.store("ks0", "ks1")
        elif kind == "add up":
            code.mov("ks0", self.layout.scratch + 4)
            code.op(MOV, "r14", "ks1")
            code.load("ks1", "ks0")
            code.op(ADD, "ks1", "r14")
            code.store("ks0", "ks1")
        else:
            self._mask(17)
        code.plain(IRET)
        return "rx"

    def _tx(self, byte_ticks: int) -> str:
        """Send a byte; mask the interrupt where TX empties faster than this fills it."""
        code, rng = self.code, self.rng
        code.place("tx")
        code.mov("ks0", 0x14)
        code.store("ks0", "r1")
        if byte_ticks > 8 and rng.random() < 0.6:
            code.plain(IRET)
        self._mask(18)
        code.plain(IRET)
        return "tx"
