"""A small machine with a program, vectors and data at known places: what tests of the ISA run on.

Programs are lines of the rows' own assembly, encoded by the rows; labels end with a colon.
"""

import re
from functools import cache
from typing import Any

from isa_spec.formats import LENGTH, Kind
from isa_spec.instruction import Instruction
from isa_spec.instructions import BASE
from isa_spec.paging import Entry
from isa_spec.registers import BY_NAME
from machine.events import SerialInput, WriteMemory, WriteRegister
from machine.machine import EngineMaker, Machine
from machine.reason import Reason
from machine.reference import Reference

SIZE = 0x10000
START = 0x1000
VECTORS = 0x2000
HANDLERS = 0x2100
TABLE = 0x3000
DATA = 0x4000

ALL = int(
    Entry.PRESENT | Entry.READABLE | Entry.WRITABLE | Entry.EXECUTABLE | Entry.USER,
)
KERNEL, VIRTUAL, INTERRUPTS = 1, 2, 4

LOOP = ("loop:", "add r0, r1", "sub r2, r1", "mov pc, loop")
PAGES = (0x4000, 0x5000, 0x6000)

ENGINE: EngineMaker = Reference
"""What the machines of boards execute with; tests of the machine put every engine here."""


def handler(vector: int) -> int:
    """Where the handler of a vector is: an instruction that jumps to itself."""
    return HANDLERS + LENGTH * vector


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Instruction], ...]:
    def pattern(row: Instruction) -> re.Pattern[str]:
        words = re.findall(r"\w+|[^\w\s]+|\s+", row.syntax)
        parts = (
            r"(-?\w+)" if word in row.operands else r"\s*" if word.isspace() else re.escape(word)
            for word in words[1:]
        )
        return re.compile(words[0] + "".join(parts))

    return tuple((pattern(row), row) for row in BASE)


def program(*lines: str, at: int = START) -> bytes:
    """Encode lines of assembly that will lie at an address."""
    labels: dict[str, int] = {}
    code: list[str] = []
    for line in lines:
        if line.endswith(":"):
            labels[line[:-1]] = at + LENGTH * len(code)
        else:
            code.append(line)
    return b"".join(_encode(line, at + LENGTH * number, labels) for number, line in enumerate(code))


def _encode(line: str, here: int, labels: dict[str, int]) -> bytes:
    for pattern, row in _patterns():
        match = pattern.fullmatch(line)
        if match is None:
            continue
        operands = []
        for field, text in zip(row.fields, match.groups(), strict=True):
            if (field.kind is Kind.REGISTER) != (text in BY_NAME):
                break
            if field.kind is Kind.REGISTER:
                operands.append(BY_NAME[text].number)
            else:
                value = labels[text] if text in labels else int(text, 0)
                operands.append(value - here if field.kind is Kind.TARGET else value & 0xFFFFFFFF)
        else:
            return row.encode(*operands)
    raise ValueError(f"no row is written like {line!r}")


class Board:
    """A machine before a program, in kernel mode, with a handler for every vector."""

    def __init__(
        self, *lines: str, at: int = START, size: int = SIZE, code: bytes = b"", **machine: Any
    ) -> None:
        self.machine = Machine(size, **{"engine": ENGINE, **machine})
        self.machine.flash([(at, program(*lines, at=at) + code)])
        for vector in range(32):
            self.write(VECTORS + 4 * vector, handler(vector))
            self.load_program(handler(vector), f"mov pc, {handler(vector)}")
        self.set(pc=at, ivec=VECTORS)

    def load_program(self, at: int, *lines: str) -> None:
        """Put a program somewhere."""
        self.machine.post(WriteMemory(at, program(*lines, at=at)))

    def set(self, **registers: int) -> "Board":
        """Set registers by name, status last."""
        for name in sorted(registers, key=lambda name: name == "status"):
            self.machine.post(WriteRegister(BY_NAME[name].number, registers[name]))
        return self

    def __getitem__(self, register: str) -> int:
        return self.machine.cpu.r[BY_NAME[register].number]

    @property
    def registers(self) -> tuple[int, ...]:
        return tuple(self.machine.cpu.r)

    @property
    def time(self) -> int:
        return self.machine.cpu.time

    def advance_time(self, to: int) -> None:
        """Make it a later tick without anything having been executed."""
        self.machine.cpu.skew += to - self.time
        self.machine.cpu.time = to

    def write(self, address: int, *words: int) -> None:
        """Write words to physical memory."""
        data = b"".join(word.to_bytes(4, "little") for word in words)
        self.machine.post(WriteMemory(address, data))

    def word(self, address: int) -> int:
        """Give a word of physical memory."""
        return int.from_bytes(self.machine.memory.read(address, 4), "little")

    def type(self, data: bytes) -> None:
        """Put input on the serial line now."""
        self.machine.post(SerialInput(data))

    def run(self, limit: int = 100_000, **options: Any) -> Reason:
        """Run up to a tick that no test needs."""
        return self.machine.run(limit, **options)

    def step(self, instructions: int = 1) -> "Board":
        """Execute so many instructions, whatever they do."""
        self.machine.run(budget=instructions)
        return self

    @property
    def trap(self) -> tuple[int, int, int]:
        """The trap that the machine has just entered: cause, detail, epc."""
        assert self["pc"] == handler(self["cause"] & 0xFF)
        assert self["status"] == KERNEL
        return self["cause"], self["detail"], self["epc"]

    def trapped(self) -> tuple[int, int, int]:
        """Execute one instruction that must trap; its cause, detail and epc."""
        return self.step().trap

    def map(self, page: int, frame: int, flags: int = ALL) -> int:
        """Map a virtual page to a physical one, both by number; where the entry is."""
        self.write(TABLE + 4 * page, frame << 12 | flags)
        return TABLE + 4 * page

    def translated(self, status: int = KERNEL | VIRTUAL) -> "Board":
        """Switch translation on, with the program's page mapped to itself."""
        self.map(START >> 12, START >> 12)
        return self.set(ptbr=TABLE | 1, status=status)


def three_pages(**options: int) -> Board:
    """Code in three pages that jumps round and round."""
    board = Board(f"mov pc, {PAGES[0]}", **options)
    for page, target in zip(PAGES, (*PAGES[1:], PAGES[0]), strict=True):
        board.load_program(page, "add r0, r1", f"mov pc, {target}")
    return board


def output(machine: Machine) -> bytes:
    """Take what the machine has sent."""
    return bytes(sent.byte for sent in machine.take_output())
