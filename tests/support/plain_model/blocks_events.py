"""Building blocks about events: traps, ports, timer, sleep, modes, and words at random."""

from random import Random

from plain_model.blocks_compute import compute, legal_word, loop
from plain_model.encoding import (
    ADD,
    BRK,
    CONDITIONS,
    DIV,
    IRET,
    LOAD,
    OPCODES,
    OPCODES_WITHOUT_REGISTERS,
    STORE,
    TRAP,
    WAIT,
    Code,
    encode,
    encode_condbr,
    number_of,
)
from plain_model.layout import interesting_value
from plain_model.place import GENERAL, NEXT_BLOCK, PORTS, SWITCH_MODE, Place

ILLEGAL_OPCODES = tuple(set(range(256)) - set(OPCODES) - set(OPCODES_WITHOUT_REGISTERS))
IVEC = number_of("ivec")


def illegal_word(rng: Random) -> bytes:
    """An instruction that is trap 1: by its opcode, a register number, or an unused field."""
    kind = rng.random()
    opcode = rng.choice((*OPCODES[:9], *OPCODES_WITHOUT_REGISTERS))
    if kind < 0.4:
        return encode(rng.choice(ILLEGAL_OPCODES), *(rng.choice((0, 1, 255)) for _ in range(3)))
    if kind < 0.7:
        wrong = rng.choice((28, 31, 32, 0x80, 255))
        a, b = rng.choice(((wrong, 1), (1, wrong), (wrong, wrong)))
        return encode(rng.choice(OPCODES), a, b)
    fields = [0, 0, 0, 0]
    fields[rng.randrange(4)] = rng.choice((1, 16, 0x80))
    return encode(opcode, *fields)


def random_word(rng: Random) -> bytes:
    """Any instruction, mostly one that does something."""
    kind = rng.random()
    if kind < 0.45:
        return legal_word(rng)
    if kind < 0.6:
        return encode(rng.choice((LOAD, STORE, DIV, ADD)), rng.randrange(16), rng.randrange(16))
    if kind < 0.74:
        a = rng.randrange(28)
        if a == IVEC and rng.random() < 0.95:
            a = IVEC + 2
        opcode = rng.choice(OPCODES)
        if opcode == 0x01:
            return encode(opcode, a, value=interesting_value(rng))
        if opcode in CONDITIONS:
            return encode_condbr(opcode, a, rng.randrange(1, 6), interesting_value(rng))
        if opcode == 0x09:
            return encode(opcode, rng.choice((a, 17)))
        return encode(opcode, a, rng.randrange(28))
    if kind < 0.82:
        return encode_condbr(
            rng.choice(CONDITIONS),
            rng.randrange(9),
            rng.choice((-3, -1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8)),
            interesting_value(rng),
        )
    if kind < 0.90:
        return illegal_word(rng)
    if kind < 0.94:
        return encode(TRAP, value=rng.getrandbits(32))
    if kind < 0.96:
        return encode(BRK)
    if kind < 0.97:
        return encode(rng.choice((IRET, IRET, WAIT)))
    return rng.randbytes(8)


def words_at_random(code: Code, rng: Random, _place: Place) -> None:
    """Random instructions, in a loop that they may well leave."""
    words = [random_word(rng) for _ in range(rng.randrange(6, 20))]

    def body() -> None:
        for word in words:
            code.raw(word)

    loop(code, rng.randrange(1, 5), body)


def traps(code: Code, rng: Random, place: Place) -> None:
    """One trap after the other, each skipped by its handler."""
    for _ in range(rng.randrange(3, 10)):
        kind = rng.randrange(6)
        if kind == 0:
            code.raw(illegal_word(rng))
        elif kind == 1:
            code.trap(rng.choice((0, 0xFFFFFFFF, rng.getrandbits(32))))
        elif kind == 2:
            code.plain(BRK)
        elif kind == 3:
            code.mov("r5", 0)
            code.op(DIV, rng.choice(GENERAL), "r5")
        elif kind == 4:
            code.mov("r5", place.any_address(rng))
            code.op(*rng.choice(((LOAD, "r4", "r5"), (STORE, "r5", "r4"))))
        elif not place.kernel:
            privileged = rng.randrange(18, 28)
            words = [encode(0x02, privileged, 1), encode(0x02, 1, privileged), encode(IRET)]
            words += [encode(WAIT), encode_condbr(0x0B, privileged, 2, 0)]
            code.raw(rng.choice(words))
        compute(code, rng)


def wild_jumps(code: Code, rng: Random, place: Place) -> None:
    """Jump where no instruction can be."""
    size = place.layout.size
    targets = (0, 4, 0x10, size, size - 4, 0xFFFFFFF8, 0xFFFFFFFC, 0x80000000, code.start + 4)
    target = rng.choice((*targets, rng.getrandbits(32), place.any_address(rng)))
    kind = rng.randrange(4)
    if kind == 0:
        code.mov("pc", target)
    elif kind == 1:
        code.mov("r5", target)
        code.branch("r5")
    elif kind == 2:
        code.mov("r5", target - code.here)
        code.op(ADD, "pc", "r5")
    else:
        far = rng.choice((-0x8000, 0x7FFF, -1000, 1000))
        code.raw(encode_condbr(0x0B, 16, far, code.here))


def ports(code: Code, rng: Random, place: Place) -> None:
    """Every port in both directions, pairs half done, odd addresses."""

    def body() -> None:
        for _ in range(rng.randrange(3, 8)):
            port = rng.choice((*PORTS, 0x04, 0x10, 0x14, 0x14))
            if rng.random() < 0.06:
                port = rng.choice((0x00, 0x03, 0x06, 0x12, 0x16, 0x21, 0x2C, 0xFFC))
            code.mov("r7", place.io + port)
            if rng.random() < 0.5:
                code.load(rng.choice(GENERAL), "r7")
            else:
                code.store("r7", rng.choice(GENERAL))

    loop(code, rng.randrange(1, 8), body)


def sends(code: Code, rng: Random, place: Place) -> None:
    """Send more bytes than TX holds, with and without looking whether there is space."""
    code.mov("r7", place.io + 0x14)
    code.mov("r6", place.io + 0x15)

    def body() -> None:
        code.store("r7", "r10")
        if rng.random() < 0.5:
            code.load("r5", "r6")

    loop(code, rng.randrange(4, 40), body)


def receives(code: Code, rng: Random, place: Place) -> None:
    """Take bytes from RX, echoing some."""

    def body() -> None:
        code.mov("r7", place.io + 0x10)
        code.load("r5", "r7")
        code.op(ADD, "r4", "r5")
        if rng.random() < 0.5:
            code.mov("r7", place.io + 0x14)
            code.store("r7", "r5")

    loop(code, rng.randrange(4, 30), body)


def arm(code: Code, rng: Random, place: Place, soonest: int, latest: int) -> None:
    """Set the timer a few ticks after now."""
    code.mov("r7", place.io + 4)
    code.store("r7", "r7")
    code.load("r5", "r7")
    code.load("r4", "r7")
    code.mov("r6", rng.randrange(soonest, latest))
    code.op(ADD, "r5", "r6")
    code.mov("r7", place.io + 5)
    code.store("r7", "r5")
    code.store("r7", "r4")


def timer(code: Code, rng: Random, place: Place) -> None:
    """Arm the timer and compute until it strikes, perhaps; deadlines past, near, far, never."""
    kind = rng.random()
    if kind < 0.8:
        arm(code, rng, place, 0, 60)
    else:
        code.mov("r7", place.io + 5)
        for _ in range(2):
            code.mov("r5", rng.choice((0, 0xFFFFFFFF, interesting_value(rng))))
            code.store("r7", "r5")
    loop(code, rng.randrange(3, 12), lambda: compute(code, rng))


def sleeps(code: Code, rng: Random, place: Place) -> None:
    """Wait for the timer, for input, for space on TX; a deadline ends it in any case."""
    if place.byte_ticks and rng.random() < 0.4:
        sends(code, rng, place)
    arm(code, rng, place, 5, 90)
    code.mov("imask", 0x10000 | rng.choice((0, 0x20000, 0x40000, 0x60000)))
    if rng.random() < 0.4:
        code.mov("status", place.status ^ 4)
    code.plain(WAIT)
    compute(code, rng)
    code.mov("status", place.status)
    code.mov("r7", place.io + 0x24)
    code.load("r5", "r7")


def switches_modes(code: Code, rng: Random, place: Place) -> None:
    """Go through modes by system calls, doing a little in each."""
    windows_agree = place.window == 0
    for _ in range(rng.randrange(2, 6)):
        status = rng.randrange(8)
        if not windows_agree:
            status = status & ~2 | place.status & 2
        code.trap(SWITCH_MODE + status)
        compute(code, rng)
        code.mov("r7", place.any_address(rng))
        code.load("r5", "r7")
    code.trap(SWITCH_MODE + place.status)


def kernel_registers(code: Code, rng: Random, place: Place) -> None:
    """Write and read the registers of the kernel; some of their bits do not exist."""
    names = ("imask", "epc", "estatus", "cause", "detail", "ks0", "ks1")

    def body() -> None:
        for name in names:
            code.mov(name, rng.getrandbits(32))
            code.op(rng.choice((0x02, ADD)), rng.choice(GENERAL), name)
        code.mov("ivec", place.layout.vectors | rng.randrange(4))
        code.op(0x02, rng.choice(GENERAL), "ivec")
        code.mov("status", rng.getrandbits(29) << 3 | place.status)
        code.op(0x02, rng.choice(GENERAL), "status")

    loop(code, rng.randrange(1, 4), body)


def returns_by_iret(code: Code, rng: Random, place: Place) -> None:
    """Leave the kernel by iret, to the instruction after it, in another mode."""
    after = code.fresh()
    code.mov_label("epc", after)
    status = rng.randrange(8)
    if place.window != 0:
        status = status & ~2 | place.status & 2
    code.mov("estatus", status)
    code.plain(IRET)
    code.place(after)
    for _ in range(4):
        compute(code, rng)
    code.trap(NEXT_BLOCK)
