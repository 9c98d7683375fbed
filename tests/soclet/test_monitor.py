"""The monitor commands, without gdb."""

import guests
import pytest
from processes import describe, two_processes

from gdbstub.target import TargetError
from isa_spec.memory_map import DEADLINE, TIME, TX
from isa_spec.paging import Entry
from isa_spec.registers import IMASK, IVEC, PC, PTBR, STATUS
from machine.events import SerialInput, WriteMemory
from machine.machine import Machine
from machine.native import backend
from machine.nvram import Nvram
from soclet import monitor
from soclet.goals import StepInterrupts
from soclet.runner import Runner
from soclet.thread_target import ThreadTarget
from toolchain.assembler import assemble


def target_on(machine):
    runner = Runner(machine)
    runner.remember(1 << 24)
    target = ThreadTarget(runner)
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
    ("text", "told"),
    [
        ("phys maybe", "monitor phys takes on or off, or nothing to tell which it is; 'maybe' was"),
        ("phys on off", "takes on or off, or nothing to tell which it is; 'on off' was given"),
        ("phys o", "takes on or off"),
        ("step-interrupts under", "takes over or into or hold"),
        ("memory-map rom", "takes ram or flash"),
        ("time now", "monitor time takes no argument, and 'now' was given"),
        ("reset halt", "monitor reset takes no argument, and 'halt' was given"),
        (
            "page-table here",
            "decimal or hexadecimal, such as 0x5000; 'here' was given",
        ),
        ("page-table 0x1000 0x2000", "one address"),
        ("page-table -1", "one address"),
        ("page-table 0x", "one address"),
        ("page-table 1_000", "one address"),
        ("page-table \u0661", "one address"),
        ("page-table 0x100000000", "0x100000000 is beyond the last address, 0xffffffff"),
        ("serial", "takes the text to type, such as hello\\n"),
        (r"serial a\q", r"'\q' is no escape; there are \n, \r, \t, \0, \\ and \xNN"),
        (r"serial a\x4", r"'\x' is no escape"),
        ("serial a\\", "'\\' is no escape"),
    ],
)
def test_a_wrong_argument_is_answered_with_what_would_be_right(target, text, told):
    before = target.machine.hash()
    with pytest.raises(TargetError) as caught:
        target.monitor(text)
    assert told in caught.value.message
    assert "\n" not in caught.value.message
    assert target.machine.hash() == before


def test_a_word_may_be_cut_short_where_only_one_can_be_meant(target):
    assert target.monitor("he") == target.monitor("help")
    assert target.monitor("  step-i   ho ") == "step-interrupts is hold\n"
    assert target.monitor("phys of") == "addresses are as the CPU sees them\n"
    with pytest.raises(TargetError, match="no monitor command 'h'; it may be halt or help"):
        target.monitor("h")


def test_every_answer_ends_with_a_newline(target):
    needed = {"serial": "x", "goto": "begin", "diff": "begin now", "why": "r0"}
    for name in monitor.COMMANDS.keys() - {"save", "first-divergence"}:  # they need files
        assert target.monitor(f"{name} {needed.get(name, '')}").endswith("\n")


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


def rows(text):
    """Give what `time` tells, by the first word of each line."""
    return dict(line.split(maxsplit=1) for line in text.splitlines())


def test_time_tells_ticks_instructions_and_what_is_due(target):
    assert target.monitor("time") == (
        "tick 0\n"
        "  instructions  0 executed since the machine was made\n"
        "  interrupts    0 entered since then\n"
        "  next          nothing that imask lets through is due by itself\n"
        "  state         awake\n"
        "  clock         virtual: sleep passes at once\n"
        "  history       from tick 0, 0 steps before the present; 1 moment kept in 0 KiB; "
        "now is the present\n"
    )
    target.machine.run(budget=6)
    told = rows(target.monitor("time"))
    assert (told["tick"], told["instructions"].split()[0]) == ("6", "6")
    assert told["next"] == "timer (16) at tick 1000, 994 from now"
    target.machine.run(budget=1, skip_sleep=False)
    assert rows(target.monitor("time"))["state"] == "asleep in a wait"
    target.machine.run(limit=1000)
    told = rows(target.monitor("time"))
    assert (told["tick"], told["instructions"].split()[0]) == ("1000", "7")
    target.machine.run()
    assert rows(target.monitor("time"))["state"] == "switched off, exit status 3"


def test_time_tells_that_input_is_due(target):
    target.machine.cpu.r[IMASK] = 1 << 17
    target.machine.schedule(500, SerialInput(b"x"))
    assert rows(target.monitor("time"))["next"] == "serial input at tick 500, 500 from now"


def test_devices_tells_of_every_port_and_device_without_touching_any(target):
    before = target.machine.hash()
    text = target.monitor("devices")
    assert target.machine.hash() == before
    assert text == (
        "timer\n"
        "  0x0004  TIME       both  0x0\n"
        "  0x0005  DEADLINE   store -\n"
        "  the deadline is never\n"
        "serial\n"
        "  0x0010  RX         load  0x0\n"
        "  0x0014  TX         store -\n"
        "  0x0015  STATUS     load  0x2\n"
        "  RX holds 0 of 16 bytes\n"
        "  TX holds 0 of 16 bytes\n"
        "system\n"
        "  0x0020  POWER_OFF  store -\n"
        "  0x0024  PENDING    load  0x40000\n"
        "  0x0028  SIZE       load  0x10000\n"
        "memory\n"
        "  0x1000  to 0xffff, 61440 bytes\n"
        "interrupts: off by status, imask is 0x0\n"
        "  16  timer      quiet    masked\n"
        "  17  serial-rx  quiet    masked\n"
        "  18  serial-tx  pending  masked\n"
    )


def test_devices_tells_deadlines_and_what_the_fifos_hold(target):
    machine = target.machine
    machine.run(budget=5)
    machine.post(SerialInput(b"twenty bytes of it\n!"))
    machine.cpu.r[IMASK] = 1 << 17 | 1 << 20
    text = target.monitor("devices")
    assert "  the deadline is tick 1000, 995 from now\n" in text
    assert "  RX holds 16 of 16 bytes: 'twenty bytes of '\n" in text
    assert "  4 more bytes of input wait on the line\n" in text
    assert "  17  serial-rx  pending  let through\n" in text
    assert "  20  -          quiet    let through\n" in text
    machine.cpu.r[IMASK] = 1 << 16
    machine.run(limit=1000)
    assert "  the deadline was tick 1000, 0 ago\n" in target.monitor("devices")


def test_devices_tells_of_a_slow_line_and_of_half_done_pairs():
    machine = Machine(64 << 10, byte_ticks=100)
    target = target_on(machine)
    machine.bus.store(TX.address, ord("A"), 0)
    machine.bus.store(DEADLINE.address, 77, 0)
    machine.bus.load(TIME.address, 0)
    text = target.monitor("devices")
    assert "  TX holds 1 of 16 bytes: 'A'\n" in text
    assert "  a byte takes 100 ticks on the line\n" in text
    assert "  half a deadline was stored: its low word, 0x4d\n" in text
    assert "  half the time was loaded: the next load gives its high word\n" in text


def test_engine_names_the_engine(target):
    assert target.monitor("engine").splitlines()[0] == "reference"


def test_engine_says_why_this_host_has_no_native_one(target, monkeypatch):
    monkeypatch.setattr(backend, "refusal", lambda: "needs an x86-64 processor, this is vax")
    assert target.monitor("engine") == "reference\nnative needs an x86-64 processor, this is vax\n"


def test_nvram_names_the_file_and_brings_it_up_to_date(target, tmp_path):
    assert "--nvram FILE" in target.monitor("nvram")
    nvram = Nvram(tmp_path / "nvram", 64 << 10, default_size=64 << 10)
    try:
        kept = target_on(Machine(64 << 10, nvram=nvram))
        kept.write_memory(0x8000, b"keep")
        assert kept.monitor("nvram") == f"{tmp_path}/nvram: 65536 bytes, up to date\n"
        assert (tmp_path / "nvram").read_bytes()[0x8000:0x8004] == b"keep"
        (tmp_path / "nvram").unlink()
        with pytest.raises(TargetError, match="the file was removed under the machine"):
            kept.monitor("nvram")
    finally:
        nvram.close()


HEADER = "virtual            physical                size  kernel  user  seen\n"


def test_page_table_shows_alike_neighbours_in_a_line(target):
    machine = target.machine
    entries = {0: 0x1F, 1: 0x101F, 2: 0x201F, 3: 0x5007, 0x40: 0x5067, 0x41: 0x6067, 0x50: 0x6066}
    entries |= {0x60: 0xF003, 0x61: 0x10003}
    for page, entry in entries.items():
        target.write_memory(0x8000 + 4 * page, entry.to_bytes(4, "little"))
    machine.cpu.r[PTBR] = 0x8001
    assert target.monitor("page-table") == (
        "translation is off; the table is at 0x8000 and has 1024 entries\n"
        + HEADER
        + "00000000-00000fff  00000000-00000fff        4K  rwx     rwx   --  the I/O page\n"
        "00001000-00002fff  00001000-00002fff        8K  rwx     rwx   --\n"
        "00003000-00003fff  00005000-00005fff        4K  rw-     ---   --\n"
        "00040000-00041fff  00005000-00006fff        8K  rw-     ---   ad\n"
        "00060000-00060fff  0000f000-0000ffff        4K  r--     ---   --\n"
        "00061000-00061fff  00010000-00010fff        4K  r--     ---   --  nothing is there\n"
    )
    machine.cpu.r[STATUS] = 3
    assert target.monitor("page-table").startswith("translation is on;")


def test_without_a_page_table_that_is_said(target):
    assert target.monitor("page-table") == (
        "translation is off, and ptbr is 0: no page table was set up\n"
    )
    target.machine.cpu.r[STATUS] = 3
    assert target.monitor("page-table").startswith(
        "translation is on; the table is at 0x0 and has 1048576 entries\n"
        "all entries but those from 0x400 to 0x3fff lie outside memory: what needs them is trap 6\n"
    )


def test_a_page_table_that_is_not_in_memory_maps_nothing(target):
    target.machine.cpu.r[PTBR] = 0xFFFF_F000
    assert target.monitor("page-table") == (
        "translation is off; the table is at 0xfffff000 and has 1048576 entries\n"
        "all entries lie outside memory: what needs them is trap 6\n"
        "it maps nothing\n"
    )


def test_a_long_page_table_is_cut_and_said_to_be(target):
    for page in range(0, 1024, 2):
        target.write_memory(0x8000 + 4 * page, b"\x1f\0\0\0")
    target.machine.cpu.r[PTBR] = 0x8001
    lines = target.monitor("page-table").splitlines()
    assert len(lines) == 203
    assert lines[-1] == "and 312 more; page-table ADDR shows any of them"


def test_page_table_walks_for_one_address_and_says_why_it_would_trap(target):
    memory = target.machine.memory
    memory.store(0x5000 + 4 * 7, 0x8000 | Entry.PRESENT | Entry.READABLE | Entry.USER)
    target.machine.cpu.r[PTBR] = 0x5001
    told = target.monitor("page-table 0x7123")
    assert "its entry is at 0x5000 + 4 * 0x7 = 0x501c" in told
    assert told.endswith("what is allowed comes to physical 0x8123\n")
    assert "user mode may load; store, fetch: page protection (trap 4)" in told
    assert "page not present (trap 3)" in target.monitor("page-table 0x6000")
    assert "beyond the table: page not present" in target.monitor("page-table 0x400000")
    target.machine.cpu.r[PTBR] = 0xFFFF_F001
    assert "not in memory: nothing at that address" in target.monitor("page-table 0x7123")


def test_page_table_walks_to_ports_and_to_where_nothing_is(target):
    memory = target.machine.memory
    for page, to in ((7, 0), (8, 0x10000)):
        memory.store(0x5000 + 4 * page, to | Entry.PRESENT | Entry.READABLE)
    target.machine.cpu.r[PTBR] = 0x5001
    assert "to physical 0x10, in the I/O page: the port RX" in target.monitor("page-table 0x7010")
    assert "to physical 0x11, in the I/O page: no port" in target.monitor("page-table 0x7011")
    assert "to physical 0x10004, where nothing is: nothing at that address" in target.monitor(
        "page-table 32772"
    )


def test_trap_tells_the_last_traps_as_sentences(target):
    assert target.monitor("trap") == "no trap and no interrupt was entered yet\n"
    machine = target.machine
    machine.post(WriteMemory(0x2000 + 4 * 5, (0x3000).to_bytes(4, "little")))
    machine.post(WriteMemory(0x3000, assemble("h.s", "div r0, r0").segments[0].data))
    machine.cpu.r[IVEC] = 0x2000
    machine.cpu.write_register(PC, 0x5001)
    machine.run(budget=2)
    assert target.monitor("trap") == (
        "tick 0: vector 5, misaligned address, fetching from 0x5001, at pc 0x5001\n"
        "tick 1: vector 7, division by zero, at pc 0x3000\n"
        "check-stop: vector 7's word at 0x201c is 0: it has no handler (ivec is 0x2000)\n"
    )


def test_points_says_and_changes_whose_they_are(target):
    assert target.monitor("points") == "points that are set stop in all address spaces\n"
    assert target.monitor("points own") == (
        "points that are set stop in the chosen thread's own address space\n"
    )
    assert target.own_space
    target.monitor("points all")
    assert not target.own_space


def test_threads_lists_the_guests_processes_and_says_where_they_are_described():
    assert target_on(two_processes()).monitor("threads") == (
        "the process descriptor is at 0x2000\n"
        "* 2    one          process 1, kernel mode, running\n"
        "  3    two          process 2, user mode, ready\n"
    )


def test_threads_says_why_there_is_only_the_cpu(target):
    assert target.monitor("threads") == (
        "the guest has no process descriptor, so the CPU is the one thread\n"
        "* 1    cpu          kernel mode, running\n"
    )
    machine = Machine(64 << 10)
    describe(machine, version=2)
    first, *_ = target_on(machine).monitor("threads").splitlines()
    assert first == "the process descriptor at 0x2000 is of version 2; 1 is known"


def test_memory_map_says_and_changes_what_the_next_client_reads_and_stays(target):
    assert target.monitor("memory-map") == (
        "a debugger that connects from now on is told that memory is ram\n"
    )
    assert "flash" not in target.memory_map_xml
    assert target.monitor("memory-map flash").endswith("memory is flash\n")
    target.abandon()
    target.attach()
    assert target.monitor("memory-map").endswith("memory is flash\n")
    assert 'type="flash"' in target.memory_map_xml


def test_serial_types_on_the_line(target):
    assert target.monitor(r"serial ab\x41\n") == "4 bytes typed\n"
    serial = target.machine.bus.devices["serial"]
    assert serial.save(target.machine.cpu.time)[0] == b"abA\n"
    assert target.monitor("serial  a  b ") == "4 bytes typed\n"
    assert target.monitor("serial é") == "2 bytes typed\n"
    assert target.monitor("serial x") == "1 byte typed\n"
    assert serial.save(target.machine.cpu.time)[0] == "abA\na  bé".encode() + b"x"
