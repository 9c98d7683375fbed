"""Backtraces without gdb; tests/e2e holds them against the real one's."""

import pytest
from handlers import FUNCTIONS, HANDLERS, PROCESS, timer
from hypothesis import given, settings
from hypothesis import strategies as st

from isa_spec.registers import PC, REGISTERS, SP
from machine.machine import Machine
from soclet.backtrace import Backtrace
from soclet.source_map import SourceMap
from toolchain.assembler import assemble
from toolchain.images import load_image

NESTED = """
        .func start
        mov     sp, 0x8000
        mov     r4, 44
        call    outer
        .endfunc
        .func outer
        push    r4, link
        mov     r4, 4
        call    inner
        pop     r4, link
        ret
        .endfunc
        .func inner
        nop
        ret
        .endfunc
"""
ENDLESS = """
        .func start
        mov     sp, 0x8000
        call    down
        .endfunc
        .func down
        push    link
        call    down
        .endfunc
"""


def at(text, place, *, as_elf=False):
    """Run to a symbol; give the machine and its backtrace."""
    program = assemble("main.s", text)
    image = load_image(program.elf(), name="main.elf") if as_elf else program.image()
    machine = Machine(1 << 20)
    machine.flash((part.address, part.data) for part in image.segments)
    stop = next(symbol.address for symbol in program.symbols if symbol.name == place)
    machine.run(10_000, breakpoints=frozenset({stop}))
    assert machine.cpu.r[PC] == stop
    return machine, Backtrace(machine, SourceMap(machine, image), image)


@pytest.mark.parametrize("as_elf", [False, True])
def test_callers_are_told_by_function_and_by_the_line_of_the_call(as_elf):
    _, backtrace = at(NESTED, "inner", as_elf=as_elf)
    assert backtrace.show() == [
        "#0 0x1090 <inner>, main.s:15",
        "#1 0x1060 <outer+64>, main.s:10",
        "#2 0x1020 <start+32>, main.s:5",
    ]


@pytest.mark.parametrize("as_elf", [False, True])
def test_callers_have_the_registers_that_they_go_on_with(as_elf):
    machine, backtrace = at(NESTED, "inner", as_elf=as_elf)
    inner, outer, start = backtrace.frames()
    assert machine.cpu.r[4] == inner.registers[4] == 4
    assert (outer.registers[4], outer.registers[SP]) == (4, 0x7FF8)
    assert (start.registers[4], start.registers[SP]) == (44, 0x8000)
    assert outer.registers.get(0) is None


def test_what_a_handler_has_interrupted_is_said_to_be():
    _, backtrace = at(timer(HANDLERS["saves on the interrupted stack"]), "timer")
    handler, interrupted = backtrace.show()
    assert handler.startswith("#0 ")
    assert "<timer>" in handler
    assert "(no frame information)" in handler
    assert "<again" in interrupted
    assert "(interrupted, no frame information)" in interrupted


def test_functions_without_frame_information_say_so():
    _, backtrace = at(FUNCTIONS, "leaf")
    shown = backtrace.show()
    assert len(shown) == 3
    assert all(line.endswith("(no frame information)") for line in shown)


def test_a_process_behind_a_system_call_is_told_by_its_own_page_table():
    _, backtrace = at(PROCESS.replace("KERNEL_STACK", "0x90000"), "call")
    functions = [line.split("<")[1].split(">")[0].split("+")[0] for line in backtrace.show()]
    assert functions == ["call", "inner", "outer", "user"]
    assert [frame.interrupted for frame in backtrace.frames()] == [False, True, False, False]


def test_a_deep_stack_is_cut_and_that_is_said():
    machine, backtrace = at(ENDLESS, "down")
    machine.run(1_000)
    shown = backtrace.show(5)
    assert len(shown) == 6
    assert shown[-1] == "(there are more frames)"
    assert len(backtrace.frames()) == 64


def test_without_an_image_the_code_itself_is_followed():
    machine, _ = at(NESTED, "inner")
    shown = Backtrace(machine, SourceMap(machine)).show()
    assert shown[0] == "#0 0x1090 (no frame information)"
    assert shown[1].startswith("#1 0x1060")


def test_code_that_is_not_the_programs_any_more_has_no_frame_information():
    machine, backtrace = at(NESTED, "inner")
    machine.memory.write(0x1090, bytes(8))
    assert backtrace.show()[0] == "#0 0x1090 (no frame information)"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_registers_and_memory_hold_there_is_an_answer(data):
    machine, backtrace = at(timer(HANDLERS["has a stack of its own at a fixed place"]), "timer")
    values = st.sampled_from([0, 1, 8, 0x1000, 0x1040, 0x7FFF8, 0xFFFF_FFF8, 0xFFFF_FFFF])
    for number in data.draw(st.sets(st.sampled_from(range(len(REGISTERS))), max_size=6)):
        machine.cpu.write_register(number, data.draw(values | st.integers(0, 0xFFFF_FFFF)))
    start = data.draw(st.sampled_from([0x1000, 0x1100, 0x7FF00]))
    machine.memory.write(start, data.draw(st.binary(max_size=256)))
    assert 1 <= len(backtrace.frames()) <= 64
