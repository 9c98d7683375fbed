"""Memory: bytes behind guards, pages that cost nothing until they are written."""

import resource

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machine.machine import Machine
from machine.memory import Guard, Memory, pages_of

SIZE = 0x8000


def watched(memory: Memory, guard: Guard = Guard.CODE) -> list[int]:
    """Have the pages that a guard announces collected."""
    announced: list[int] = []

    def note(address: int, _length: int) -> bool:
        announced.append(address >> 12)
        return False

    memory.watch(guard, note)
    return announced


def test_memory_begins_as_zeros():
    memory = Memory(SIZE)
    assert memory.read(0x1000, SIZE - 0x1000) == bytes(SIZE - 0x1000)
    assert list(memory.pages()) == []


def test_words_are_little_endian():
    memory = Memory(SIZE)
    memory.store(0x1000, 0x12345678)
    assert memory.read(0x1000, 4) == b"\x78\x56\x34\x12"
    memory.write(0x1004, b"\x01\x02\x03\x04")
    assert memory.words[0x1004 >> 2] == 0x04030201


@pytest.mark.parametrize(
    ("address", "length", "held"),
    [(0x1000, 1, True), (0xFFF, 1, False), (0xFFF, 2, False), (SIZE - 1, 1, True), (SIZE, 1, False),
     (SIZE, 0, True), (SIZE - 4, 4, True), (SIZE - 4, 5, False), (0x1000, SIZE - 0x1000, True),
     (0x1000, SIZE, False), (-4, 4, False), (1 << 32, 4, False)],
)  # fmt: skip
def test_which_ranges_are_memory(address: int, length: int, held: bool):
    assert Memory(SIZE).holds(address, length) == held


def test_an_address_alone_is_a_range_of_one_byte():
    assert Memory(SIZE).holds(SIZE - 1)
    assert not Memory(SIZE).holds(SIZE)


@pytest.mark.parametrize("how", ["store", "write"])
def test_a_guard_is_told_before_the_first_store_and_then_no_more(how: str):
    memory = Memory(SIZE)
    seen: list[tuple[int, bytes]] = []

    def note(address: int, _length: int) -> bool:
        seen.append((address >> 12, memory.read(0x3000, 4)))
        return False

    memory.watch(Guard.CODE, note)
    memory.guard[3] |= Guard.CODE
    for value in (7, 8):
        if how == "store":
            memory.store(0x3000, value)
        else:
            memory.write(0x3000, value.to_bytes(4, "little"))
    assert seen == [(3, bytes(4))]
    memory.guard[3] |= Guard.CODE
    memory.store(0x3004, 1)
    assert seen[1:] == [(3, b"\x08\0\0\0")]


def test_all_guards_of_a_page_are_told():
    memory = Memory(SIZE)
    code = watched(memory)
    memory.guard[3] |= Guard.CODE
    memory.store(0x3FFC, 1)
    assert (code, memory.touched, memory.uncommitted) == ([3], {3}, {3})
    assert memory.guard[3] == 0


def test_a_store_tells_only_the_guards_of_its_own_page():
    memory = Memory(SIZE)
    code = watched(memory)
    for page in (2, 3, 4):
        memory.guard[page] |= Guard.CODE
    memory.store(0x3000, 1)
    assert code == [3]


@given(st.integers(0x1000, SIZE - 1), st.binary(max_size=0x3000))
def test_a_write_tells_every_page_that_it_touches(address: int, data: bytes):
    data = data[: SIZE - address]
    memory = Memory(SIZE)
    code = watched(memory)
    for page in range(1, SIZE >> 12):
        memory.guard[page] |= Guard.CODE
    memory.write(address, data)
    assert code == sorted({at >> 12 for at in range(address, address + len(data))})
    assert memory.read(address, len(data)) == data


@given(st.integers(0, SIZE), st.integers(1, 0x3000))
def test_the_pages_of_a_range(address: int, length: int):
    assert list(pages_of(address, length)) == sorted(
        {at >> 12 for at in range(address, address + length)}
    )


def test_a_watcher_that_asks_for_more_is_told_of_the_next_store_too():
    memory = Memory(SIZE)
    seen: list[tuple[int, int]] = []

    def note(address: int, length: int) -> bool:
        seen.append((address, length))
        return len(seen) < 2

    memory.watch(Guard.CODE, note)
    memory.guard[3] |= Guard.CODE
    for address in (0x3000, 0x3004, 0x3008):
        memory.store(address, 1)
    assert seen == [(0x3000, 4), (0x3004, 4)]
    assert memory.guard[3] == 0


def test_pages_are_those_that_hold_anything_but_zeros():
    memory = Memory(SIZE)
    memory.store(0x3000, 1)
    memory.store(0x5000, 1)
    memory.store(0x5000, 0)
    assert [page for page, _ in memory.pages()] == [3]
    assert memory.touched == {3, 5}


def test_restoring_makes_memory_hold_exactly_those_pages():
    memory = Memory(SIZE)
    memory.store(0x3000, 1)
    kept = dict(memory.pages())
    memory.store(0x3000, 2)
    memory.store(0x6000, 2)
    memory.restore(kept)
    assert dict(memory.pages()) == kept
    assert memory.read(0x6000, 4) == bytes(4)


def test_restoring_tells_only_the_guards_of_pages_that_change():
    memory = Memory(SIZE)
    for address in (0x3000, 0x4000):
        memory.store(address, 1)
    kept = dict(memory.pages())
    memory.store(0x4000, 2)
    code = watched(memory)
    for page in (3, 4):
        memory.guard[page] |= Guard.CODE
    memory.restore(kept)
    assert code == [4]


def test_uncommitted_pages_are_those_written_since_they_were_last_taken():
    memory = Memory(SIZE)
    memory.store(0x3000, 1)
    memory.write(0x4FFF, b"ab")
    assert memory.take_uncommitted() == {3, 4, 5}
    assert memory.take_uncommitted() == set()
    memory.store(0x3000, 1)
    assert memory.take_uncommitted() == {3}


def resident_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("size", [1 << 30, 1 << 31])
def test_a_huge_memory_costs_only_the_pages_that_are_touched(size: int):
    before = resident_kib()
    machine = Machine(size)
    machine.flash([(0x1000, b"x"), (size - 4, b"last")])
    assert machine.memory.touched == {1, (size >> 12) - 1}
    for address in range(0x2000, size, size // 256):
        assert machine.memory.read(address & ~3, 4) == bytes(4)
    snapshot = machine.snapshot()
    assert snapshot.pages.keys() == {1, (size >> 12) - 1}
    assert len(snapshot.hash()) == 64
    assert resident_kib() - before < 64 * 1024
