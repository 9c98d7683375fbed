"""The real gdb-multiarch on the real machine: what a student does in an afternoon."""

import guests
import pytest
from running import Running, build

CALLS = f"""{guests.PORTS}
.global start
.func start
        mov     sp, 0xff00
        mov     r0, 2
        mov     r1, 3
        call    multiply_add
        mov     r4, result
        mov     [r4], r0
done:   mov     r1, POWER_OFF
        mov     [r1], r0
.endfunc

; r0 * r1 + 1
.func multiply_add
        push    r4, link
        mul     r0, r1
        mov     r4, 1
        call    plus
        pop     r4, link
        ret
.endfunc

.func plus
        add     r0, r4
        ret
.endfunc

.data
        .align 8
result: .word 0
table:  .word 1, 2, 3, 4, 5, 6, 7, 8
"""

REGISTERS = [
    *(f"r{number}" for number in range(16)),
    *("sp", "pc", "link", "status", "ptbr", "ivec", "imask", "epc", "estatus", "cause"),
    *("detail", "ks0", "ks1"),
]


def line_of(text, fragment):
    return next(n for n, line in enumerate(text.splitlines(), 1) if fragment in line)


def test_attaching_shows_where_the_machine_is(boot, gdb):
    run = boot(CALLS)
    debugger = gdb(run.image)
    said = debugger.attach(run.port("gdb"))
    assert "start () at" in said
    assert "main.s" in said
    assert "warning" not in said
    assert debugger.number("$pc") == 0x1000


def test_breakpoints_stop_at_a_function_a_label_and_a_line(debug):
    _, gdb = debug(CALLS)
    assert "Breakpoint 1 at" in gdb.ask("break multiply_add")
    assert "Breakpoint 2 at" in gdb.ask(f"break main.s:{line_of(CALLS, 'add     r0, r4')}")
    said = gdb.ask("continue")
    assert "Breakpoint 1, multiply_add () at" in said
    assert "push    r4, link" in said
    said = gdb.ask("continue")
    assert "Breakpoint 2, plus () at" in said
    assert gdb.number("$r0") == 6
    assert gdb.number("$r4") == 1
    assert "Breakpoint 3 at" in gdb.ask("break done")
    assert "Breakpoint 3, start () at" in gdb.ask("continue")


def test_stepping_goes_by_instruction_and_by_line_into_calls_and_over_them(debug):
    _, gdb = debug(CALLS)
    gdb.ask("stepi")
    assert gdb.number("$pc") == 0x1008
    assert gdb.number("$sp") == 0xFF00
    gdb.ask("stepi 2")
    assert gdb.number("$r1") == 3
    gdb.ask("step")
    assert "multiply_add" in gdb.ask("info symbol $pc")
    said = gdb.ask("finish")
    assert "Run till exit" in said
    gdb.ask("next")
    gdb.ask("next")
    assert gdb.number("result") in (0, 7)
    gdb.ask("next")
    assert gdb.number("result") == 7


def test_next_and_nexti_go_over_a_call(debug):
    _, gdb = debug(CALLS)
    gdb.ask(f"break main.s:{line_of(CALLS, 'call    multiply_add')}")
    gdb.ask("continue")
    # The call is two instructions: at ← its address, then the branch.
    gdb.ask("stepi")
    gdb.ask("nexti")
    assert gdb.number("$r0") == 7
    assert "start" in gdb.ask("info symbol $pc")


def test_next_goes_over_a_call_in_one_go(debug):
    _, gdb = debug(CALLS)
    gdb.ask(f"break main.s:{line_of(CALLS, 'call    multiply_add')}")
    gdb.ask("continue")
    said = gdb.ask("next")
    assert "mov     r4, result" in said
    assert gdb.number("$r0") == 7


def test_a_backtrace_sees_through_pseudo_instructions(debug):
    _, gdb = debug(CALLS)
    gdb.ask("break plus")
    gdb.ask("continue")
    frames = gdb.ask("backtrace").splitlines()
    assert [
        name
        for frame in frames
        for name in ("plus", "multiply_add", "start")
        if f"{name} ()" in frame
    ] == [
        "plus",
        "multiply_add",
        "start",
    ]
    assert "corrupt" not in "".join(frames)
    assert "multiply_add ()" in gdb.ask("up")
    assert gdb.number("$sp") == 0xFF00 - 8
    said = gdb.ask("finish")
    assert "start ()" in said
    assert gdb.number("$r0") == 7


def test_finish_goes_to_the_caller(debug):
    _, gdb = debug(CALLS)
    gdb.ask("break plus")
    gdb.ask("continue")
    said = gdb.ask("finish")
    assert "multiply_add ()" in said
    assert "Value returned is $1 = 7" in said
    assert gdb.number("$r0") == 7


def test_all_registers_are_shown_by_our_names_and_flags_in_words(debug):
    _, gdb = debug(CALLS)
    shown = [line.split()[0] for line in gdb.ask("info registers").splitlines() if line]
    assert sorted(shown) == sorted(REGISTERS)
    assert "status         0x1                 [ KERNEL ]" in gdb.ask("info registers status")
    gdb.ask("set $status = 5")
    assert "[ KERNEL INTERRUPTS ]" in gdb.ask("info registers status")
    assert "NONE" in gdb.ask("info registers cause")
    system = [line.split()[0] for line in gdb.ask("info registers system").splitlines() if line]
    assert sorted(system) == sorted(REGISTERS[19:])


def test_registers_are_written_and_cut_to_what_they_keep(debug):
    _, gdb = debug(CALLS)
    gdb.ask("set $r1 = 0x12345678")
    assert gdb.number("$r1") == 0x12345678
    gdb.ask("set $r15 = 0x8000")
    gdb.ask("set $ivec = 0x2003")
    gdb.ask("flushregs")
    gdb.ask("maintenance flush register-cache")
    assert gdb.number("$sp") == 0x8000
    assert gdb.number("$ivec") == 0x2000


def test_memory_is_read_and_written(debug):
    run, gdb = debug(CALLS)
    assert gdb.ask("x/8xw &table").split(":", 1)[1].split()[:4] == [
        "0x00000001",
        "0x00000002",
        "0x00000003",
        "0x00000004",
    ]
    gdb.ask("set {int}&result = 0x1234")
    assert gdb.number("result") == 0x1234
    gdb.ask("set var table[2] = 77")
    assert "77" in gdb.ask("print table")
    assert "0x00100000" in gdb.ask("x/xw 0x28")
    for wrong in ("x/xw 0x100000", "x/xw 0x800", "set {int}0x20 = 1", "set {int}0xfffff = 1"):
        assert "Cannot access memory at address" in gdb.ask(wrong)
    assert run.process.poll() is None


def test_load_writes_the_image_that_gdb_has(debug, tmp_path):
    _, gdb = debug(CALLS)
    other = build(tmp_path / "other.elf", CALLS.replace("mov     r0, 2", "mov     r0, 20"))
    said = gdb.ask(f"load {other}")
    assert "Start address 0x00001000" in said
    assert "matched" in gdb.ask("compare-sections")
    gdb.ask("break plus")
    gdb.ask("continue")
    assert gdb.number("$r0") == 60


def test_ctrl_c_stops_a_guest_that_spins_and_it_goes_on_after(debug):
    _, gdb = debug("start: add r0, r1\n mov pc, start\n")
    for _ in range(3):
        gdb.start("continue")
        gdb.terminal.expect_exact("Continuing.")
        gdb.ctrl_c()
        assert "Program received signal SIGINT" in gdb.answer()
        assert gdb.number("$pc") in (0x1000, 0x1008)


def test_jump_and_an_inferior_call(debug):
    _, gdb = debug(CALLS)
    gdb.ask("stepi")
    assert gdb.ask("print multiply_add(4, 5)") == "$1 = 21\n"
    assert gdb.number("$pc") == 0x1008
    assert gdb.number("$sp") == 0xFF00
    assert gdb.ask("print multiply_add(2, 3)") == "$2 = 7\n"
    gdb.ask("tbreak plus")
    gdb.ask("set $r0 = 5")
    gdb.ask("set $r1 = 5")
    gdb.ask("jump multiply_add")
    assert gdb.number("$r0") == 25


def test_detach_lets_the_machine_go_on_and_gdb_can_come_back(debug):
    run, gdb = debug(guests.ECHOES, serial="tcp:0")
    assert "detached" in gdb.ask("detach")
    said = gdb.attach(run.port("gdb"))
    assert "Remote debugging using" in said
    # It has turned in its loop meanwhile: it is past its beginning.
    assert gdb.number("$pc") > 0x1000
    gdb.ask("disconnect")
    assert run.process.poll() is None
    gdb.attach(run.port("gdb"))
    assert gdb.number("$r1") == 0x15


def test_quitting_gdb_detaches(debug):
    run, gdb = debug(CALLS)
    gdb.terminal.sendline("quit")
    assert run.wait().status == 7


def test_monitor_commands_answer_in_gdb(debug):
    _, gdb = debug(CALLS)
    said = gdb.ask("monitor help")
    for name in ("reset", "halt", "phys", "step-interrupts", "devices", "time", "engine"):
        assert name in said
    gdb.ask("stepi 3")
    assert "tick 3\n  instructions  3 executed" in gdb.ask("monitor time")
    assert "no monitor command 'frobnicate'" in gdb.ask("monitor frobnicate")
    assert "reference" in gdb.ask("monitor engine")
    assert "STATUS" in gdb.ask("monitor devices")


def test_a_second_gdb_is_refused_in_a_line_while_the_first_goes_on(debug, gdb):
    run, first = debug(CALLS)
    second = gdb()
    # It speaks no protocol with us: what it makes of the line is its own affair.
    second.ask("set tcp auto-retry off")
    second.ask("set remotetimeout 1")
    assert "start ()" not in second.attach(run.port("gdb"))
    first.ask("stepi")
    assert first.number("$pc") == 0x1008
    first.ask("detach")
    second.terminal.close(force=True)


def test_in_extended_mode_a_killed_program_can_be_run_again(boot, gdb):
    run = boot(CALLS)
    debugger = gdb(run.image)
    debugger.ask(f"target extended-remote 127.0.0.1:{run.port('gdb')}")
    debugger.ask("break plus")
    assert "Breakpoint 1, plus ()" in debugger.ask("continue")
    debugger.ask("kill")
    assert run.process.poll() is None
    assert "Breakpoint 1, plus ()" in debugger.ask("run")
    assert debugger.number("$r0") == 6
    # Without a kill first, too.
    assert "Breakpoint 1, plus ()" in debugger.ask("run")
    debugger.ask("delete")
    assert "Temporary breakpoint 2, start ()" in debugger.ask("start")
    assert debugger.number("$pc") == 0x1000
    # After its own end, too.
    assert "power-off: " in debugger.ask("continue")
    assert "exited with code 07" in debugger.ask("continue")
    debugger.ask("break plus")
    assert "Breakpoint 3, plus ()" in debugger.ask("run")
    debugger.ask("delete")
    debugger.ask("continue")
    assert "exited with code 07" in debugger.ask("continue")
    assert run.process.poll() is None


def test_a_program_that_has_ended_in_extended_mode_ends_the_run_when_gdb_leaves(boot, gdb):
    run = boot(CALLS)
    debugger = gdb(run.image)
    debugger.ask(f"target extended-remote 127.0.0.1:{run.port('gdb')}")
    debugger.ask("continue")
    debugger.ask("continue")
    debugger.terminal.sendline("quit")
    assert run.wait().status == 7


@pytest.mark.parametrize("suffix", [".elf", ".s"])
def test_a_bare_target_remote_brings_the_symbols_with_it(gdb, tmp_path, suffix):
    source = tmp_path / "main.s"
    source.write_text(CALLS)
    if suffix == ".elf":
        build(tmp_path / "main.elf", CALLS)
    with Running("run", source.with_suffix(suffix), "--gdb", "0", "-S", "--serial", "none") as run:
        debugger = gdb()
        assert "main.elf from remote target" in debugger.attach(run.port("gdb"))
        debugger.ask("break plus")
        assert "Breakpoint 1, plus ()" in debugger.ask("continue")


def test_compare_sections_finds_what_has_changed(debug):
    _, gdb = debug(CALLS)
    assert "matched" in gdb.ask("compare-sections")
    gdb.ask("set {int}0x1000 = 0")
    assert "MIS-MATCHED!" in gdb.ask("compare-sections")


def test_find_searches_memory_on_the_machine(debug):
    _, gdb = debug(CALLS)
    gdb.ask("set {int}0x9004 = 0x12345678")
    assert "0x9004" in gdb.ask("find /w 0x8000, +0x2000, 0x12345678")
