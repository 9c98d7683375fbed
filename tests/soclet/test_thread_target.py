"""A guest's processes as threads: registers, memory, points and steps of each."""

import asyncio

import pytest
from loop_bench import Looping, turns
from processes import CURRENT, FIRST, describe, process, put, two_processes
from running import DEMOS

from gdbstub.agent.program import ALWAYS
from gdbstub.target import (
    BreakpointKind,
    Continue,
    FlashWrite,
    RangeStep,
    Step,
    Stop,
    TargetError,
    ThreadAction,
    WatchKind,
)
from isa_spec.registers import PC, PTBR, STATUS
from machine.events import WriteMemory
from machine.machine import Machine
from machine.reason import Reason
from soclet import description, thread_target
from soclet.processes.descriptor import MAGIC, SAVED
from soclet.runner import Runner
from soclet.thread_target import CPU_THREAD, ThreadTarget
from toolchain.assembler import assemble

ONE, TWO = CPU_THREAD + 1, CPU_THREAD + 2


def slot(name):
    return [each.name for each in description.SLOTS].index(name)


def target_on(machine):
    target = ThreadTarget(Runner(machine))
    target.attach()
    return target


@pytest.fixture
def target():
    return target_on(two_processes())


class Demo:
    """The demo with two processes, run up to an address and attached to there."""

    def __init__(self):
        self.program = assemble(DEMOS / "processes" / "processes.s")
        self.machine = Machine()
        self.machine.flash((part.address, part.data) for part in self.program.segments)
        self.target = target_on(self.machine)

    def address(self, name):
        return next(each.address for each in self.program.symbols if each.name == name)

    def run_to(self, name, times=1):
        stops = frozenset({self.address(name)})
        for _ in range(times):
            self.machine.run(budget=1)
            assert self.machine.run(1_000_000, breakpoints=stops) is Reason.BREAKPOINT
        return self.target


@pytest.fixture
def demo():
    return Demo()


# ---------------------------------------------------------------------------- which there are


def test_without_processes_the_cpu_is_the_one_thread():
    target = target_on(Machine(64 << 10))
    assert target.current_thread() == CPU_THREAD
    [cpu] = target.threads()
    assert (cpu.id, cpu.name, cpu.extra) == (CPU_THREAD, "cpu", "kernel mode, running")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"asleep": True}, "kernel mode, sleeping"),
        ({"check_stopped": True}, "kernel mode, check-stopped"),
        ({"exit_status": 3}, "kernel mode, off"),
    ],
)
def test_what_the_cpu_does_is_told(change, told):
    target = target_on(Machine(64 << 10))
    for name, value in change.items():
        setattr(target.machine.cpu, name, value)
    assert target.threads()[0].extra == told


def test_processes_are_threads_with_names_modes_and_states(target):
    target.machine.cpu.r[STATUS] = 6
    assert [(each.id, each.name, each.extra) for each in target.threads()] == [
        (ONE, "one", "process 1, user mode, running"),
        (TWO, "two", "process 2, user mode, ready"),
    ]
    assert target.current_thread() == ONE


def test_while_no_process_runs_the_cpu_is_a_thread_beside_them(target):
    put(target.machine, CURRENT, 0)
    assert target.current_thread() == CPU_THREAD
    assert [each.id for each in target.threads()] == [CPU_THREAD, ONE, TWO]


def test_a_running_process_that_is_in_no_list_is_a_thread_all_the_same(target):
    put(target.machine, FIRST, 0)
    assert [(each.id, each.extra) for each in target.threads()] == [(ONE, "kernel mode, running")]


def test_a_program_that_is_loaded_brings_its_processes():
    target = target_on(Machine(64 << 10))
    other = two_processes()
    for page, data in other.memory.pages():
        target.write_memory(page << 12, data)
    assert [each.id for each in target.threads()] == [ONE, TWO]
    target.write_memory(0x2000, bytes(0x100))
    assert [each.id for each in target.threads()] == [CPU_THREAD]


@pytest.fixture
def searched(monkeypatch):
    """The memories that were searched for a descriptor, none of which has one."""
    memories = []
    monkeypatch.setattr(thread_target, "find", memories.append)
    return memories


def test_memory_is_not_searched_anew_for_writes_that_bring_no_descriptor(searched):
    target = target_on(Machine(64 << 10))
    assert target.current_thread() == CPU_THREAD
    for address in range(0x1000, 0x4000, 0x100):
        target.write_memory(address, bytes(0x100))
    assert target.current_thread() == CPU_THREAD
    assert searched == [target.machine.memory]


def test_it_is_searched_when_processes_are_asked_for_and_not_at_every_write(searched):
    target = target_on(Machine(64 << 10))
    for address in range(0x1000, 0x4000, 0x100):
        target.write_memory(address, MAGIC)
    assert searched == []
    assert [each.id for each in target.threads()] == [CPU_THREAD]
    assert searched == [target.machine.memory]


def test_a_descriptor_that_comes_in_parts_is_found():
    target = target_on(Machine(64 << 10))
    for page, data in two_processes().memory.pages():
        for at in range(0, len(data), 4):
            target.write_memory((page << 12) + at, data[at : at + 4])
            target.current_thread()
    assert [each.id for each in target.threads()] == [ONE, TWO]


def test_a_program_that_is_flashed_brings_its_processes_as_well():
    target = target_on(Machine(64 << 10))
    assert [each.id for each in target.threads()] == [CPU_THREAD]
    pages = two_processes().memory.pages()
    target.flash((), [FlashWrite(page << 12, data) for page, data in pages])
    assert [each.id for each in target.threads()] == [ONE, TWO]


def test_a_descriptor_that_cannot_be_used_is_remembered_with_the_reason():
    machine = Machine(64 << 10)
    describe(machine, version=7)
    target = target_on(machine)
    assert [each.id for each in target.threads()] == [CPU_THREAD]
    assert "version 7" in target.source_problem


# ------------------------------------------------------------------------ registers and memory


def test_registers_of_the_running_process_are_the_cpus(target):
    target.machine.cpu.r[4] = 99
    assert target.read_thread_register(ONE, slot("r4")) == 99
    target.write_thread_register(ONE, slot("r4"), 98)
    assert target.machine.cpu.r[4] == 98


def test_registers_of_another_are_what_is_saved_of_it(target):
    read = {
        name: target.read_thread_register(TWO, slot(name))
        for name in ("r0", "sp", "r15", "pc", "status", "ptbr", "cpsr", "cause", "ks0")
    }
    assert read == {
        "r0": 22, "sp": 0x9000, "r15": 0x9000, "pc": 0x1010, "status": 6, "ptbr": 0x8001,
        "cpsr": 0, "cause": None, "ks0": None,
    }  # fmt: skip


def test_what_is_the_same_for_all_is_the_cpus(target):
    target.machine.cpu.r[20] = 0x3000
    assert target.read_thread_register(TWO, slot("ivec")) == 0x3000


def test_writing_a_register_of_another_writes_where_it_is_saved(target):
    target.write_thread_register(TWO, slot("sp"), 0x8FF0)
    assert target.read_thread_register(TWO, slot("r15")) == 0x8FF0
    assert target.machine.cpu.r[15] == 0
    target.write_thread_register(TWO, slot("cpsr"), 0)
    with pytest.raises(TargetError, match="cause of process 2 is kept nowhere"):
        target.write_thread_register(TWO, slot("cause"), 1)


def test_a_thread_that_is_gone_is_an_error(target):
    with pytest.raises(TargetError, match="thread 9 is there no longer"):
        target.read_thread_register(9, 0)
    with pytest.raises(TargetError, match="thread 9 is there no longer"):
        target.read_thread_memory(9, 0x1000, 4)


def test_memory_is_what_the_thread_sees(demo):
    target = demo.run_to("work", 2)  # pong is about to work for the first time, ping has
    counter = 0x100000
    assert target.current_thread() == TWO
    assert target.read_memory(counter, 4) == target.read_thread_memory(TWO, counter, 4)
    target.write_thread_memory(ONE, counter, b"\x11\x22\x33\x44")
    assert target.read_thread_memory(ONE, counter, 4) == b"\x11\x22\x33\x44"
    assert target.read_thread_memory(TWO, counter, 4) == b"\1\0\0\0"
    with pytest.raises(TargetError, match="no page is present at 0x50000 in the address space of"):
        target.read_thread_memory(ONE, 0x50000, 4)
    with pytest.raises(TargetError, match=r"at 0x50000 in the .*; nothing was written"):
        target.write_thread_memory(ONE, 0x50000, b"abcd")
    target.virtual = False
    assert target.read_thread_memory(ONE, 0x50000, 4) == target.read_memory(0x50000, 4)


# --------------------------------------------------------------------- break- and watchpoints


def stops(target, limit=100_000):
    """Run as the debugger has it, to the first stop; give it, and the thread."""
    runner = target.runner
    outcome = target.machine.run(
        target.machine.cpu.time + limit,
        breakpoints=runner.breakpoints,
        decisions=runner.decisions,
        watches=runner.watches,
    )
    return outcome, target.current_thread()


def test_breakpoints_stop_whoever_comes(demo):
    target = demo.run_to("work")
    target.set_thread_breakpoint(TWO, BreakpointKind.SOFTWARE, demo.address("work"), ALWAYS)
    assert stops(target) == (Reason.BREAKPOINT, ONE)


def test_breakpoints_of_a_space_of_their_own_stop_in_it_only(demo):
    target = demo.run_to("work", 2)
    target.own_space = True
    kind, work = BreakpointKind.HARDWARE, demo.address("work")
    target.set_thread_breakpoint(ONE, kind, work, ALWAYS)
    for _ in range(2):
        assert stops(target) == (Reason.BREAKPOINT, ONE)
        assert target._points.breakpoint_stop().reason.value == "hwbreak"
        target.machine.run(budget=1)
    target.clear_breakpoint(kind, work)
    target.set_thread_breakpoint(TWO, kind, work, ALWAYS)
    assert stops(target) == (Reason.BREAKPOINT, TWO)
    target.machine.run(budget=1)
    assert stops(target)[0] is Reason.POWER_OFF


def test_watchpoints_of_a_space_of_their_own_stop_in_it_only(demo):
    target = demo.run_to("worker", 2)
    target.own_space = True
    target.set_thread_watchpoint(ONE, WatchKind.WRITE, 0x100000, 4)
    assert stops(target) == (Reason.WATCHPOINT, ONE)
    target.clear_watchpoint(WatchKind.WRITE, 0x100000, 4)
    target.set_thread_watchpoint(TWO, WatchKind.WRITE, 0x100000, 4)
    assert stops(target) == (Reason.WATCHPOINT, TWO)


def test_a_new_client_has_points_that_stop_whoever_comes(target):
    target.own_space = True
    target.attach()
    assert not target.own_space


# ------------------------------------------------------------------------------ steps


def carried_out(target, *actions):
    """Resume threads, and give the stop when it comes: at once, or after slices of the run loop."""

    async def body():
        stop = target.resume_threads(actions)
        async with Looping(target.runner):
            while not target.machine.halted:
                await turns()
        return stop or target.stop

    target.runner.watcher = target
    return asyncio.run(body())


@pytest.mark.parametrize("interrupts", ["over", "into", "hold"])
def test_a_step_of_another_process_begins_when_its_kernel_lets_it_run(demo, interrupts):
    target = demo.run_to("work", 2)
    target.monitor(f"step-interrupts {interrupts}")
    loop = demo.address("work") + 16
    assert target.read_thread_register(ONE, slot("pc")) == loop + 8  # which jumps back
    stop = carried_out(target, ThreadAction(Step(), ONE), ThreadAction(Continue()))
    assert isinstance(stop, Stop)
    assert target.current_thread() == ONE
    assert target.read_register(slot("pc")) == loop
    assert target.machine.cpu.r[STATUS] == 6


def test_a_range_step_of_another_process_ends_outside_the_range(demo):
    target = demo.run_to("work", 2)
    work = demo.address("work")
    stop = carried_out(target, ThreadAction(RangeStep(work, work + 0x18), ONE))
    assert isinstance(stop, Stop)
    assert target.current_thread() == ONE
    assert not work <= target.read_register(slot("pc")) < work + 0x18


def test_steps_of_the_running_process_are_plain_steps(demo):
    target = demo.run_to("work")
    before = target.machine.cpu.time
    for actions in (
        [ThreadAction(Step(), ONE), ThreadAction(Continue())],
        [ThreadAction(Step())],
        [ThreadAction(None, TWO), ThreadAction(Step())],
    ):
        assert isinstance(target.resume_threads(actions), Stop)
    assert target.machine.cpu.time == before + 3


def test_a_step_of_another_from_an_address_goes_on_there(demo):
    target = demo.run_to("work", 2)
    worker = demo.address("worker")
    stop = carried_out(target, ThreadAction(Step(worker), ONE))
    assert isinstance(stop, Stop)
    assert target.current_thread() == ONE
    assert target.read_register(slot("pc")) == worker + 8


def test_where_a_process_goes_on_must_be_known_for_a_step():
    registers = [0xFFFF_FFFF] * len(SAVED)
    target = target_on(two_processes(registers=registers))
    with pytest.raises(TargetError, match="where process 2 will go on is kept nowhere"):
        target.resume_threads([ThreadAction(Step(), TWO)])


def test_everything_runs_where_anything_is_to_go_on(demo):
    target = demo.run_to("work")
    assert target.resume_threads([ThreadAction(Continue(), TWO)]) is None
    assert not target.machine.halted


# ------------------------------------------------------------------------------ tables


def test_tables_show_processes_traps_pages_and_ports(demo):
    target = demo.run_to("work", 2)
    tables = {table.name: table for table in target.os_tables()}
    assert list(tables) == ["processes", "traps", "pages", "ports"]
    one, two = tables["processes"].rows
    assert one[:4] == ("1", "ping", "ready", "user mode")
    assert two == ("2", "pong", "running", "user mode", f"{demo.address('work'):#x}", "0x7001")
    assert ("0x100000", "0x100fff", "0x9000", "rw-uad") in tables["pages"].rows
    assert tables["traps"].rows[0][2] == "system-call"
    assert ("system", "SIZE", "0x0028", "0x100000") in tables["ports"].rows
    for table in tables.values():
        assert all(len(row) == len(table.columns) for row in table.rows)


def test_without_a_descriptor_the_table_of_processes_is_empty():
    tables = {table.name: table for table in target_on(Machine(64 << 10)).os_tables()}
    assert tables["processes"].rows == ()
    assert tables["traps"].rows == ()


def test_processes_come_and_go_while_the_machine_runs(target):
    three = process(target.machine, 2, 3, name="three")
    target.machine.post(WriteMemory(0x4100, three.to_bytes(4, "little")))
    assert [each.name for each in target.threads()] == ["one", "two", "three"]
    assert target.machine.cpu.r[PTBR] == 0
    assert target.machine.cpu.r[PC] == 0x1000
