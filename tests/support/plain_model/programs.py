"""Seeded random programs: images, scripted input and limits for lockstep runs."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from plain_model import blocks_compute, blocks_events, blocks_memory
from plain_model.encoding import TRAP, Code, encode, number_of
from plain_model.kernel import ENDINGS, Kernel
from plain_model.layout import (
    ALIAS_PAGE,
    PAGE,
    PATCH_SIZE,
    POOR_ALIAS_PAGE,
    Layout,
    choose_layout,
    table_entries,
    wide_words,
)
from plain_model.place import NEXT_BLOCK, Place
from plain_model.registers import INTERRUPTS, KERNEL, VIRTUAL

Block = Callable[[Code, Random, Place], None]

ANYWHERE: tuple[Block, ...] = (
    blocks_compute.arithmetic,
    blocks_compute.division_corners,
    blocks_compute.calls,
    blocks_compute.jumps_by_arithmetic,
    blocks_compute.changes_the_next_instruction,
    blocks_compute.changes_the_next_instruction,
    blocks_compute.writes_a_routine_elsewhere,
    blocks_memory.walk,
    blocks_memory.scattered,
    blocks_events.words_at_random,
    blocks_events.words_at_random,
    blocks_events.traps,
    blocks_events.wild_jumps,
    blocks_events.ports,
    blocks_events.sends,
    blocks_events.receives,
    blocks_events.timer,
    blocks_events.switches_modes,
)
TRANSLATED: tuple[Block, ...] = (
    blocks_memory.probes,
    blocks_memory.probes,
    blocks_memory.edits_the_table,
    blocks_memory.remaps_its_own_code,
)
KERNEL_ONLY: tuple[Block, ...] = (
    blocks_memory.changes_ptbr,
    blocks_events.sleeps,
    blocks_events.kernel_registers,
    blocks_events.returns_by_iret,
)
NEXT = encode(TRAP, value=NEXT_BLOCK)


@dataclass(frozen=True)
class Program:
    """All that a run depends on."""

    seed: int
    segments: tuple[tuple[int, bytes], ...]  # (physical address, bytes)
    memory_size: int
    byte_ticks: int
    feeds: tuple[tuple[int, bytes], ...]  # (tick, bytes), in order of ticks
    limit: int  # ticks
    features: str


@dataclass(frozen=True)
class _Record:
    """One entry of the schedule: how the kernel begins a block."""

    pc: int
    status: int
    ptbr: int
    imask: int

    def image(self) -> bytes:
        return b"".join(
            word.to_bytes(4, "little") for word in (self.pc, self.status, self.ptbr, self.imask)
        )


def _windows(layout: Layout, rng: Random, virtual: bool) -> int:
    """How far the addresses at which a block runs lie from the physical ones."""
    if not virtual or layout.tiny or rng.random() < 0.6:
        return 0
    page = rng.choice((ALIAS_PAGE, ALIAS_PAGE, POOR_ALIAS_PAGE))
    return page * PAGE - layout.code[0][0]


def _choose_block(place: Place, rng: Random) -> Block:
    """Choose what the block does, among what its mode allows."""
    candidates = list(ANYWHERE)
    if place.virtual:
        candidates += TRANSLATED * 2
    if place.kernel:
        candidates += KERNEL_ONLY
        if place.window == 0:
            candidates.append(blocks_memory.switches_translation)
        if place.layout.huge:
            candidates += [blocks_memory.runs_off_the_top] * 4
    return rng.choice(candidates)


def _build(block: Block, seed: int, start: int, place: Place) -> bytes:
    """Assemble a block to run at an address; the same seed gives the same block anywhere."""
    code = Code(start)
    block(code, Random(seed), place)
    code.raw(NEXT)
    return code.image()


def _imask(rng: Random) -> int:
    lines = rng.choice((0x10000, 0x10000, 0x20000, 0x30000, 0x50000, 0x70000, 0x40000, 0))
    return lines | rng.choice((0, 0, 0, rng.getrandbits(32) & 0xFFF8FFFF))


def _ptbr(layout: Layout, rng: Random) -> int:
    kind = rng.random()
    if kind < 0.8:
        return layout.table | 1
    if kind < 0.9:
        return layout.table | rng.choice((0, 2, 0x400, 0x401, 0xFFF))
    if kind < 0.97:
        return layout.other_table | 1
    return rng.choice((1, layout.size | 1, 0xFFFFF001))


def _blocks(layout: Layout, rng: Random, byte_ticks: int) -> tuple[dict[int, bytes], list[_Record]]:
    """Fill the code regions with blocks; return their bytes by address, and how to begin each."""
    pieces: dict[int, bytes] = {}
    records: list[_Record] = []
    for first, end in layout.code:
        address = first
        for _ in range(rng.randrange(3, 9)):
            status = rng.choice((KERNEL, KERNEL, 0, 0, VIRTUAL)) | rng.choice((0, VIRTUAL))
            status = status | rng.choice((0, INTERRUPTS, INTERRUPTS))
            place = Place(layout, status, _windows(layout, rng, status & VIRTUAL != 0), byte_ticks)
            block = _choose_block(place, rng)
            run = address + place.window
            image = _build(block, rng.getrandbits(32), run, place)
            if address + len(image) > end:
                break
            pieces[address] = image
            records.append(_Record(run, status, _ptbr(layout, rng), _imask(rng)))
            address += len(image)
        pieces[address] = NEXT * ((end - address) // len(NEXT))
    return pieces, records


def _feeds(rng: Random, limit: int) -> tuple[tuple[int, bytes], ...]:
    ticks = sorted(rng.randrange(limit) for _ in range(rng.randrange(7)))
    return tuple((tick, rng.randbytes(rng.choice((1, 1, 3, 16, 17, 40)))) for tick in ticks)


def _broken(handlers: list[int], layout: Layout, rng: Random) -> list[int]:
    """Break the handlers of a vector or two; the system call is the last to be broken."""
    handlers = list(handlers)
    for _ in range(rng.randrange(1, 3)):
        vector = rng.choice((1, 2, 3, 4, 5, 6, 7, 9, 16, 17, 18))
        if rng.random() < 0.1:
            vector = 8
        handlers[vector] = rng.choice((0, 0x800, handlers[vector] + 4, layout.size, 0xFFFFFFF8))
    return handlers


def _words(words: list[int]) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


def make_program(seed: int) -> Program:
    """Make the program of a seed; the same seed makes the same program everywhere."""
    rng = Random(seed)
    layout = choose_layout(rng)
    byte_ticks = rng.choice((0, 0, 0, 1, 7, rng.randrange(1, 90)))
    ending = rng.choice(ENDINGS)
    limit = rng.randrange(900, 3000)
    kernel = Kernel(layout, rng, ending, byte_ticks)
    pieces, records = _blocks(layout, rng, byte_ticks)
    schedule = rng.choices(records, k=min(rng.randrange(3, 28), layout.schedule_room - 1))
    schedule.append(_Record(kernel.rewind, KERNEL, layout.table | 1, 0))
    broken = rng.random() < 0.08
    handlers = _broken(kernel.vectors, layout, rng) if broken else kernel.vectors

    routine = encode(0x01, 6, value=seed) * (PATCH_SIZE // 8 - 1)
    routine += encode(0x09, number_of("link"))
    segments = [(layout.kernel, kernel.image)]
    segments += pieces.items()
    segments += [(address, routine[-PATCH_SIZE:]) for address in layout.patches]
    segments.append((layout.vectors, _words(handlers)))
    segments.append((layout.cursor, _words([layout.schedule])))
    segments.append((layout.schedule, b"".join(record.image() for record in schedule)))
    segments.append((layout.scratch, _words([rng.randrange(1, 4), 0, 0, 0])))
    segments.append((layout.data, _words(wide_words(rng, layout.data_size // 4))))
    if not layout.tiny:
        for table in (layout.table, layout.other_table):
            for page, entry in table_entries(layout, rng).items():
                if table + 4 * page < layout.size:
                    segments.append((table + 4 * page, _words([entry])))
    return Program(
        seed=seed,
        segments=tuple(segments),
        memory_size=layout.size,
        byte_ticks=byte_ticks,
        feeds=_feeds(rng, limit),
        limit=limit,
        features=f"{layout.size:#x} bytes, {len(records)} blocks, byte ticks {byte_ticks}, "
        f"ending {ending}, {'broken' if broken else 'sound'} vectors",
    )
