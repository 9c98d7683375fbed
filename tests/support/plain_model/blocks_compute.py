"""Building blocks that compute and jump: arithmetic, calls, jumps through pc, changing code."""

from collections.abc import Callable
from random import Random

from plain_model.encoding import (
    ADD,
    CONDITIONS,
    DIV,
    GREATER,
    MOV,
    MUL,
    SUB,
    Code,
    encode,
    encode_condbr,
    number_of,
)
from plain_model.layout import interesting_value
from plain_model.place import COUNTER, GENERAL, INNER_COUNTER, Place

ARITHMETIC = (MOV, ADD, SUB, MUL, DIV)


def loop(code: Code, times: int, body: Callable[[], None], counter: str = COUNTER) -> None:
    """Repeat a body; it must leave the counter alone."""
    code.mov(counter, times)
    top = code.place(code.fresh())
    body()
    code.mov("r11", 1)
    code.op(SUB, counter, "r11")
    code.condbr(GREATER, counter, 0, top)


def compute(code: Code, rng: Random) -> None:
    """One instruction that computes, or a branch that may skip one."""
    kind = rng.random()
    a, b = rng.choice(GENERAL), rng.choice(GENERAL)
    if kind < 0.25:
        code.mov(a, interesting_value(rng))
    elif kind < 0.85:
        code.op(rng.choice(ARITHMETIC), a, b)
    else:
        over = code.fresh()
        code.condbr(rng.choice(CONDITIONS), a, interesting_value(rng), over)
        code.op(rng.choice(ARITHMETIC), b, a)
        code.place(over)


def legal_word(rng: Random) -> bytes:
    """An instruction that computes and goes on to the next one."""
    a, b = rng.randrange(9), rng.randrange(9)
    if rng.random() < 0.3:
        return encode(0x01, a, value=interesting_value(rng))
    if rng.random() < 0.2:
        return encode_condbr(rng.choice(CONDITIONS), a, 1, interesting_value(rng))
    return encode(rng.choice((MOV, ADD, SUB, MUL)), a, b)


def arithmetic(code: Code, rng: Random, _place: Place) -> None:
    """Loops, one in the other, over arithmetic."""

    def inner() -> None:
        for _ in range(rng.randrange(2, 8)):
            compute(code, rng)

    def outer() -> None:
        inner()
        if rng.random() < 0.4:
            loop(code, rng.randrange(1, 6), inner, INNER_COUNTER)

    loop(code, rng.randrange(3, 30), outer)


def division_corners(code: Code, rng: Random, _place: Place) -> None:
    """Divide what lies on the edges: zero, minus one, the most negative number."""
    edges = (0, 1, 2, 3, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF, 0xFFFFFFFE)
    for _ in range(rng.randrange(3, 9)):
        a, b = rng.sample(GENERAL, 2)
        code.mov(a, rng.choice(edges))
        code.mov(b, rng.choice(edges))
        code.op(DIV, a, b)
        over = code.fresh()
        code.condbr(rng.choice(CONDITIONS), a, rng.choice(edges), over)
        compute(code, rng)
        code.place(over)


def calls(code: Code, rng: Random, _place: Place) -> None:
    """Call routines by branch, return through link; one of them saves link and calls another."""
    inner, outer, done = code.fresh(), code.fresh(), code.fresh()

    def body() -> None:
        code.mov_label("r7", outer)
        code.branch("r7")
        compute(code, rng)
        if rng.random() < 0.5:
            code.mov_label("link", inner)
            code.branch("link")  # the old link is the target

    loop(code, rng.randrange(2, 12), body)
    code.mov_label("pc", done)
    code.place(outer)
    code.op(MOV, "r13", "link")
    code.mov_label("r7", inner)
    code.branch("r7")
    compute(code, rng)
    code.op(MOV, rng.choice(("pc", "link")), "r13")
    code.branch("link")
    code.place(inner)
    compute(code, rng)
    code.op(ADD, "r8", "link")
    code.branch("link")
    code.place(done)


def jump_by_multiplication(code: Code) -> None:
    """Add `mul pc, r6` with the factor that leads a little further on."""
    while code.here // 8 % 2 == 1:  # so that the mul, one further, is at an odd multiple of 8
        code.op(MOV, "r6", "r6")
    here = code.here + 8
    code.mov("r6", (here // 8 + 1) * pow(here // 8, -1, 2**29))
    code.op(MUL, "pc", "r6")


def jump_by_division(code: Code, rng: Random, place: Place) -> None:
    """Add `div pc, r6` leading into data, where a trap or a routine ends the excursion."""
    code.mov("r6", rng.choice((0, 2, 3, 0xFFFFFFFF, code.here // place.layout.data or 2)))
    code.op(DIV, "pc", "r6")


def jumps_by_arithmetic(code: Code, rng: Random, place: Place) -> None:
    """Read and write pc by mov, add, sub, mul, div and a load."""

    def body() -> None:
        kind = rng.randrange(7)
        over, target = code.fresh(), code.fresh()
        if kind == 0:
            code.mov("r6", 8 * rng.randrange(1, 4))
            code.op(ADD, "pc", "r6")
        elif kind == 1:
            code.mov("r6", -8 * rng.randrange(1, 4))
            code.op(SUB, "pc", "r6")
        elif kind == 2:
            code.mov_label("r6", target)
            code.op(MOV, "r5", "pc")
            code.op(SUB, "r6", "r5")
            code.mov("r5", 8)
            code.op(SUB, "r6", "r5")
            code.op(ADD, "pc", "r6")
        elif kind == 3:
            code.mov("r6", place.data_word(rng))
            code.mov_label("r5", target)
            code.store("r6", "r5")
            code.load("pc", "r6")
        elif kind == 4:
            jump_by_multiplication(code)
        elif kind == 5:
            code.mov("r6", place.data_word(rng))
            code.store("r6", "pc")
            code.load("r5", "r6")
            code.op(SUB, "r5", "pc")
        else:
            code.condbr(rng.choice(CONDITIONS), "pc", code.here, over)
            code.op(MOV, "r5", "pc")
            code.op(MUL, "r5", "pc")
        for _ in range(3):
            code.raw(legal_word(rng))
        code.place(over)
        code.place(target)

    for _ in range(rng.randrange(1, 4)):
        if rng.random() < 0.6:
            loop(code, rng.randrange(2, 8), body)
        else:
            body()
    if rng.random() < 0.3:
        jump_by_division(code, rng, place)


def changes_the_next_instruction(code: Code, rng: Random, place: Place) -> None:
    """In a loop, store into the instruction that follows the store, or into one soon after."""
    away = rng.choice((0, place.other_window()))
    value_changes = rng.random() < 0.5
    patched = code.fresh()
    shift = rng.choice((0, 0, 1, 2))

    def body() -> None:
        code.mov_label("r7", patched, away + (4 if value_changes else 0))
        if value_changes:
            code.op(ADD, "r6", COUNTER)
        else:
            other = int.from_bytes(encode(ADD, rng.randrange(9), rng.randrange(9))[:4], "little")
            code.mov("r6", other)
            if rng.random() < 0.7:
                # Alternate between two opcodes, so that the code never settles.
                code.load("r5", "r7")
                code.op(SUB, "r6", "r5")
                code.mov("r5", int.from_bytes(encode(ADD, 1, 2)[:4], "little"))
                code.op(ADD, "r6", "r5")
        code.store("r7", "r6")
        for _ in range(shift):
            code.op(ADD, "r1", "r2")
        code.place(patched)
        if value_changes:
            code.mov("r4", 0)
        else:
            code.op(ADD, "r1", "r2")
        compute(code, rng)

    loop(code, rng.randrange(4, 25), body)


def writes_a_routine_elsewhere(code: Code, rng: Random, place: Place) -> None:
    """Write a routine into another page (or by another name of it) and call it, repeatedly."""
    kind = rng.random()
    if kind < 0.5:
        run = rng.choice(place.layout.patches) + place.window
        write = run + rng.choice((0, place.other_window()))
    else:
        run = write = (place.data_word(rng) & ~7) - 0x20
        run = write = max(run, place.layout.data + 8)

    def put(address: int, instruction: bytes) -> None:
        for offset in (0, 4):
            code.mov("r7", address + offset)
            code.mov("r6", int.from_bytes(instruction[offset : offset + 4], "little"))
            code.store("r7", "r6")

    put(write + 16, encode(0x09, number_of("link")))

    def body() -> None:
        put(write + rng.choice((0, 8)), legal_word(rng))
        put(write + rng.choice((0, 8)), legal_word(rng))
        code.mov("r7", run)
        code.branch("r7")
        if rng.random() < 0.5:
            put(write, legal_word(rng))
            code.mov("r7", run)
            code.branch("r7")

    loop(code, rng.randrange(2, 10), body)
