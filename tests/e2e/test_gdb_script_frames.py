"""Backtraces in the real gdb with the script: through handlers, and where the file says nothing."""

import re

import pytest
from handlers import FUNCTIONS, HANDLERS, NESTED, PROCESS, timer
from running import DEMOS
from scripted import write_script

# The demo's handler calls a function, which need not keep r13 and r14.
REGISTERS = [*(f"r{n}" for n in range(13)), "sp", "r15", "pc", "link", "status"]


@pytest.fixture
def scripted(boot, gdb, tmp_path):
    """Run firmware and attach a gdb with the script to it."""

    def scripted(text):
        run = boot(text, "--clock", "virtual")
        debugger = gdb("-x", write_script(tmp_path), run.image)
        debugger.terminal.delaybeforesend = None
        debugger.attach(run.port("gdb"))
        debugger.ask("monitor step-interrupts into")
        return debugger

    return scripted


def demo(name):
    text = (DEMOS / name / f"{name}.s").read_text(encoding="utf-8")
    return text.replace('"../common/', f'"{DEMOS}/common/')


def functions(gdb):
    """The functions of a backtrace, from the innermost on."""
    return re.findall(r"^#\d+ +(?:0x\w+ in )?(\S+) \(", gdb.ask("backtrace"), re.MULTILINE)


def registers(gdb, names=REGISTERS):
    text = gdb.ask(f"info registers {' '.join(names)}")
    return {line.split()[0]: line.split()[1] for line in text.splitlines()}


def test_a_timers_interrupt_at_every_instruction_of_its_handler(scripted):
    gdb = scripted(demo("timer"))
    gdb.ask("break *timer_interrupt")
    gdb.ask("continue")
    gdb.ask("up")
    interrupted = registers(gdb)
    gdb.ask("down")
    steps = 0
    inside = set()
    while (names := functions(gdb))[0] != "start":
        assert names in (
            ["timer_interrupt", "start"],
            ["next_deadline", "timer_interrupt", "start"],
        )
        inside.add(names[0])
        if names[0] == "timer_interrupt":
            gdb.ask("up")
            assert registers(gdb) == interrupted, gdb.ask("info symbol $pc")
            gdb.ask("down")
        gdb.ask("stepi")
        steps += 1
    assert steps > 40
    assert inside == {"timer_interrupt", "next_deadline"}
    assert registers(gdb) == interrupted


def test_finish_and_up_lead_out_of_a_handler(scripted):
    gdb = scripted(demo("timer"))
    gdb.ask("break next_deadline if $link > 0x1100")
    gdb.ask("continue")
    assert functions(gdb) == ["next_deadline", "timer_interrupt", "start"]
    assert "timer_interrupt ()" in gdb.ask("up")
    assert "start ()" in gdb.ask("up")
    gdb.ask("frame 0")
    assert "timer_interrupt ()" in gdb.ask("finish")
    went_on = gdb.number("$epc")
    assert "start ()" in gdb.ask("finish")
    assert gdb.number("$pc") != 0
    assert functions(gdb) == ["start"]
    assert went_on  # The demo's handler puts epc back before it returns.


def test_an_interrupted_frame_is_shown_at_the_line_that_it_goes_on_with(scripted):
    gdb = scripted(demo("timer"))
    gdb.ask("break timer_interrupt")
    gdb.ask("continue")
    shown = re.search(r"#1 .* in start \(\) at .*:(\d+)", gdb.ask("backtrace"))[1]
    said = gdb.ask("info line *$epc")
    assert f"Line {shown} of" in said
    assert "starts at address" in said
    assert "and ends at" in said


@pytest.mark.parametrize("name", HANDLERS)
def test_handlers_of_every_kind_lead_to_what_they_interrupt(scripted, name):
    gdb = scripted(timer(HANDLERS[name]))
    gdb.ask("break *timer")
    gdb.ask("continue")
    for _ in range(12):
        frames = gdb.ask("backtrace")
        assert re.search(r"#1 .*\b(busy|again) \(\)", frames), frames
        assert frames.count("#") == 2, frames
        gdb.ask("stepi")


def test_a_trap_in_a_handler_leads_through_both(scripted):
    gdb = scripted(timer(NESTED, call="call"))
    gdb.ask("break *call")
    gdb.ask("continue")
    for _ in range(6):
        names = functions(gdb)
        assert names[:2] == ["call", "timer"], names
        assert names[2] in ("busy", "again")
        assert len(names) == 3
        gdb.ask("stepi")


def test_functions_without_any_information_have_callers(scripted):
    gdb = scripted(FUNCTIONS)
    gdb.ask("break *leaf")
    gdb.ask("continue")
    assert functions(gdb) == ["leaf", "loop", "start"]
    assert "loop () at" in gdb.ask("finish")
    gdb.ask("break *inside")
    gdb.ask("delete 1")
    gdb.ask("continue")
    names = functions(gdb)
    assert names[0] == "inside"
    assert names[-1] == "start"
    assert len(names) == 3


def test_a_broken_stack_ends_a_backtrace_and_nothing_else(scripted):
    gdb = scripted(demo("timer"))
    gdb.ask("break send_decimal")
    gdb.ask("continue")
    for register in ("sp", "link", "epc", "ivec", "pc", "status"):
        for value in ("0", "0xfffffffc", "0x1004", "0x2000"):
            old = gdb.number(f"${register}")
            gdb.ask(f"set ${register} = {value}")
            said = gdb.ask("backtrace")
            assert said.startswith("#0"), said
            assert "Traceback" not in said
            assert "Python Exception" not in said
            gdb.ask(f"set ${register} = {old}")
    assert functions(gdb) == ["send_decimal", "start"]


def test_what_is_written_to_a_register_shows_under_its_other_name(scripted):
    gdb = scripted(demo("timer"))
    for one, other in (("sp", "r15"), ("r15", "sp"), ("lr[0]", "link"), ("link", "lr[0]")):
        assert gdb.ask(f"set ${one} = 0x8{len(one)}00") == ""
        assert gdb.number(f"${other}") == int(f"0x8{len(one)}00", 16)


def test_what_monitor_changes_is_seen_at_once(scripted):
    gdb = scripted(demo("timer"))
    gdb.ask("stepi 3")
    assert gdb.ask("monitor reset") == "the machine is reset and halted\n"
    assert gdb.number("$pc") == 0x1000
    assert functions(gdb) == ["start"]


@pytest.mark.parametrize("stack", ["0x8000", "0x90000"])
def test_a_system_calls_process_is_seen_through_its_page_table(scripted, stack):
    """Its stack lies above the kernel's, and below it, which gdb would take for broken."""
    gdb = scripted(PROCESS.replace("KERNEL_STACK", stack))
    gdb.ask("break *inner")
    gdb.ask("continue")
    assert functions(gdb) == ["inner", "outer", "user"]
    gdb.ask("break *call")
    gdb.ask("continue")
    inside = set()
    while (names := functions(gdb))[0] in ("call", "serve"):
        inside.add(names[0])
        assert names[names.index("call") :] == ["call", "inner", "outer", "user"], names
        gdb.ask(f"frame {len(names) - 3}")
        held = registers(gdb, ["sp", "r4", "r5", "status"])
        assert held == {"sp": "0x8ff0", "r4": "0x4", "r5": "0x5", "status": "0x2"}
        gdb.ask(f"frame {len(names) - 2}")
        assert registers(gdb, ["sp", "r4"]) == {"sp": "0x8ff8", "r4": "0x4"}
        gdb.ask("stepi")
    assert inside == {"call", "serve"}
    assert names == ["inner", "outer", "user"]


def test_a_function_that_gdb_has_called_is_called_from_gdb_and_from_no_line(scripted):
    gdb = scripted(demo("timer"))
    gdb.ask("stepi 2")
    gdb.ask("break next_deadline")
    gdb.ask("print next_deadline()")
    frames = gdb.ask("backtrace").splitlines()
    assert frames[0].startswith("#0  next_deadline () at ")
    assert frames[1] == "#1  <function called from gdb> ()"
    assert frames[2].startswith("#2  start () at ")
    assert frames[2].endswith(".s:32")
