"""Programs that stay in loops, calls and recursion long enough for engines to compile them."""

from collections.abc import Callable, Iterable
from random import Random

from plain_model.encoding import (
    ADD,
    CONDITIONS,
    DIFFERENT,
    DIV,
    EQUAL,
    GREATER,
    IRET,
    LESS,
    MOV,
    MUL,
    SUB,
    WAIT,
    Code,
    encode,
)
from plain_model.programs import Program

CODE = 0x1000
VECTORS = 0x2000
HANDLERS = 0x2100
DATA = 0x4000
DATA_END = 0x8000
TABLE = 0x8000
OTHER_TABLE = 0x9000
SIZE = 0x10000
ROUTINES = (0xA000, 0xB000)  # frames with code of their own, of which a page has one at a time
ROUTINE_PAGE = 0x60
LARGE = 0x500000  # more than is mirrored flat
HIGH = 0x480000  # data of large machines lies there too
ALIAS_PAGE = 0x20  # virtual pages from here on are those from 1 on, once more
IO_PAGE = 0x70
TABLES_PAGE = 0x71  # the two tables, as data: this page and the next
OTHERS_PAGE = 0x400  # the other table's entries are those from here on of a table of two pages
FULL = 0x1F

VALUES = (0, 1, 2, 3, 4, 8, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFF)
SP = "r15"
FREE = tuple(f"r{number}" for number in range(7))  # what bodies may overwrite
POINTERS = ("r7", "r8")
COUNTERS = ("r9", "r10", "r13")
ARITHMETIC = (MOV, ADD, ADD, SUB, SUB, MUL, DIV)
Piece = Callable[[], None]


class Loops:
    """Writes one program."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.code = Code(CODE)
        self.virtual = rng.random() < 0.4
        self.kernel = rng.random() < 0.8
        self.size = LARGE if rng.random() < 0.08 else SIZE
        self.functions: list[str] = []
        self.places: list[str] = []
        self.depth = 0

    def value(self) -> int:
        """A number: an edge, a small one, an address, anything."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.3:
            return rng.choice(VALUES)
        if kind < 0.6:
            return rng.randrange(64)
        if kind < 0.75:
            return self.data()
        return rng.getrandbits(32)

    def data(self) -> int:
        """The address of a word of data."""
        address = self.rng.randrange(DATA, DATA_END, 4)
        if self.virtual and self.rng.random() < 0.3:
            address += (ALIAS_PAGE - 1) << 12
        elif self.size == LARGE and not self.virtual and self.rng.random() < 0.5:
            address += HIGH
        return address

    def program(self, seed: int) -> Program:
        """Write all of it."""
        rng, code = self.rng, self.code
        for number in (*FREE, *POINTERS, "r11", "r12", "r14"):
            code.mov(number, self.value())
        code.mov(SP, DATA_END - 4 * rng.randrange(64))
        self.functions = [code.fresh() for _ in range(rng.randrange(1, 4))]
        status = self.start_mode()
        again = code.place(code.fresh())
        for _ in range(rng.randrange(1, 5)):
            self.pieces(rng.randrange(1, 4))
        code.mov_label("pc", again)
        for name in self.functions:
            self.function(name)
        image = code.image()
        handlers, vectors = self.handlers(status)
        segments = [(CODE, image), (VECTORS, vectors), (HANDLERS, handlers)]
        segments += [(DATA, words(self.value() for _ in range(1024)))]
        segments += self.tables()
        segments += [(frame, self.routine(ROUTINE_PAGE << 12)) for frame in ROUTINES]
        feeds = sorted((rng.randrange(4000), rng.randbytes(rng.randrange(1, 9))) for _ in range(3))
        return Program(
            seed=seed,
            segments=tuple(segments),
            memory_size=self.size,
            byte_ticks=rng.choice((0, 0, 7)),
            feeds=tuple(feeds),
            limit=rng.randrange(1000, 6000),
            features=f"loops, {'virtual' if self.virtual else 'physical'}, {status=}",
        )

    def start_mode(self) -> int:
        """Set up tables, interrupts and mode, and go on in that mode."""
        rng, code = self.rng, self.code
        status = (1 if self.kernel else 0) | (2 if self.virtual else 0)
        code.mov("ivec", VECTORS)
        code.mov("ptbr", TABLE | rng.choice((1, 1, 0)))
        if rng.random() < 0.6:
            status |= 4
            code.mov("imask", 0x10000 | rng.choice((0, 0x20000)))
            code.mov("r11", 5)
            code.mov("r12", rng.randrange(40, 400))
            code.store("r11", "r12")
            code.mov("r12", 0)
            code.store("r11", "r12")
        code.mov("estatus", status)
        here = code.fresh()
        code.mov_label("epc", here)
        code.plain(IRET)
        code.place(here)
        return status

    # Pieces of code

    def pieces(self, count: int) -> None:
        """Some pieces, one after the other."""
        for _ in range(count):
            self.piece()

    def piece(self) -> None:
        """A piece of any kind."""
        nested: list[Piece] = [self.loop, self.loop, self.loop, self.call, self.diamond]
        flat: list[Piece] = [
            self.compute,
            self.compute,
            self.compute,
            self.access,
            self.access,
            self.walk,
            self.push,
            self.read_pc,
            self.skip,
            self.rare,
        ]
        self.rng.choice(nested + flat if self.depth < 3 else flat)()

    def compute(self) -> None:
        """Some arithmetic."""
        rng, code = self.rng, self.code
        for _ in range(rng.randrange(1, 4)):
            a, b = rng.choice(FREE), rng.choice((*FREE, "r11", "r12", "r14"))
            if rng.random() < 0.3:
                code.mov(a, self.value())
            else:
                code.op(rng.choice(ARITHMETIC), a, b)

    def access(self) -> None:
        """A load or a store by a register that may hold anything, or by an address in data."""
        rng, code = self.rng, self.code
        pointer = rng.choice((*POINTERS, *POINTERS, "r14"))
        if rng.random() < 0.4:
            pointer = "r14"
            code.mov("r14", self.data() + rng.choice((0, 0, 0, 0, 0, 0, 0, 2)))
        if rng.random() < 0.5:
            code.load(rng.choice(FREE), pointer)
        else:
            code.store(pointer, rng.choice(FREE))

    def walk(self) -> None:
        """A step of a pointer through data."""
        rng, code = self.rng, self.code
        pointer = rng.choice(POINTERS)
        code.mov("r14", rng.choice((4, 4, 4, 8, 0xFFFFFFFC, 1)))
        if rng.random() < 0.15:
            code.mov(pointer, self.data())
        code.op(rng.choice((ADD, ADD, SUB)), pointer, "r14")

    def push(self) -> None:
        """A push and a pop."""
        code, rng = self.code, self.rng
        code.mov("r14", 4)
        code.op(SUB, SP, "r14")
        code.store(SP, rng.choice(FREE))
        self.compute()
        code.mov("r14", 4)
        code.load(rng.choice(FREE), SP)
        code.op(ADD, SP, "r14")

    def read_pc(self) -> None:
        """pc as a number, or a jump by adding to it."""
        code, rng = self.code, self.rng
        if rng.random() < 0.5:
            code.op(rng.choice((MOV, ADD, SUB)), rng.choice(FREE), "pc")
        else:
            code.mov("r14", 8 * rng.randrange(1, 4))
            code.op(ADD, "pc", "r14")
            for _ in range(3):
                code.op(ADD, rng.choice(FREE), rng.choice(FREE))

    def skip(self) -> None:
        """A jump over something, now and then into the middle of another piece."""
        code, rng = self.code, self.rng
        target = code.fresh()
        code.condbr(rng.choice(CONDITIONS), rng.choice(FREE), self.value(), target)
        self.compute()
        code.place(target)
        if self.places and rng.random() < 0.1:
            # Counted, so that it cannot go round for ever.
            code.mov("r14", 1)
            code.op(SUB, "r12", "r14")
            code.condbr(EQUAL, "r12", rng.randrange(4), rng.choice(self.places))
        self.places.append(target)

    def diamond(self) -> None:
        """Two ways that meet again."""
        code, rng = self.code, self.rng
        other, meet = code.fresh(), code.fresh()
        self.depth += 1
        code.condbr(rng.choice(CONDITIONS), rng.choice(FREE), self.value(), other)
        self.pieces(rng.randrange(1, 3))
        code.mov_label("pc", meet)
        code.place(other)
        self.pieces(rng.randrange(0, 2))
        code.place(meet)
        self.depth -= 1

    def loop(self) -> None:
        """A loop that counts up or down, by one or more, to an end tested in one of many ways."""
        code, rng = self.code, self.rng
        counter = COUNTERS[self.depth % 3]
        times = rng.choice((3, 10, 30, 100)) if self.depth < 2 else rng.randrange(1, 6)
        step = rng.choice((1, 1, 1, 2, 4))
        self.depth += 1
        kind = rng.randrange(4)
        code.mov(counter, rng.choice((0, 0xFFFFFFF0)) if kind == 3 else times * step)
        top = code.place(code.fresh())
        self.pieces(rng.randrange(1, 4))
        code.mov("r14", step)
        if kind == 0:
            code.op(SUB, counter, "r14")
            code.condbr(DIFFERENT, counter, 0, top)
        elif kind == 1:
            code.op(SUB, counter, "r14")
            code.condbr(GREATER, counter, 0, top)
        elif kind == 2:
            code.mov("r14", -step)
            code.op(ADD, counter, "r14")
            code.condbr(GREATER, counter, 0, top)
        else:
            code.op(ADD, counter, "r14")
            code.condbr(LESS, counter, times * step, top)
        self.depth -= 1

    def call(self) -> None:
        """A call by branch, or by hand."""
        code, rng = self.code, self.rng
        name = rng.choice(self.functions)
        code.mov("r0", rng.randrange(6))
        if rng.random() < 0.8:
            code.mov_label("r12", name)
            code.branch("r12")
        else:
            after = code.fresh()
            code.mov_label("link", after)
            code.mov_label("pc", name)
            code.place(after)

    def function(self, name: str) -> None:
        """A function; it calls itself or another with less, or returns."""
        code, rng = self.code, self.rng
        base = code.fresh()
        code.place(name)
        code.condbr(LESS, "r0", 2, base)
        code.mov("r14", 4)
        for register in ("link", "r4"):
            code.op(SUB, SP, "r14")
            code.store(SP, register)
        code.op(MOV, "r4", "r0")
        self.depth = 3
        for _ in range(rng.randrange(1, 3)):
            self.pieces(rng.randrange(0, 3))
            code.op(MOV, "r0", "r4")
            code.mov("r14", rng.choice((1, 2)))
            code.op(SUB, "r0", "r14")
            code.condbr(GREATER, "r0", 12, base)
            code.mov_label("r12", rng.choice(self.functions))
            code.branch("r12")
        code.mov("r14", 4)
        for register in ("r4", "link"):
            code.load(register, SP)
            code.op(ADD, SP, "r14")
        code.place(base)
        self.depth = 0
        code.op(MOV, "pc", "link")

    # What engines find hardest

    def rare(self) -> None:
        """One of many things that happen seldom."""
        rare: list[Piece] = [self.patch, self.patch, self.port, self.trap, self.fixed]
        if self.kernel:
            rare += [self.system]
        if self.kernel and self.virtual:
            rare += [self.edit_table, self.edit_table, self.change_table, self.change_routine]
        self.rng.choice(rare)()

    def patch(self) -> None:
        """A store into an instruction nearby, before it or after it."""
        code, rng = self.code, self.rng
        patched = code.fresh()
        away = rng.choice((0, (ALIAS_PAGE - 1) << 12)) if self.virtual else 0
        code.mov_label("r14", patched, away + 4)
        before = rng.random() < 0.5
        if before:
            code.place(patched)
            code.mov(rng.choice(FREE), 1)
        code.store("r14", rng.choice(FREE))
        if not before:
            self.compute()
            code.place(patched)
            code.mov(rng.choice(FREE), 1)

    def port(self) -> None:
        """A port: the time, the line, what is pending."""
        code, rng = self.code, self.rng
        page = IO_PAGE << 12 if self.virtual else 0
        code.mov("r14", page + rng.choice((4, 0x10, 0x14, 0x15, 0x24, 0x28)))
        if rng.random() < 0.6:
            code.load(rng.choice(FREE), "r14")
        else:
            code.store("r14", rng.choice(FREE))

    def trap(self) -> None:
        """A trap that its handler passes over."""
        code, rng = self.code, self.rng
        kind = rng.randrange(3)
        if kind == 0:
            code.trap(rng.getrandbits(8))
        elif kind == 1:
            code.raw(encode(0x77, 1))
        else:
            code.mov("r14", 0)
            code.op(DIV, rng.choice(FREE), "r14")

    def fixed(self) -> None:
        """Change a register that loops mostly leave alone."""
        self.code.mov(self.rng.choice(("r11", "r12")), self.value())

    def system(self) -> None:
        """Privileged registers, sleep, modes."""
        code, rng = self.code, self.rng
        kind = rng.randrange(4)
        if kind == 0:
            code.mov(rng.choice(("ks0", "detail", "cause")), self.value())
        elif kind == 1:
            code.op(rng.choice((MOV, ADD)), rng.choice(FREE), rng.choice(("ks0", "epc", "status")))
        elif kind == 2 and not self.virtual:
            code.plain(WAIT)
        else:
            code.op(MOV, "r14", "status")
            code.mov("status", 3 if self.virtual else 1)
            self.compute()
            code.op(MOV, "status", "r14")

    def edit_table(self) -> None:
        """Take rights from a page of data, or give it another frame, and use it."""
        code, rng = self.code, self.rng
        page = rng.randrange(DATA >> 12, DATA_END >> 12)
        page += rng.choice((0, 0, ALIAS_PAGE - 1, ALIAS_PAGE - 1, OTHERS_PAGE))
        code.mov("r14", (TABLES_PAGE << 12) + 4 * page)
        frame = rng.randrange(DATA >> 12, DATA_END >> 12)
        rights = rng.choice((FULL, FULL, FULL | 0x20, FULL | 0x60, 0x07, 0x03, 0x01, 0))
        code.mov("r6", (frame if rng.random() < 0.95 else rng.choice((0, 0xFFFFF))) << 12 | rights)
        code.store("r14", "r6")
        code.mov("r14", (page << 12) + 4 * rng.randrange(1024))
        if rng.random() < 0.5:
            code.load("r5", "r14")
        else:
            code.store("r14", "r5")

    def change_table(self) -> None:
        """Go on under the other table."""
        code, rng = self.code, self.rng
        code.mov("ptbr", rng.choice((TABLE, OTHER_TABLE)) | rng.choice((1, 1, 2)))

    def change_routine(self) -> None:
        """Put one or the other frame of code where a page is executed, and call it repeatedly."""
        code, rng = self.code, self.rng
        code.mov("r14", (TABLES_PAGE << 12) + 4 * ROUTINE_PAGE)
        code.mov("r6", rng.choice(ROUTINES) | FULL)
        code.store("r14", "r6")
        counter = COUNTERS[self.depth % 3]
        code.mov(counter, rng.choice((2, 6, 20)))
        top = code.place(code.fresh())
        code.mov("r12", ROUTINE_PAGE << 12)
        code.branch("r12")
        code.mov("r14", 1)
        code.op(SUB, counter, "r14")
        code.condbr(GREATER, counter, 0, top)

    def routine(self, start: int) -> bytes:
        """What is called there: a loop, or just arithmetic."""
        rng, code = self.rng, Code(start)
        top = code.place(code.fresh())
        for _ in range(rng.randrange(1, 4)):
            code.op(rng.choice((ADD, SUB, MUL)), rng.choice(FREE), rng.choice(FREE))
        if rng.random() < 0.5:
            code.mov("r14", 0x40000000)
            code.op(ADD, "r11", "r14")
            code.condbr(GREATER, "r11", 0, top)
        code.op(MOV, "pc", "link")
        return code.image()

    # What lies around

    def tables(self) -> list[tuple[int, bytes]]:
        """Two page tables; the second has other frames for some pages of data."""
        rng = self.rng
        segments = []
        for table in (TABLE, OTHER_TABLE):
            entries = [0] * 0x80
            for page in range(1, SIZE >> 12):
                frame = page
                if DATA >> 12 <= page < DATA_END >> 12 and table == OTHER_TABLE:
                    frame = rng.randrange(DATA >> 12, DATA_END >> 12)
                entries[page] = frame << 12 | FULL | rng.choice((0, 0x20, 0x60))
                alias = page
                if self.size == LARGE and DATA >> 12 <= page < DATA_END >> 12:
                    alias = page + (HIGH >> 12)
                rights = rng.choice((FULL, FULL | 0x60))
                entries[page + ALIAS_PAGE - 1] = alias << 12 | rights
            entries[IO_PAGE] = FULL
            entries[ROUTINE_PAGE] = rng.choice(ROUTINES) | FULL
            entries[TABLES_PAGE] = TABLE | FULL
            entries[TABLES_PAGE + 1] = OTHER_TABLE | FULL
            segments.append((table, words(entries)))
        return segments

    def handlers(self, status: int) -> tuple[bytes, bytes]:
        """Handlers: one passes over the instruction to blame, one sets the timer anew."""
        rng = self.rng
        code = Code(HANDLERS)
        addresses = []
        for vector in range(32):
            addresses.append(code.here)
            code.op(MOV, "ks0", "r14")
            if vector == 16:
                code.op(MOV, "ks1", "r13")
                code.mov("r14", 4)
                code.store("r14", "r14")
                code.load("r13", "r14")
                code.load("r14", "r14")
                code.mov("r14", rng.randrange(30, 900))
                code.op(ADD, "r13", "r14")
                code.mov("r14", 5)
                code.store("r14", "r13")
                code.op(SUB, "r13", "r13")
                code.store("r14", "r13")
                code.op(MOV, "r13", "ks1")
            elif vector == 17:
                code.mov("r14", 0x10)
                code.load("r14", "r14")
            elif vector < 8:
                code.mov("r14", 8)
                code.op(ADD, "epc", "r14")
            code.op(MOV, "r14", "ks0")
            code.plain(IRET)
        # An instruction that cannot be fetched, or a jump into nowhere: begin again.
        restart = code.here
        code.mov("estatus", status)
        code.mov("epc", CODE)
        code.plain(IRET)
        for vector in (3, 4, 5, 6):
            addresses[vector] = self.faults(code, restart)
        return code.image(), words(addresses)

    def faults(self, code: Code, restart: int) -> int:
        """A handler that passes over an access, but begins again after a fetch."""
        start = code.here
        begin = code.fresh()
        code.op(MOV, "ks0", "r14")
        code.op(MOV, "r14", "cause")
        code.condbr(GREATER, "r14", 0x1FF, begin)
        code.mov("r14", 8)
        code.op(ADD, "epc", "r14")
        code.op(MOV, "r14", "ks0")
        code.plain(IRET)
        code.place(begin)
        code.mov("pc", restart)
        return start


def words(numbers: Iterable[int]) -> bytes:
    """Numbers as words, one after the other."""
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def make_loops(seed: int) -> Program:
    """Make the program of a seed; the same seed makes the same program everywhere."""
    return Loops(Random(f"loops {seed}")).program(seed)
