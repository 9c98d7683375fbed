"""A guest's two processes as threads under the real gdb."""

import re

import pytest
from running import DEMOS
from scripted import write_script

COUNTER = "*(int *)0x100000"


@pytest.fixture
def attached(boot, gdb, tmp_path):
    """gdb, with the script, on the demo with two processes, halted at reset."""
    text = (DEMOS / "processes" / "processes.s").read_text(encoding="utf-8")
    run = boot(text.replace('"../common/', f'"{DEMOS}/common/'), "--clock", "virtual")
    debugger = gdb("-x", write_script(tmp_path), run.image)
    debugger.terminal.delaybeforesend = None
    debugger.attach(run.port("gdb"))
    return debugger


def listed(gdb):
    """The threads of `info threads`: whether it is the chosen one, its name, what is told."""
    found = re.findall(r'^([* ]) +\d+ +Thread \d+ "(\w+)" \((.*?)\)', gdb.ask("info threads"), re.M)
    return [(mark == "*", name, told) for mark, name, told in found]


def hit(gdb, command="continue"):
    """The name of the thread that hits a breakpoint, and where."""
    told = gdb.ask(command)
    match = re.search(r'Thread \d+ "(\w+)" hit (?:Temporary b|B)reakpoint \d+, (\w+) \(\)', told)
    assert match, told
    return match.groups()


def test_before_any_process_runs_the_cpu_is_the_one_thread(attached):
    assert listed(attached) == [(True, "cpu", "kernel mode, running")]


def test_processes_are_listed_with_names_and_states(attached):
    attached.ask("break work")
    assert hit(attached) == ("ping", "work")
    assert listed(attached) == [
        (True, "ping", "process 1, user mode, running"),
        (False, "pong", "process 2, user mode, ready"),
    ]


def test_breakpoints_stop_in_both_also_after_one_was_looked_at(attached):
    attached.ask("break work")
    names = []
    for _ in range(4):
        names.append(hit(attached)[0])
        attached.ask("info threads")
        attached.ask("thread apply all backtrace")
    assert names == ["ping", "pong", "ping", "pong"]


def test_a_breakpoint_for_one_thread_stops_in_that_one(attached):
    attached.ask("break work")
    hit(attached)
    attached.ask("delete")
    attached.ask("break work thread 2")
    assert [hit(attached)[0] for _ in range(2)] == ["ping", "ping"]


def test_each_has_registers_a_backtrace_and_memory_of_its_own(attached):
    attached.ask("break work")
    hit(attached)
    hit(attached)
    attached.ask(f"set var {COUNTER} = 70")
    attached.ask("thread 2")
    assert attached.number(COUNTER) == 1
    trace = attached.ask("backtrace")
    assert re.findall(r"(\w+) \(\)", trace) == ["work", "worker", "process"]
    assert attached.number("$sp") == 0x100FFC
    attached.ask("thread 3")
    assert attached.number(COUNTER) == 70
    assert attached.ask("x/i $pc").startswith("=> ")


def test_a_step_of_the_other_thread_is_a_step_of_it(attached):
    attached.ask("break work")
    hit(attached)
    hit(attached)
    attached.ask("thread 2")
    before = attached.number("$pc")
    attached.ask("stepi")
    assert [name for chosen, name, _ in listed(attached) if chosen] == ["ping"]
    assert attached.number("$pc") in (before + 8, before - 8)


def test_next_over_a_call_stays_in_its_thread_while_both_run_the_same_code(attached):
    attached.ask("tbreak worker")
    hit(attached)
    attached.ask("next 4")
    for _ in range(3):
        attached.ask("next")
        assert [name for chosen, name, _ in listed(attached) if chosen] == ["ping"]


def test_a_system_call_is_the_process_in_kernel_mode(attached):
    attached.ask("break send_string")
    assert hit(attached) == ("ping", "send_string")
    assert listed(attached)[0] == (True, "ping", "process 1, kernel mode, running")
    names = re.findall(r"(\w+) \(\)", attached.ask("backtrace"))
    assert names == ["send_string", "enter_kernel", "worker", "process"]


def test_tables_of_the_system(attached):
    attached.ask("break work")
    hit(attached)
    said = attached.ask("info os")
    for name in ("processes", "traps", "pages", "ports"):
        assert re.search(rf"^{name} ", said, re.M)
    said = attached.ask("info os processes")
    assert re.search(r"^1 +ping +running +user mode +0x20b8 +0x6001", said, re.M)


def test_a_function_called_in_a_process_returns_to_it(attached):
    attached.ask("break work")
    hit(attached)
    attached.ask("delete")
    attached.ask("print work()")
    assert [name for chosen, name, _ in listed(attached) if chosen] == ["ping"]
    assert attached.number("$pc") == attached.number("(unsigned)&work")


def test_after_a_reset_the_cpu_is_a_thread_again_as_soon_as_the_kernel_runs_no_process(attached):
    attached.ask("break work")
    hit(attached)
    attached.ask("delete")
    attached.ask("monitor reset")
    attached.ask("tbreak make_space")
    attached.ask("continue")
    assert (True, "cpu", "kernel mode, running") in listed(attached)
    attached.ask("break work")
    assert hit(attached) == ("ping", "work")
