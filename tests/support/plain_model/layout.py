"""Where the parts of a random program lie in memory, and the page tables it begins with."""

from dataclasses import dataclass
from random import Random

from plain_model.translation import A, D, P, R, U, W, X

PAGE = 0x1000
FULL = P | R | W | X | U
COMBINATIONS = 32  # of P, R, W, X and U

# Virtual pages that stand for something else than themselves.
ALIAS_PAGE = 0x10  # the code pages again, with all rights
POOR_ALIAS_PAGE = 0x14  # the code pages again, with some right missing
IO_ALIAS_PAGE = 0x18  # the I/O page, for user mode as well
TABLE_ALIAS_PAGE = 0x19  # the page table, for user mode as well
PROBE_PAGE = 0x20  # every combination of rights, over all sorts of physical pages
TOP_PAGE = 0xFFFFF  # the last virtual page, where the table is long enough to have it

CODE_PAGES = 4
PATCH_SIZE = 0x40  # at the end of each code page: a routine that programs write and call


@dataclass(frozen=True)
class Layout:
    """Physical addresses of the parts."""

    size: int
    kernel: int
    code: tuple[tuple[int, int], ...]  # (first address, address after the last) of each region
    patches: tuple[int, ...]
    vectors: int
    cursor: int  # the word that points to the next record of the schedule
    schedule: int
    schedule_room: int  # records
    scratch: int  # four words that handlers use
    data: int
    data_size: int
    table: int
    other_table: int

    @property
    def tiny(self) -> bool:
        """Tell whether there is but one page, with everything in it and no room for a table."""
        return self.size == 2 * PAGE

    @property
    def huge(self) -> bool:
        """Tell whether a table for all virtual pages fits."""
        return self.size > 0x400000


def choose_layout(rng: Random) -> Layout:
    """Choose between a machine of one page, the usual ones, and one with a full-length table."""
    kind = rng.random()
    if kind < 0.06:
        return Layout(
            size=2 * PAGE,
            kernel=0x1000,
            code=((0x1780, 0x1B40),),
            patches=(0x1B40,),
            vectors=0x1B80,
            cursor=0x1C00,
            schedule=0x1C10,
            schedule_room=30,
            scratch=0x1E00,
            data=0x1E10,
            data_size=0x1F0,
            table=0x1000,
            other_table=0x1000,
        )
    size = rng.choice((0xC000, 0x10000, 0x10000, 0x10000, 0x20000))
    if kind > 0.985:
        size = 0x403000  # the word for the top page, at table + 0x3FFFFC, is its last
    first = 0x4000
    ends = [first + (n + 1) * PAGE - PATCH_SIZE for n in range(CODE_PAGES)]
    return Layout(
        size=size,
        kernel=0x1000,
        code=tuple((first + n * PAGE, end) for n, end in enumerate(ends)),
        patches=tuple(ends),
        vectors=0x2000 + 4 * rng.randrange(32),
        cursor=0x2200,
        schedule=0x2240,
        schedule_room=64,
        scratch=0x2210,
        data=0x8000,
        data_size=2 * PAGE,
        table=0x3000,
        other_table=0xA000,
    )


def _mostly_full(rng: Random) -> int:
    """All rights, or now and then all but one."""
    if rng.random() < 0.8:
        return FULL
    return FULL & ~rng.choice((R, W, U))


def _marks(rng: Random) -> int:
    """A, D and the bits left to software, each set or not."""
    return rng.randrange(0x1000) & ~FULL


def _probed_page(layout: Layout, rng: Random) -> int:
    """A physical page for a probe: code, data, a table, ports, or nothing at all."""
    inside = [address for address, _ in layout.code]
    inside += [layout.data, layout.data + PAGE] * 3
    return rng.choice((*inside, layout.table, 0, 0, layout.size, rng.randrange(0x100000) * PAGE))


def table_entries(layout: Layout, rng: Random) -> dict[int, int]:
    """The entries of a page table by virtual page."""
    entries: dict[int, int] = {}
    io_rights = rng.choice((0, P | R | W, P | R | W | U, P | R | W | U, P | R | U, FULL))
    entries[0] = io_rights | _marks(rng)
    entries[1] = layout.kernel | P | R | W | X
    entries[2] = 0x2000 | P | R | W
    entries[3] = layout.table | P | R | rng.choice((0, W, W, W | U))
    for number, (address, _) in enumerate(layout.code):
        entries[address // PAGE] = address | _mostly_full(rng) | _marks(rng)
        entries[ALIAS_PAGE + number] = address | FULL
        entries[POOR_ALIAS_PAGE + number] = address | (FULL & ~rng.choice((R, W, X, U)))
    for page in range(8, layout.size // PAGE if layout.size <= 0x10000 else 0x10):
        entries[page] = page * PAGE | P | R | W | rng.choice((0, U, U, U | X, U | X)) | _marks(rng)
    entries[IO_ALIAS_PAGE] = P | R | W | U
    entries[TABLE_ALIAS_PAGE] = layout.table | P | R | W | U
    combinations = list(range(COMBINATIONS))
    rng.shuffle(combinations)
    for page, rights in enumerate(combinations, PROBE_PAGE):
        entries[page] = _probed_page(layout, rng) | rights | _marks(rng)
    for _ in range(rng.randrange(12)):
        entries[rng.randrange(0x40, 0x400)] = rng.getrandbits(32)
    if layout.huge:
        entries[TOP_PAGE] = layout.code[-1][0] | FULL
    return entries


def random_entry(layout: Layout, rng: Random) -> int:
    """An entry that a program writes into its table while it runs."""
    rights = rng.randrange(COMBINATIONS) if rng.random() < 0.5 else FULL
    return _probed_page(layout, rng) | rights | rng.choice((0, A, D, A | D, 0x80, 0xF80))


def wide_words(rng: Random, count: int) -> list[int]:
    """Words to fill data with: some small, some on the edges, some anything."""
    return [interesting_value(rng) for _ in range(count)]


def interesting_value(rng: Random) -> int:
    """A value that arithmetic and comparisons find hard."""
    kind = rng.random()
    if kind < 0.3:
        return rng.choice((0, 1, 2, 4, 7, 8, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFF8))
    if kind < 0.5:
        return rng.choice((0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFF, 0x10000, 0x8000, 0x1000))
    if kind < 0.75:
        return rng.randrange(0x200)
    return rng.getrandbits(32)
