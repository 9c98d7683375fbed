"""A guest's processes: listed as far as the list makes sense, with what is saved of each."""

import pytest
from processes import CURRENT, FIRST, NAME, SAVE, describe, process, put, two_processes

from isa_spec.registers import CAUSE, LINK, PC, PTBR, SP, STATUS
from machine.machine import Machine
from soclet.processes.descriptor import NONE, find
from soclet.processes.source import MOST_PROCESSES, ThreadSource


def source_of(machine):
    return ThreadSource(machine, find(machine.memory))


def test_processes_are_listed_in_the_kernels_order():
    source = source_of(two_processes())
    assert [(each.pid, each.name, each.state) for each in source.processes()] == [
        (1, "one", "waiting for a key"),
        (2, "two", "ready"),
    ]
    assert source.current_pid() == 1


def test_an_empty_list_and_no_running_process_are_possible():
    machine = two_processes()
    put(machine, CURRENT, 0, 0)
    source = source_of(machine)
    assert list(source.processes()) == []
    assert source.current_pid() is None


def test_registers_are_what_the_kernel_has_saved():
    source = source_of(two_processes())
    _, two = source.processes()
    saved = {number: source.register(two, number) for number in (0, 4, SP, PC, STATUS, PTBR)}
    assert saved == {0: 22, 4: 44, SP: 0x9000, PC: 0x1010, STATUS: 6, PTBR: 0x8001}
    assert source.register(two, CAUSE) is None


def test_registers_may_be_saved_elsewhere_than_in_the_process():
    offsets = [NONE] * 19
    offsets[0], offsets[17] = 8, 0
    machine = two_processes(save=SAVE, registers=offsets)
    source = source_of(machine)
    _, two = source.processes()
    put(machine, two.address + SAVE, 0x9100)
    put(machine, 0x9100, 0x1234, 0, 77)
    assert (source.register(two, 0), source.register(two, LINK)) == (77, 0x1234)
    assert source.register(two, 1) is None
    put(machine, two.address + SAVE, 0)
    assert source.register(two, 0) is None


def test_the_address_space_is_none_where_a_process_runs_physically():
    machine = two_processes()
    source = source_of(machine)
    one, two = source.processes()
    assert source.space(two) == 0x8001
    assert source.space(one) is None  # its saved status has translation off


def test_where_a_process_goes_on_is_known_by_pc_sp_ptbr_and_mode():
    source = source_of(two_processes())
    _, two = source.processes()
    assert source.context(two) == (0x1010, 0x9000, 0x8001, 2)


@pytest.mark.parametrize("following", [0x4000, 0x4002, 0xFFFF_FFFC, 0x8, 0x6000])
def test_a_list_that_leads_anywhere_or_in_a_circle_ends(following):
    machine = two_processes()
    put(machine, 0x4100, following)
    assert [each.pid for each in source_of(machine).processes()] == [1, 2]


def test_a_list_is_not_followed_for_ever():
    machine = Machine(1 << 20)
    describe(machine)
    for at in range(MOST_PROCESSES + 10):
        process(machine, at, at + 1, following=0x4000 + 0x100 * (at + 1))
    put(machine, FIRST, 0x4000)
    assert len(list(source_of(machine).processes())) == MOST_PROCESSES


@pytest.mark.parametrize("pid", [0, 0x8000_0000])
def test_what_has_no_number_is_no_process(pid):
    machine = two_processes()
    put(machine, 0x4104, pid)
    assert [each.pid for each in source_of(machine).processes()] == [1]


def test_names_end_and_hold_only_what_can_be_shown():
    machine = two_processes()
    put(machine, 0x4000 + NAME, 0x41, 0xD800, 0x7, 0x110000, 0xE9, 0)
    put(machine, 0x4100 + NAME, *[0x42] * 100)
    one, two = source_of(machine).processes()
    assert one.name == "A???é"
    assert two.name == "B" * 64


@pytest.mark.parametrize(
    ("number", "told"), [(0, "ready"), (2, "state 2"), (1 << 31, "state 2147483648")]
)
def test_states_without_a_name_are_told_by_number(number, told):
    machine = two_processes()
    put(machine, 0x4008, number)
    one, _ = source_of(machine).processes()
    assert one.state == told


def test_without_offsets_there_are_no_names_no_states_and_no_spaces():
    machine = two_processes(name=NONE, state=NONE, ptbr=NONE, states=0)
    source = source_of(machine)
    one, two = source.processes()
    assert (two.name, two.state, source.ptbr(two)) == ("", "", None)
    assert source.context(one) is not None
    machine.cpu.r[PTBR] = 0x5001
    assert source.context(two) == (0x1010, 0x9000, 0x5001, 2)
