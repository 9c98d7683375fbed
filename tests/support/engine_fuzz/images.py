"""Memory images that nobody programmed: noise, instructions, page tables and vectors at random.

Knows how the machine's words are laid out, so that an image gets far; not what any of it does. An
image is a program like others: the same seed makes the same everywhere, and the plain model runs
it as well.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from plain_model.programs import Program

from isa_spec.formats import LENGTH, Kind
from isa_spec.instruction import Instruction
from isa_spec.instructions import BASE
from isa_spec.memory_map import MEMORY_START
from isa_spec.paging import PAGE, Entry
from isa_spec.registers import (
    BY_NAME,
    EPC,
    ESTATUS,
    IMASK,
    IVEC,
    PC,
    PTBR,
    REGISTERS,
    STATUS,
)

LIMIT: Final = 3000
VECTORS: Final = 32 * 4
VARIETY: Final = 50
"""Different words of a page: making more takes longer than running them."""
SIZES: Final = (0x2000, 0x3000, 0x4000, 0x8000, 0x10000)
EDGES: Final = (0, 1, 2, 4, 0x14, 0x20, 0xFFC, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF8, 0xFFFFFFFF)
ENTRY_BITS: Final = int(
    Entry.PRESENT | Entry.READABLE | Entry.WRITABLE | Entry.EXECUTABLE | Entry.USER
)
ROWS: Final = tuple(BASE)
SET, RETURN = (
    next(row for row in ROWS if row.syntax == syntax) for syntax in ("mov a, value", "iret")
)
Fill = Callable[[Random, int], bytes]
"""Makes a page of a machine with so much memory."""


def make_image(seed: int) -> Program:
    """Make the image of a seed."""
    rng = Random(f"image {seed}")
    size = rng.choice(SIZES)
    pages = [rng.choice(FILLS)(rng, size) for _ in range(MEMORY_START, size, PAGE)]
    memory = bytearray(b"".join(pages))
    vectors, table = (rng.randrange(MEMORY_START, size, PAGE) for _ in range(2))
    if rng.random() < 0.9:  # or else the first trap is the end
        vectors += PAGE // 2
        at = vectors - MEMORY_START
        memory[at : at + VECTORS] = _vectors(rng, size)
    start = _start(rng, size, vectors, table)
    memory[: len(start)] = start
    feeds = tuple((rng.randrange(LIMIT), rng.randbytes(rng.randrange(1, 20))) for _ in range(2))
    return Program(
        seed,
        ((MEMORY_START, bytes(memory)),),
        size,
        rng.choice((0, 0, 1, 40)),
        tuple(sorted(feeds)),
        LIMIT,
        "an image at random",
    )


def _start(rng: Random, size: int, vectors: int, table: int) -> bytes:
    """Give every register a value, and go somewhere in some mode."""
    values = {register.number: _word(rng, size) for register in REGISTERS}
    values |= {EPC: _somewhere(rng, size) & -LENGTH, ESTATUS: rng.randrange(8)}
    values |= {IMASK: rng.choice((0, 7 << 16, _word(rng, size)))}
    if rng.random() < 0.9:
        values |= {IVEC: vectors, PTBR: table | rng.choice((0, 1, 2, 0xFFF))}
    for number in (PC, STATUS):
        del values[number]
    return b"".join(SET.encode(*pair) for pair in values.items()) + RETURN.encode()


# Words


def _somewhere(rng: Random, size: int) -> int:
    return rng.randrange(MEMORY_START, size) & ~3


def _word(rng: Random, size: int) -> int:
    match rng.randrange(6):
        case 0:
            return rng.getrandbits(32)
        case 1:
            return rng.choice((*EDGES, size - 4, size - 8, size, size - 1))
        case 2:
            return rng.randrange(64)
        case _:
            return _somewhere(rng, size)


def _entry(rng: Random, size: int) -> int:
    """Give a page table's entry: mostly of a page that there is."""
    if rng.random() < 0.1:
        return rng.getrandbits(32)
    frames = size // PAGE
    frame = rng.choice((rng.randrange(frames), rng.randrange(frames), frames, 0))
    return frame * PAGE | rng.choice((ENTRY_BITS, ENTRY_BITS, rng.randrange(0x80)))


def _instruction(rng: Random, size: int, row: Instruction) -> bytes:
    """Give a row with operands of any kind: mostly ones that the machine takes."""
    operands = []
    for field in row.fields:
        match field.kind:
            case Kind.REGISTER:
                some = BY_NAME["sp"].number + 1
                operands.append(rng.choice((rng.randrange(some), rng.randrange(32))))
            case Kind.TARGET:
                operands.append(field.kind.scale * rng.choice((-9, -3, -2, -1, 0, 1, 2, 5, -512)))
            case _:
                operands.append(_word(rng, size))
    code = bytearray(row.encode(*operands))
    if rng.random() < 0.02:
        code[rng.randrange(LENGTH)] ^= 1 << rng.randrange(8)
    return bytes(code)


# Pages


def _noise(rng: Random, _size: int) -> bytes:
    return rng.randbytes(PAGE)


def _same(rng: Random, _size: int) -> bytes:
    return bytes([rng.choice((0, 0xFF))]) * PAGE


def _opcodes(rng: Random, _size: int) -> bytes:
    """Give noise that begins as instructions do."""
    rows = rng.choices(ROWS, k=PAGE // LENGTH)
    return b"".join(bytes([row.opcode]) + rng.randbytes(LENGTH - 1) for row in rows)


def _code(rng: Random, size: int) -> bytes:
    few = rng.sample(ROWS, rng.choice((3, 6, len(ROWS))))
    some = [_instruction(rng, size, rng.choice(few)) for _ in range(VARIETY)]
    return b"".join(rng.choices(some, k=PAGE // LENGTH))


def _table(rng: Random, size: int) -> bytes:
    some = [_entry(rng, size).to_bytes(4, "little") for _ in range(VARIETY)]
    return b"".join(rng.choices(some, k=PAGE // 4))


def _vectors(rng: Random, size: int) -> bytes:
    """Give addresses of handlers, where instructions can be."""
    handlers = (_somewhere(rng, size) & -LENGTH for _ in range(0, VECTORS, 4))
    return b"".join(handler.to_bytes(4, "little") for handler in handlers)


FILLS: Final[tuple[Fill, ...]] = (_noise, _same, _opcodes, _code, _code, _code, _table, _table)
