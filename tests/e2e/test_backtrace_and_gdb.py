"""Our own backtrace beside the real gdb's, of the same machine at the same instruction."""

import re

import pytest
from handlers import FUNCTIONS, HANDLERS, NESTED, timer
from running import DEMOS
from scripted import write_script

from isa_spec.registers import PC
from machine.machine import Machine
from soclet.backtrace import Backtrace
from soclet.source_map import SourceMap
from toolchain.images import load_image

RECURSIVE = """
        .func start
        mov     sp, 0x80000
        mov     r0, 6
        call    fib
        mov     r1, 0x20
        mov     [r1], r0
        .endfunc
        .func fib
        condbr  r0 > 1, .Lmore
        ret
.Lmore: push    r4-r5, link
        mov     r4, r0
        mov     r1, 1
        sub     r0, r1
        call    fib
        mov     r5, r0
        mov     r0, r4
        mov     r1, 2
        sub     r0, r1
        call    fib
        add     r0, r5
        pop     r4-r5, link
        ret
        .endfunc
"""


def demo(name):
    text = (DEMOS / name / f"{name}.s").read_text(encoding="utf-8")
    return text.replace('"../common/', f'"{DEMOS}/common/')


class Both:
    """gdb at a machine, and a machine of ours that follows it."""

    def __init__(self, run, debugger):
        self.gdb = debugger
        self._image = load_image(run.image)
        self._machine = Machine()
        self._machine.flash((part.address, part.data) for part in self._image.segments)
        places = SourceMap(self._machine, self._image)
        self._backtrace = Backtrace(self._machine, places, self._image)

    def theirs(self):
        """The frames that gdb shows: function, and line if it has one."""
        shown = re.findall(
            r"^#\d+ +(?:0x\w+ in )?(\S+) \(\)(?: at \S*?([^/\s]+:\d+))?",
            self.gdb.ask("backtrace"),
            re.MULTILINE,
        )
        return [(name, line or None) for name, line in shown]

    def ours(self):
        self._catch_up()
        shown = []
        for line in self._backtrace.show():
            found = re.match(r"#\d+ 0x\w+(?: <(\w+)(?:\+\d+)?>)?(?:, (\S+?:\d+))?(?: \(|$)", line)
            shown.append((found[1] or "??", found[2]))
        return shown

    def _catch_up(self):
        now = int(re.search(r"tick (\d+)", self.gdb.ask("monitor time"))[1])
        if self._machine.cpu.time < now:
            self._machine.run(now)
        if self._machine.cpu.r[PC] != self.gdb.number("$pc"):
            assert self._machine.cpu.enter_interrupt()
        assert self._machine.cpu.r[PC] == self.gdb.number("$pc")

    def step(self, count, *, lines=True):
        """Compare before each of so many instructions; give the depths that were seen.

        `lines`: compare them too. gdb shows the line before where a handler came, unless .func has
        declared the function there.
        """
        depths = set()
        for _ in range(count):
            theirs, ours = self.theirs(), self.ours()
            if not lines:
                theirs, ours = ([name for name, _ in frames] for frames in (theirs, ours))
            assert ours == theirs, self.gdb.ask("backtrace")
            depths.add(len(theirs))
            self.gdb.ask("stepi")
        return depths


@pytest.fixture
def both(boot, gdb, tmp_path):
    """Run firmware with gdb and its script attached, up to a breakpoint."""

    def both(text, place):
        run = boot(text, "--clock", "virtual")
        debugger = gdb("-x", write_script(tmp_path), run.image)
        debugger.terminal.delaybeforesend = None
        debugger.attach(run.port("gdb"))
        debugger.ask("monitor step-interrupts into")
        debugger.ask(f"break *{place}")
        debugger.ask("continue")
        return Both(run, debugger)

    return both


def test_calls_within_calls_at_every_instruction(both):
    assert both(RECURSIVE, "fib").step(60) == {2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("name", "place", "deepest"),
    [("timer", "timer_interrupt", 3), ("processes", "enter_kernel", 3), ("hello", "send", 3)],
)
def test_the_demos_and_what_their_handlers_have_interrupted(both, name, place, deepest):
    assert max(both(demo(name), place).step(45)) == deepest


@pytest.mark.parametrize("name", HANDLERS)
def test_handlers_of_every_kind_without_frame_information(both, name):
    assert max(both(timer(HANDLERS[name]), "timer").step(12, lines=False)) == 2


def test_a_trap_within_a_handler(both):
    assert max(both(timer(NESTED, call="call"), "call").step(6, lines=False)) == 3


def test_functions_without_frame_information(both):
    assert max(both(FUNCTIONS, "leaf").step(20)) >= 3
