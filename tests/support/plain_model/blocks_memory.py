"""Building blocks about memory: walks, probes of every kind of page, tables changed in use."""

from random import Random

from plain_model.blocks_compute import compute, loop
from plain_model.encoding import ADD, MOV, SUB, Code
from plain_model.layout import (
    COMBINATIONS,
    FULL,
    PAGE,
    PROBE_PAGE,
    TOP_PAGE,
    interesting_value,
    random_entry,
)
from plain_model.place import COUNTER, GENERAL, Place
from plain_model.registers import VIRTUAL


def walk(code: Code, rng: Random, place: Place) -> None:
    """Go through data with a stride, loading, computing and storing."""
    times = rng.randrange(5, 30)
    code.mov("r7", place.layout.data + 4 * rng.randrange(8))
    stride = rng.choice((4, 4, 8, 12, 1, 2, 0xFFFFFFFC, PAGE))

    def body() -> None:
        code.load(rng.choice(GENERAL[:6]), "r7")
        compute(code, rng)
        code.mov("r8", rng.randrange(0x40) * 4)
        code.op(ADD, "r8", "r7")
        code.store("r8" if rng.random() < 0.3 else "r7", rng.choice(GENERAL[:6]))
        code.mov("r8", stride)
        code.op(ADD, "r7", "r8")

    if rng.random() < 0.5:
        code.mov("r7", place.data_word(rng))
    loop(code, times, body)


def scattered(code: Code, rng: Random, place: Place) -> None:
    """Load and store at addresses of every sort, wide and misaligned ones among them."""

    def body() -> None:
        for _ in range(rng.randrange(2, 7)):
            code.mov("r7", place.any_address(rng))
            if rng.random() < 0.5:
                code.load(rng.choice(GENERAL), "r7")
            else:
                code.store("r7", rng.choice(GENERAL))

    loop(code, rng.randrange(1, 6), body)


def probes(code: Code, rng: Random, place: Place) -> None:
    """Load, store and fetch in pages of every combination of rights, one after the other."""
    first = PROBE_PAGE + rng.randrange(COMBINATIONS)
    code.mov("r7", first * PAGE + 4 * rng.randrange(1024))
    code.mov("r8", rng.choice((PAGE, PAGE, 3 * PAGE)))
    code.mov("r5", 8)

    def body() -> None:
        if rng.random() < 0.8:
            code.load("r4", "r7")
        if rng.random() < 0.8:
            code.store("r7", "r4" if rng.random() < 0.8 else COUNTER)
        code.op(ADD, "r7", "r8")

    loop(code, rng.randrange(4, 16), body)
    if rng.random() < 0.6:
        code.mov("r7", place.probe_address(rng) & ~7)
        code.branch("r7")


def edits_the_table(code: Code, rng: Random, place: Place) -> None:
    """Store into the page table while it is in use, and use the page right afterwards."""
    page = rng.choice((PROBE_PAGE + rng.randrange(COMBINATIONS), rng.randrange(0x40, 0x50)))

    def body() -> None:
        for _ in range(rng.randrange(1, 4)):
            code.mov("r7", place.table + 4 * page)
            code.mov("r6", random_entry(place.layout, rng))
            code.store("r7", "r6")
            code.mov("r5", page * PAGE + 4 * rng.randrange(1024))
            code.op(*rng.choice(((0x03, "r4", "r5"), (0x04, "r5", "r4"))))
            if rng.random() < 0.5:
                code.load("r3", "r7")  # the accessed and dirty bits as they now are

    loop(code, rng.randrange(2, 10), body)


def remaps_its_own_code(code: Code, rng: Random, place: Place) -> None:
    """Map the running page away, take rights from it, or map it where it is already."""
    page = code.here // PAGE
    physical = (code.here - place.window) // PAGE * PAGE
    code.mov("r7", place.table + 4 * (page % 1024))
    code.load("r5", "r7")
    code.mov("r6", rng.choice((physical | FULL, physical | FULL, random_entry(place.layout, rng))))
    code.store("r7", "r6")
    compute(code, rng)
    compute(code, rng)
    code.store("r7", "r5")


def changes_ptbr(code: Code, rng: Random, place: Place) -> None:
    """Go on under another table, another length, or a table that lies nowhere."""
    layout = place.layout
    for _ in range(rng.randrange(1, 4)):
        base = rng.choice((layout.table, layout.table, layout.other_table))
        length = rng.choice((1, 1, 2, 0, 3, 0x400, 0x401, 0xFFF))
        if rng.random() < 0.12:
            base = rng.choice((0, layout.size, 0xFFFFF000, layout.size - PAGE))
        code.mov("ptbr", base | length)
        code.mov("r7", rng.choice((place.probe_address(rng), place.any_address(rng))))
        code.load("r4", "r7")
        far = (length or 1) * 0x400000 + rng.choice((0, 4, 0x1000))
        code.mov("r7", rng.choice((far, far - 4, 0xFFFFF010)) % 2**32)
        code.load("r4", "r7")
        code.store("r7", "r4")


def switches_translation(code: Code, rng: Random, place: Place) -> None:
    """Turn translation on and off in a loop, in place (the code is mapped at itself)."""
    steady = place.status & ~VIRTUAL

    def body() -> None:
        code.mov("status", steady | rng.choice((VIRTUAL, VIRTUAL, 0)))
        code.mov("r7", place.any_address(rng))
        code.load("r4", "r7")
        code.mov("status", steady)
        compute(code, rng)

    code.mov("ptbr", place.layout.table | 1)
    loop(code, rng.randrange(2, 12), body)
    code.mov("status", place.status)


def runs_off_the_top(code: Code, rng: Random, place: Place) -> None:
    """Jump to the last virtual page, whose end leads to address 0."""
    code.mov("ptbr", place.layout.table | rng.choice((0, 0x400, 0x500)))
    code.mov("r6", TOP_PAGE * PAGE)
    code.mov("r5", 0xFF8)
    code.op(ADD, "r6", "r5")
    # A routine of one instruction in the last eight bytes, by way of the page's other address.
    last = place.layout.code[-1][0] + 0xFF8
    code.mov("r7", last)
    word = rng.choice((0x00000105, 0x0001070A, 0xFFF0010D, 0x00000509, 0x00100202))
    code.mov("r4", word)
    code.store("r7", "r4")
    code.mov("r4", 4)
    code.op(ADD, "r7", "r4")
    code.mov("r4", 0 if word & 0xFF < 0x0A else interesting_value(rng))
    code.store("r7", "r4")
    code.op(SUB, "r4", "r4")
    code.op(MOV, "pc", "r6")
