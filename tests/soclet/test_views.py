"""Memory as a debugger sees it: translated as the CPU would now, and nothing changed by looking."""

import pytest

from isa_spec.memory_map import PORTS
from isa_spec.paging import Entry
from isa_spec.registers import PTBR, STATUS
from machine.events import SerialInput
from machine.machine import Machine
from soclet import views

SIZE = 64 << 10
TABLE = 0x2000


def word(number):
    return number.to_bytes(4, "little")


@pytest.fixture
def machine():
    machine = Machine(SIZE)
    machine.flash([(0x1000, bytes(range(256)) * ((SIZE - 0x1000) // 256))])
    return machine


def translate(machine, entries, length=1):
    """Turn translation on with entries by page number."""
    machine.flash([(TABLE, bytes(0x1000))])
    for page, entry in entries.items():
        machine.flash([(TABLE + 4 * page, word(entry))])
    machine.cpu.r[PTBR] = TABLE | length
    machine.cpu.r[STATUS] = 3


def test_without_translation_addresses_are_physical(machine):
    assert views.read(machine, 0x1010, 4) == bytes([0x10, 0x11, 0x12, 0x13])
    assert views.physical(machine, 0x1010) == 0x1010


def test_a_read_gives_what_there_is_up_to_the_end_of_memory(machine):
    assert len(views.read(machine, SIZE - 6, 100)) == 6
    assert views.read(machine, SIZE, 4) == b""
    assert views.read(machine, 0xFFFF_FFFE, 4) == b""
    assert views.read(machine, 1 << 32, 4) == b""
    assert views.read(machine, 0x1000, SIZE) == machine.memory.read(0x1000, SIZE - 0x1000)


def test_with_translation_neighbouring_pages_come_from_where_they_are(machine):
    machine.flash([(0x5FFE, b"AB"), (0x3000, b"CD")])
    translate(machine, {0x40: 0x5000 | Entry.PRESENT, 0x41: 0x3000 | Entry.PRESENT})
    assert views.read(machine, 0x40FFE, 4) == b"ABCD"
    assert views.physical(machine, 0x41001) == 0x3001


def test_permissions_do_not_matter_and_no_bits_are_set(machine):
    translate(machine, {0x40: 0x5000 | Entry.PRESENT})
    before = machine.hash()
    assert views.read(machine, 0x40000, 4) == bytes([0, 1, 2, 3])
    assert machine.hash() == before
    assert views.write(machine, 0x40000, b"wxyz")
    assert machine.memory.words[(TABLE + 4 * 0x40) >> 2] == 0x5000 | Entry.PRESENT
    assert machine.memory.read(0x5000, 4) == b"wxyz"


@pytest.mark.parametrize("address", [0x41000, 0x400 << 12, 0xFFFF_F000])
def test_where_no_page_is_present_there_is_nothing(machine, address):
    translate(machine, {0x40: 0x5000 | Entry.PRESENT})
    assert views.read(machine, address, 4) == b""
    assert views.physical(machine, address) is None
    assert not views.write(machine, address, b"x")


def test_a_read_ends_where_the_next_page_is_not_present(machine):
    translate(machine, {0x40: 0x5000 | Entry.PRESENT})
    assert len(views.read(machine, 0x40FF8, 16)) == 8


def test_a_table_outside_memory_is_nothing_and_no_error(machine):
    machine.cpu.r[PTBR] = 0xFFFF_F000
    machine.cpu.r[STATUS] = 3
    assert views.read(machine, 0x1000, 4) == b""
    assert not views.write(machine, 0x1000, b"x")


def test_physical_addresses_can_be_asked_for_in_spite_of_translation(machine):
    translate(machine, {})
    assert views.read(machine, 0x1010, 2, virtual=False) == b"\x10\x11"
    assert views.write(machine, 0x1010, b"xy", virtual=False)
    assert views.read(machine, 0x1010, 2, virtual=False) == b"xy"


def test_a_write_is_all_or_nothing(machine):
    before = machine.hash()
    assert not views.write(machine, SIZE - 2, b"wxyz")
    assert not views.write(machine, 0xFFE, b"wxyz")
    translate(machine, {0x40: 0x5000 | Entry.PRESENT})
    translated = machine.hash()
    assert not views.write(machine, 0x40FFE, b"wxyz")
    assert machine.hash() == translated != before


def test_a_write_goes_through_the_one_door(machine):
    before = len(machine.log)
    assert views.write(machine, 0x1FFE, b"wxyz")
    assert len(machine.log) == before + 2
    assert views.read(machine, 0x1FFE, 4) == b"wxyz"


def test_a_write_drops_what_was_decoded_there(machine):
    machine.flash([(0x1000, bytes.fromhex("0100000007000000") * 2)])
    machine.run(budget=1)
    views.write(machine, 0x100C, word(9))
    machine.run(budget=1)
    assert machine.cpu.r[0] == 9


def test_ports_are_peeked(machine):
    machine.post(SerialInput(b"xy"))
    machine.cpu.time = 0x1_2345_6789
    before = machine.hash()
    for _ in range(3):
        assert views.read(machine, 0x10, 4) == word(ord("x"))
        assert views.read(machine, 0x15, 4) == word(3)
        assert views.read(machine, 0x28, 4) == word(SIZE)
        assert views.read(machine, 0x04, 4) == word(0x2345_6789)
    assert machine.hash() == before


def test_a_port_that_can_only_be_stored_to_and_what_is_between_ports_are_nothing(machine):
    for port in PORTS:
        readable = port.load is not None
        neighbours = {other.address for other in PORTS if other.load and other is not port}
        if not any(port.address - 3 <= address <= port.address for address in neighbours):
            assert bool(views.read(machine, port.address, 4)) == readable, port.name
    assert views.read(machine, 0x100, 4) == b""
    assert views.read(machine, 0x0, 4) == b""


def test_a_few_bytes_of_a_port_are_those_of_its_word(machine):
    machine.cpu.time = 0x0403_0201
    assert views.read(machine, 0x06, 2) == b"\x03\x04"


def test_ports_are_not_written_to(machine):
    before = machine.hash()
    for port in PORTS:
        assert not views.write(machine, port.address, word(1))
    assert machine.hash() == before


def test_ports_are_seen_through_a_page_as_well(machine):
    translate(machine, {0x7: Entry.PRESENT})
    assert views.read(machine, 0x7028, 4) == word(SIZE)
    assert not views.write(machine, 0x7020, word(1))
