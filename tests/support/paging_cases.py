"""Cases of page tables that are edited while they are in use, for the proof of the system.

FAR is where a table of two pages has its second page of entries, which no code is reached by: what
is known of them is known of loads and stores alone.
"""

from collections.abc import Iterator
from itertools import product

from board import program
from system_proof import (
    CODE,
    DATA,
    OTHER_DATA,
    OTHER_TABLE,
    PORTS_TOO,
    RIGHTS,
    SIZE,
    TABLE,
    USED,
    Case,
    side_by_side,
)

from isa_spec.paging import PAGE, Entry

FAR, ENTRIES = 0x400000, 0x4000
"""What is mapped by entries of the table's second page, and where those are."""
BOTH_PAGES = TABLE | 2
FAR_AWAY = {"status": 3, "ptbr": BOTH_PAGES, "r7": FAR + 4, "r8": ENTRIES}
SPARE = 0x7000
READ, WRITTEN = int(Entry.ACCESSED), int(Entry.ACCESSED | Entry.DIRTY)

SWAP = (
    "mov [r8], r0",
    "mov r5, [r7]",
    "mov [r7], r9",
    "mov r4, [r7]",
    "mov [r8], r2",
    "mov r6, [r7]",
    "mov [r7], r5",
    "mov r3, [r7]",
)
"""An entry is written at r8, twice, and what it maps is accessed at r7."""


LOADS_FIRST = ("mov [r8], r0", "mov r5, [r7]", "mov r6, [r7]", "mov [r7], r5", "mov [r7], r9")
STORES_FIRST = ("mov [r8], r0", "mov [r7], r9", "mov [r7], r5", "mov r6, [r7]", "mov r5, [r7]")


def paging_cases() -> Iterator[Case]:
    """Give all of them."""
    return side_by_side(rights(), swaps(), tables(), code(), committed(), lookups())


def rights() -> Iterator[Case]:
    """Entries that allow less than everything, or lead to pages that are none."""
    for status, lacks, marks in product((3, 2), (0, *Entry), (0, READ, WRITTEN)):
        entry = (DATA | RIGHTS) & ~int(lacks) | marks
        held = FAR_AWAY | {"status": status, "r0": entry}
        needed = Entry.PRESENT if status == 3 else Entry.PRESENT | Entry.USER
        for lines, first, then in (
            (LOADS_FIRST, Entry.READABLE, Entry.WRITABLE),
            (STORES_FIRST, Entry.WRITABLE, Entry.READABLE),
        ):
            done = 1 if ~entry & (needed | first) else 3 if ~entry & then else 5
            yield Case(lines, held, ticks=min(done + 1, 5), native=done)
    for page, lines in product((0, 15, 16, 17, 0x80000, 0xFFFFF), (LOADS_FIRST, STORES_FIRST)):
        native = {0: 0, 15: 5}.get(page, 1)
        held = FAR_AWAY | {"r0": page << 12 | RIGHTS}
        yield Case(lines, held, ticks=max(native, 3), native=native)
    for low, line in product((1, 2, 3), ("mov r5, [r7]", "mov [r7], r9")):
        held = FAR_AWAY | {"r7": FAR + low, "r0": DATA | USED}
        yield Case(("mov [r8], r0", line), held, ticks=2, native=1)


def swaps() -> Iterator[Case]:
    """Entries that change what addresses mean, in every mode and at every place of a table."""
    for status, (page, offset), (one, other) in product(
        (3, 2), ((0, 0), (1, 4), (0x3FF, 0xFFC)), ((DATA, OTHER_DATA), (SPARE, SIZE - 0x1000))
    ):
        held = {"status": status, "r7": FAR + (page << 12) + offset, "r8": ENTRIES + 4 * page}
        for marks in (0, READ, WRITTEN):
            swapped = {"r0": one | RIGHTS | marks, "r2": other | RIGHTS}
            yield Case(SWAP, FAR_AWAY | held | swapped, ticks=8)
    physical = ("mov status, 1", "mov [r8], r0", "mov status, 3", "mov r5, [r7]", "mov [r7], r9")
    again = ("mov status, 1", "mov [r8], r2", "mov status, 3", "mov r6, [r7]", "mov [r7], r5")
    for entry in (OTHER_DATA | RIGHTS, OTHER_DATA | USED):
        held = FAR_AWAY | {"r0": DATA | RIGHTS, "r2": entry}
        yield Case((*physical, *again), held, ticks=10)
    itself = FAR_AWAY | {"r0": ENTRIES | RIGHTS, "r9": DATA | USED}
    yield Case(("mov [r8], r0", "mov [r7], r9", "mov r5, [r7]"), itself, ticks=3)


def tables() -> Iterator[Case]:
    """Others' entries, an entry of two tables, and tables that end or begin somewhere else."""
    lines = ("mov r5, [r7]", "mov ptbr, r0", "mov r6, [r10]", "mov [r8], r2", "mov r5, [r10]")
    back = ("mov ptbr, r11", "mov r6, [r7]", "mov [r8], r3")
    edits = {"status": 3, "r2": DATA | USED, "r3": SPARE | USED}
    for table in (TABLE, OTHER_TABLE):
        held = edits | {"r8": table + 4 * (SPARE >> 12), "r7": SPARE, "r10": SPARE}
        held |= {"ptbr": TABLE | 1, "r11": TABLE | 1, "r0": OTHER_TABLE | 1}
        yield Case((*lines, *back), held, ticks=8)
    slot = ENTRIES + 4 * (SPARE >> 12)
    words = ((ENTRIES + 4, CODE | USED), (ENTRIES + 16, ENTRIES | USED), (slot, SPARE | USED))
    held = edits | {"r8": slot, "r7": SPARE, "r10": FAR + SPARE}
    held |= {"ptbr": ENTRIES | 1, "r11": ENTRIES | 1, "r0": BOTH_PAGES}
    yield Case((*lines, *back), held, ticks=8, words=words)
    far = ("mov r5, [r7]", "mov r6, [r7]")
    for ptbr in (TABLE | 1, (SIZE - PAGE) | 2):
        words = ((ENTRIES, DATA | USED), (SIZE - PAGE + 4, CODE | USED))
        held = {"status": 3, "ptbr": ptbr, "r7": FAR}
        yield Case(far, held, ticks=2, words=words, native=0)
    words = tuple(
        (CODE + 0x800 + 4 * page, place | USED) for page, place in enumerate((CODE, DATA, CODE))
    )
    held = {"status": 3, "ptbr": 2, "pc": FAR + 0x200000, "r7": FAR + 0x201000}
    held |= {"r8": FAR + 0x202804, "r2": OTHER_DATA | USED}
    yield Case((*far, "mov [r8], r2", *far), held, ticks=5, words=words, native=0)


def code() -> Iterator[Case]:
    """Entries by which code or ports are found, and entries that are instructions."""
    elsewhere = words_of(SPARE, "add r4, r1", "add r4, r1", "mov r5, [r7]", "add r6, r5")
    words = (*elsewhere, (CODE + 0x800, 5), (SPARE + 0x800, 6))
    held = {"status": 3, "ptbr": TABLE | 1, "r7": CODE + 0x800, "r8": TABLE + 4}
    held |= {"r0": SPARE | USED}
    fresh = ((TABLE + 4, CODE | USED),)
    for line in ("mov r6, [r7]", "add r6, r1"):
        yield Case((line, "mov [r8], r0"), held, words=words, fresh=fresh, native=1)
    ports = {"status": 3, "ptbr": TABLE | 1, "r7": PORTS_TOO + 0x24, "r8": TABLE + 60}
    lines = ("mov r6, [r7]", "mov [r8], r0", "mov r5, [r7]")
    yield Case(lines, ports | {"r0": DATA | USED}, ticks=3, fresh=((TABLE + 60, USED),), native=0)
    mixed = (
        f"mov r4, {CODE | USED}",
        f"mov r2, {DATA | RIGHTS}",
        "mov r5, [r7]",
        "add r6, r2",
    )
    held = {"status": 3, "ptbr": CODE | 1, "r7": 0x3004, "r8": CODE + 12, "r0": OTHER_DATA | USED}
    fresh = ((CODE + 12, DATA | RIGHTS),)
    for edit in ((), ("mov [r8], r0",)):
        lines = (*mixed, *edit, "mov pc, 0x1000")
        yield Case(lines, held, ticks=2 * len(lines), fresh=fresh, native=0)

    words = (*words_of(SPARE, "add r4, r1", "mov pc, 0x1008"), (ENTRIES + 4, SPARE | USED))
    held = FAR_AWAY | {"epc": FAR + CODE + 8, "estatus": 3}  # another page's place in JUMPS
    yield Case(("iret", "add r6, r1", "add r6, r1"), held, words=words, native=1)


def words_of(at: int, *lines: str) -> tuple[tuple[int, int], ...]:
    """Give the words of a program, each with its address."""
    code = program(*lines)
    starts = range(0, len(code), 4)
    return tuple((at + n, int.from_bytes(code[n : n + 4], "little")) for n in starts)


def committed() -> Iterator[Case]:
    """Bits to be set where somebody has to be told of it, and bits that are there already."""
    for line, marks in product(("mov r5, [r7]", "mov [r7], r9"), (0, READ, WRITTEN)):
        fresh = ((ENTRIES, DATA | RIGHTS | marks),)
        done = marks == WRITTEN or (marks and "r5" in line)
        native = 2 if done else 0
        yield Case((line, line), FAR_AWAY, ticks=2, fresh=fresh, guarded=(4,), native=native)
    edit = ("mov r5, [r7]", "mov [r8], r0", "mov r6, [r7]")
    for entry in (DATA | RIGHTS, DATA | USED):
        held = FAR_AWAY | {"r0": OTHER_DATA | USED}
        yield Case(edit, held, ticks=3, fresh=((ENTRIES, entry),))


def lookups() -> Iterator[Case]:
    """Where host registers hold what could be taken for an address, or addresses are alike."""
    words = ((ENTRIES, DATA | USED), (ENTRIES + 4 * 8, SPARE | USED))
    held = FAR_AWAY | {"r8": FAR + 0x8000}
    yield Case(("mov [r7], r9", "mov r5, [r8]"), held, ticks=2, words=words)
    for line in ("mov r5, [r7]", "mov [r7], r9"):
        lines = ("mov r6, [r8]", "mov r6, [r7]", "div r2, r8", line)
        yield Case(lines, FAR_AWAY | {"r8": SPARE}, words=words)
        lines = ("mov r6, [r8]", "mov [r8], r1", "add r4, r1", line)
        held = {"status": 3, "ptbr": OTHER_TABLE | 1, "r8": 0x8000, "r7": 0x2FF8}
        yield Case(lines, held)
