"""The process descriptor: found wherever it lies, refused where it cannot be meant."""

import re
from pathlib import Path

import pytest
from processes import DESCRIPTOR, FIELDS, describe, put

from machine.machine import Machine
from soclet.processes.descriptor import LAYOUT, MAGIC, NONE, DescriptorError, find, has_magic

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def machine():
    return Machine(64 << 10)


def test_without_one_none_is_found(machine):
    assert find(machine.memory) is None
    put(machine, 0x2000, 1, 2, 3)
    assert find(machine.memory) is None


@pytest.mark.parametrize("address", [0x1000, 0x2004, 0x2FF8, 0x2FFC, 0xFFE0 - LAYOUT.sizeof()])
def test_it_is_found_wherever_it_lies(machine, address):
    describe(machine, address)
    found = find(machine.memory)
    assert found.address == address
    assert found.current == FIELDS["current"]
    assert found.registers == tuple(FIELDS["registers"])
    assert found.save is None


def test_its_magic_counts_only_at_a_multiple_of_4(machine):
    machine.memory.write(0x2002, MAGIC)
    assert find(machine.memory) is None
    describe(machine, 0x2010)
    assert find(machine.memory).address == 0x2010


@pytest.mark.parametrize(
    ("start", "end", "has"),
    [
        (0x2000, 0x2008, True),
        (0x1000, 0x2001, True),
        (0x2007, 0x3000, True),
        (0x2003, 0x2004, True),
        (0x1FF0, 0x2000, False),
        (0x2008, 0x2010, False),
        (0xFFF0, 0x10000, False),
    ],
)
def test_a_range_has_magic_where_any_of_its_bytes_belong_to_it(machine, start, end, has):
    machine.memory.write(0x2000, MAGIC)
    assert has_magic(machine.memory, start, end - start) is has


def test_what_a_process_has_not_is_none(machine):
    describe(machine, name=NONE, state=NONE, ptbr=NONE)
    found = find(machine.memory)
    assert (found.name, found.state, found.ptbr) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "is of version 2; 1 is known"),
        ({"current": 0x3002}, "current is 0x3002, which is no word in memory"),
        ({"first": 0xFFF0_0000}, "first is 0xfff00000, which is no word in memory"),
        ({"first": 0x10}, "first is 0x10, which is no word in memory"),
    ],
)
def test_one_that_cannot_be_used_is_refused_with_the_reason(machine, changes, why):
    describe(machine, **changes)
    with pytest.raises(DescriptorError) as refused:
        find(machine.memory)
    assert str(refused.value).startswith(f"the process descriptor at {DESCRIPTOR:#x}")
    assert str(refused.value).endswith(why)


def test_one_at_the_end_of_memory_that_is_cut_off_is_refused(machine):
    machine.memory.write(machine.memory.size - 8, MAGIC)
    with pytest.raises(DescriptorError, match="is cut off"):
        find(machine.memory)


def test_a_usable_one_is_found_behind_one_that_is_not(machine):
    describe(machine, 0x2000, version=9)
    describe(machine, 0x5000)
    assert find(machine.memory).address == 0x5000


def test_the_documents_table_is_the_layout():
    text = (DOCS / "threads.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    offset, expected = 0, []
    for field in LAYOUT.subcons:
        expected.append((str(offset), field.name, field.docs))
        offset += field.sizeof()
    assert rows == expected
