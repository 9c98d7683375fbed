"""A digest of memory: equal exactly where memory is, whatever led to it, on every engine."""

import pytest
from board import DATA, Board
from hypothesis import given
from hypothesis import strategies as st

from isa_spec.paging import PAGE
from machine.compiled.engine import Compiled
from machine.engines import ENGINES, native_refusal
from machine.fingerprint import Fingerprint
from machine.machine import EngineMaker
from machine.memory import Memory

SIZE = 0x8000
writes = st.lists(
    st.tuples(st.integers(0x1000, SIZE - 8), st.binary(min_size=1, max_size=8)), max_size=8
)
QUICK: dict[str, EngineMaker] = {
    **ENGINES,
    "compiled": lambda cpu, rows: Compiled(cpu, rows, warm=1, stride=1, worthwhile=1),
}


def fresh(memory: Memory) -> bytes:
    """The digest of a memory that holds the same, and was written once."""
    other = Memory(memory.size)
    other.restore(dict(memory.pages()))
    return Fingerprint(other).digest()


@given(st.lists(writes, max_size=5))
def test_it_is_that_of_what_memory_holds_now(rounds):
    memory = Memory(SIZE)
    fingerprint = Fingerprint(memory)
    for each in rounds:
        for address, data in each:
            memory.write(address, data)
        assert fingerprint.digest() == fresh(memory)


def test_pages_that_were_written_and_hold_zeros_again_do_not_count():
    memory = Memory(SIZE)
    fingerprint = Fingerprint(memory)
    empty = fingerprint.digest()
    memory.write(0x3000, b"x")
    assert fingerprint.digest() != empty
    memory.write(0x3000, b"\0")
    assert fingerprint.digest() == empty == fresh(Memory(SIZE))


def test_the_same_bytes_on_another_page_or_on_two_are_another_memory():
    digests = set()
    for pages in ((2,), (3,), (2, 3), ()):
        memory = Memory(SIZE)
        memory.restore(dict.fromkeys(pages, b"x" * PAGE))
        digests.add(Fingerprint(memory).digest())
    assert len(digests) == 4


def test_only_pages_that_were_written_are_read_again(monkeypatch):
    memory = Memory(SIZE)
    for page in range(1, 8):
        memory.write(page * PAGE, b"x")
    fingerprint = Fingerprint(memory)
    fingerprint.digest()
    read = []
    whole = memory.read
    monkeypatch.setattr(memory, "read", lambda at, length: read.append(at) or whole(at, length))
    memory.store(5 * PAGE, 7)
    memory.store(5 * PAGE + 4, 8)
    fingerprint.digest()
    fingerprint.digest()
    assert read == [5 * PAGE]


@pytest.mark.parametrize("engine", ENGINES)
def test_stores_of_every_engine_are_seen(engine):
    if engine == "native" and (refusal := native_refusal()) is not None:
        pytest.skip(f"the native engine {refusal}")
    board = Board(
        "loop:", "mov [r2], r0", "add r2, r3", "add r0, r1", "condbr r2 < 0x5000, loop",
        "mov r2, r4", "mov pc, loop", engine=QUICK[engine],
    ).set(r0=1, r1=1, r2=DATA, r3=0x40, r4=DATA)  # fmt: skip
    fingerprint = Fingerprint(board.machine.memory)
    for _ in range(60):
        board.machine.run(budget=97)
        assert fingerprint.digest() == fresh(board.machine.memory)
