"""The monitor commands, without gdb."""

import guests
import pytest

from gdbstub.target import TargetError
from isa_spec.paging import Entry
from isa_spec.registers import PC, PTBR
from machine.machine import Machine
from machine.nvram import Nvram
from soclet import monitor
from soclet.debug_target import DebugTarget
from soclet.goals import StepInterrupts
from soclet.runner import Runner
from toolchain.assembler import assemble


def target_on(machine):
    target = DebugTarget(Runner(machine))
    target.attach()
    return target


@pytest.fixture
def target():
    machine = Machine(64 << 10)
    program = assemble("test.s", guests.SLEEPS_UNTIL_1000)
    machine.flash((part.address, part.data) for part in program.segments)
    return target_on(machine)


def test_help_lists_every_command_with_a_sentence_in_a_line(target):
    lines = target.monitor("help").splitlines()
    assert len(lines) == len(monitor.COMMANDS)
    for line, name in zip(lines, sorted(monitor.COMMANDS), strict=True):
        command = monitor.COMMANDS[name]
        assert line.startswith(command.usage)
        assert line.endswith(f"  {command.help}")
        assert command.help.endswith(".")
    assert target.monitor("") == target.monitor("help")


def test_there_is_a_command_for_what_the_design_lists():
    wanted = {"help", "reset", "halt", "phys", "step-interrupts", "page-table", "devices"}
    assert wanted | {"time", "engine", "nvram"} <= set(monitor.COMMANDS)


@pytest.mark.parametrize("text", ["frobnicate", "RESET", "resett", "\x00", "hélp"])
def test_an_unknown_command_is_answered_with_those_there_are(target, text):
    with pytest.raises(TargetError) as caught:
        target.monitor(text)
    assert caught.value.message.startswith(f"no monitor command {text!r}; there are ")
    for name in monitor.COMMANDS:
        assert name in caught.value.message


@pytest.mark.parametrize(
    ("text", "choices"),
    [
        ("phys maybe", "on or off"),
        ("phys on off", "on or off"),
        ("step-interrupts under", "over or into or hold"),
    ],
)
def test_a_wrong_argument_is_answered_with_the_right_ones(target, text, choices):
    with pytest.raises(TargetError) as caught:
        target.monitor(text)
    assert choices in caught.value.message


def test_every_answer_ends_with_a_newline(target):
    for name in monitor.COMMANDS:
        assert target.monitor("serial x" if name == "serial" else name).endswith("\n")


def test_reset_begins_anew_and_keeps_memory(target):
    machine = target.machine
    machine.run(budget=5)
    target.write_memory(0x8000, b"keep")
    assert target.monitor("reset") == "the machine is reset and halted\n"
    assert (machine.cpu.r[PC], machine.cpu.time, machine.halted) == (0x1000, 0, True)
    assert target.read_memory(0x8000, 4) == b"keep"


def test_reset_switches_on_again_what_was_off(target):
    machine = target.machine
    machine.run()
    assert machine.cpu.exit_status == 3
    target.monitor("reset")
    assert machine.cpu.exit_status is None


def test_phys_says_and_changes_how_addresses_are_taken(target):
    assert target.monitor("phys") == "addresses are as the CPU sees them\n"
    assert target.monitor("phys on") == "addresses are physical\n"
    assert not target.virtual
    assert target.monitor("phys") == "addresses are physical\n"
    assert target.monitor("phys off") == "addresses are as the CPU sees them\n"


def test_step_interrupts_says_and_changes_its_mode(target):
    assert target.monitor("step-interrupts") == "step-interrupts is over\n"
    for mode in StepInterrupts:
        assert (
            target.monitor(f"step-interrupts {mode.value}") == f"step-interrupts is {mode.value}\n"
        )
        assert target.step_interrupts is mode


def test_what_a_client_chose_is_forgotten_with_it(target):
    target.monitor("phys on")
    target.monitor("step-interrupts hold")
    target.abandon()
    target.attach()
    assert target.virtual
    assert target.step_interrupts is StepInterrupts.OVER


def test_time_tells_ticks_instructions_and_what_is_due(target):
    assert target.monitor("time") == (
        "tick 0, 0 instructions executed, 0 interrupts entered; "
        "next interrupt due by itself: none\n"
    )
    target.machine.run(budget=6)
    assert target.monitor("time").startswith("tick 6, 6 instructions executed")
    assert target.monitor("time").endswith("due by itself: tick 1000\n")
    target.machine.run(budget=1)
    target.machine.run(limit=1000)
    assert target.monitor("time").startswith("tick 1000, 7 instructions executed")


def test_devices_lists_every_port_without_touching_any(target):
    before = target.machine.hash()
    text = target.monitor("devices")
    assert target.machine.hash() == before
    for name in ("timer", "serial", "system"):
        assert f"{name}: interrupts pending " in text
    for line in (
        "0x0010 RX         0x0",
        "0x0014 TX         store only",
        "0x0028 SIZE       0x10000",
    ):
        assert f"  {line}\n" in text


def test_engine_names_the_engine(target):
    assert target.monitor("engine") == "reference\n"


def test_nvram_names_the_file_and_brings_it_up_to_date(target, tmp_path):
    assert "--nvram FILE" in target.monitor("nvram")
    nvram = Nvram(tmp_path / "nvram", 64 << 10, default_size=64 << 10)
    try:
        kept = target_on(Machine(64 << 10, nvram=nvram))
        kept.write_memory(0x8000, b"keep")
        assert kept.monitor("nvram") == f"{tmp_path}/nvram: 65536 bytes, up to date\n"
        assert (tmp_path / "nvram").read_bytes()[0x8000:0x8004] == b"keep"
    finally:
        nvram.close()


def test_page_table_shows_alike_neighbours_in_a_line(target):
    machine = target.machine
    entries = {0: 0x1F, 1: 0x101F, 2: 0x201F, 3: 0x5007, 0x40: 0x5067, 0x41: 0x6067, 0x50: 0x6066}
    for page, entry in entries.items():
        target.write_memory(0x8000 + 4 * page, entry.to_bytes(4, "little"))
    machine.cpu.r[19] = 0x8001
    assert target.monitor("page-table") == (
        "translation is off; the table is at 0x8000 and has 1024 entries\n"
        "  0x00000000 to 0x00002fff  at 0x00000000  rwxu--\n"
        "  0x00003000 to 0x00003fff  at 0x00005000  rw----\n"
        "  0x00040000 to 0x00041fff  at 0x00005000  rw--ad\n"
    )
    machine.cpu.r[18] = 3
    assert target.monitor("page-table").startswith("translation is on;")


def test_a_page_table_that_is_not_in_memory_maps_nothing(target):
    target.machine.cpu.r[19] = 0xFFFF_F000
    assert target.monitor("page-table") == (
        "translation is off; the table is at 0xfffff000 and has 1048576 entries\n"
    )


def test_a_long_page_table_is_cut_and_said_to_be(target):
    for page in range(0, 1024, 2):
        target.write_memory(0x8000 + 4 * page, b"\x1f\0\0\0")
    target.machine.cpu.r[19] = 0x8001
    lines = target.monitor("page-table").splitlines()
    assert len(lines) == 202
    assert lines[-1] == "and more"


def test_page_table_walks_for_one_address_and_says_why_it_would_trap(target):
    memory = target.machine.memory
    memory.store(0x5000 + 4 * 7, 0x8000 | Entry.PRESENT | Entry.READABLE | Entry.USER)
    target.machine.cpu.r[PTBR] = 0x5001
    told = target.monitor("page-table 0x7123")
    assert "its entry is at 0x5000 + 4 * 0x7 = 0x501c" in told
    assert "0x7123 is at physical 0x8123" in told
    assert "user mode may load; store, fetch: page protection (trap 4)" in told
    assert "page not present (trap 3)" in target.monitor("page-table 0x6000")
    assert "beyond the table: page not present" in target.monitor("page-table 0x400000")
    target.machine.cpu.r[PTBR] = 0xFFFF_F001
    assert "not in memory: nothing at that address" in target.monitor("page-table 0x7123")
    with pytest.raises(TargetError, match="an address is wanted"):
        target.monitor("page-table here")


def test_trap_tells_the_last_traps_as_sentences(target):
    assert target.monitor("trap") == "no trap and no interrupt was entered yet\n"
    machine = target.machine
    machine.cpu.write_register(PC, 0x5001)
    machine.run(machine.cpu.time + 1)
    assert "vector 5, misaligned address, fetching from 0x5001, at pc 0x5001" in target.monitor(
        "trap"
    )


def test_serial_types_on_the_line(target):
    assert target.monitor(r"serial ab\x41\n") == "4 bytes typed\n"
    serial = target.machine.bus.devices["serial"]
    assert serial.save(target.machine.cpu.time)[0] == b"abA\n"
    with pytest.raises(TargetError, match="takes the text to type"):
        target.monitor("serial")
