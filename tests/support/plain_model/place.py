"""Where and how a building block runs, and the addresses that make sense from there."""

from dataclasses import dataclass
from random import Random

from plain_model.layout import (
    ALIAS_PAGE,
    COMBINATIONS,
    IO_ALIAS_PAGE,
    PAGE,
    PROBE_PAGE,
    TABLE_ALIAS_PAGE,
    Layout,
)
from plain_model.registers import KERNEL, VIRTUAL

PORTS = (0x04, 0x05, 0x10, 0x14, 0x15, 0x24, 0x28)
NEXT_BLOCK = 0x7E  # `trap NEXT_BLOCK` ends a block: the kernel goes to the next record
SWITCH_MODE = 0x10  # `trap SWITCH_MODE + status` goes on with these three bits of status

GENERAL = tuple(f"r{number}" for number in range(9))  # what blocks may overwrite freely
COUNTER = "r10"
INNER_COUNTER = "r9"


@dataclass(frozen=True)
class Place:
    """The mode that a block begins in, and what its addresses are moved by."""

    layout: Layout
    status: int
    window: int  # run address minus physical address of the code
    byte_ticks: int

    @property
    def kernel(self) -> bool:
        """Tell whether the block begins in kernel mode."""
        return self.status & KERNEL != 0

    @property
    def virtual(self) -> bool:
        """Tell whether the block begins with translation on."""
        return self.status & VIRTUAL != 0

    @property
    def io(self) -> int:
        """The address of the I/O page, reachable unless in user mode without translation."""
        if self.virtual and not self.layout.tiny:
            return IO_ALIAS_PAGE * PAGE
        return 0

    @property
    def table(self) -> int:
        """The address of the page table."""
        if self.virtual and not self.layout.tiny:
            return TABLE_ALIAS_PAGE * PAGE
        return self.layout.table

    def other_window(self) -> int:
        """What to add to a run address for another virtual address of the same bytes."""
        if not self.virtual or self.layout.tiny:
            return 0
        alias = ALIAS_PAGE * PAGE - self.layout.code[0][0]
        return alias - self.window

    def data_word(self, rng: Random) -> int:
        """The address of a word of data, aligned and reachable."""
        return self.layout.data + 4 * rng.randrange(self.layout.data_size // 4)

    def any_address(self, rng: Random) -> int:
        """An address for a load or a store: mostly data, else something that may trap."""
        kind = rng.random()
        if kind < 0.55:
            return self.data_word(rng)
        if kind < 0.65:
            return self.data_word(rng) + rng.randrange(1, 4)
        if kind < 0.75:
            return self.io + rng.choice((*PORTS, 0x00, 0x0C, 0x11, 0x21))
        if kind < 0.80:
            return rng.choice((self.layout.size, self.layout.size - 4, self.layout.size + 1))
        if kind < 0.85:
            return 0x100000000 - rng.randrange(1, 0x20)
        if kind < 0.88:
            return rng.choice((0x3FFFFC, 0x400000, 0x7FFFFFFC, 0x80000000, rng.getrandbits(32)))
        if kind < 0.90:
            return self.table + 4 * rng.randrange(0x40)
        return self.probe_address(rng)

    def probe_address(self, rng: Random) -> int:
        """An address in one of the pages with every combination of rights."""
        page = PROBE_PAGE + rng.randrange(COMBINATIONS)
        return page * PAGE + rng.choice((0x10, 0x14, 0x15, 0x28, 4 * rng.randrange(1024)))
