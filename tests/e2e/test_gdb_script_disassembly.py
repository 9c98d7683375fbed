"""Our instructions in the real gdb, with the script: wherever gdb shows code."""

import re

import pytest
from running import DEMOS, build
from scripted import Screen, texts, write_script
from tools import tool

from isa_spec.instructions import BASE
from toolchain.images import load_image

CODE = """
.func start
        mov     sp, 0xff00
        mov     r0, 5
loop:   call    leaf
        condbr  r0 > 0, loop
        jmp     loop
.endfunc
.func leaf
        mov     r1, 1
        sub     r0, r1
        ret
.endfunc
        .word   0xff, 1
"""


@pytest.fixture
def script(tmp_path):
    return write_script(tmp_path)


@pytest.fixture
def scripted(boot, gdb, script):
    """Run firmware and attach a gdb with the script to it."""

    def scripted(text, *words):
        run = boot(text, *words)
        debugger = gdb("-x", script, run.image)
        debugger.terminal.delaybeforesend = None
        debugger.attach(run.port("gdb"))
        return debugger

    return scripted


def test_loading_it_says_nothing_even_twice_and_without_a_program(gdb, script, tmp_path):
    image = build(tmp_path / "main.elf", CODE)
    for words in ((), ("-x", script), ("-x", script, image)):
        debugger = gdb("-x", script, *words)
        assert debugger.ask(f"source {script}") == ""
        assert debugger.terminal.before.strip() == ""


def test_it_leaves_other_machines_code_alone(gdb, script):
    arm = gdb("-x", script)
    arm.ask("set architecture arm")
    assert "Cannot access memory" in arm.ask("x/i 0")
    host = gdb("-x", script, "/bin/sh")
    entry = re.search(r"Entry point: (0x[0-9a-f]+)", host.ask("info files"))[1]
    assert ".word" not in host.ask(f"x/4i {entry}")


def test_every_instruction_is_what_isa_spec_says(scripted, tmp_path):
    image = load_image(str(build(tmp_path / "all.elf", CODE)))
    (segment, *_) = image.segments
    gdb = scripted(CODE)
    count = len(segment.data) // 8
    shown = texts(gdb.ask(f"x/{count}i 0x1000"))
    assert list(shown) == list(range(0x1000, 0x1000 + 8 * count, 8))
    for address, text in shown.items():
        code = segment.data[address - 0x1000 :][:8]
        plain = re.sub(r" <.*?>", "", text.partition("\t;")[0])
        assert plain == (BASE.disassemble(code, address) or ".word 0xff, 0x1")


def test_targets_and_addresses_have_names(scripted):
    gdb = scripted(CODE)
    shown = texts(gdb.ask("x/6i 0x1000"))
    assert shown[0x1010] == "mov r12, 0x1030\t; <leaf>"
    assert shown[0x1020] == "condbr r0 > 0, 0x1010 <start+16>"
    assert shown[0x1028] == "mov pc, 0x1010\t; <start+16>"


def test_disassemble_shows_source_and_bytes(scripted):
    gdb = scripted(CODE)
    said = gdb.ask("disassemble /s leaf")
    assert "sub     r0, r1" in said
    assert re.search(r"<\+8>:\s+sub r0, r1\n", said)
    said = gdb.ask("disassemble /r leaf")
    assert "<+8>:\t06 00 01 00 00 00 00 00\tsub r0, r1" in said
    assert "=> 0x00001000 <+0>:\tmov sp, 0xff00" in gdb.ask("disassemble")


def test_display_shows_the_next_instruction_at_each_stop(scripted):
    gdb = scripted(CODE)
    assert "=> 0x1000 <start>:\tmov sp, 0xff00" in gdb.ask("display/i $pc")
    assert "=> 0x1008 <start+8>:\tmov r0, 5" in gdb.ask("stepi")
    gdb.ask("break leaf")
    assert "=> 0x1030 <leaf>:\tmov r1, 1" in gdb.ask("continue")


def test_memory_that_is_not_there_is_told(scripted):
    gdb = scripted(CODE)
    assert "Cannot access memory at address 0x100000" in gdb.ask("x/i 0x100000")
    said = gdb.ask("x/2i 0xffff8")
    assert ".word 0x0, 0x0" in said
    assert "Cannot access memory at address 0x100000" in said


def test_code_that_changes_is_shown_anew(scripted):
    gdb = scripted(CODE)
    gdb.ask("set {int}0x1008 = 0x13")
    gdb.ask("set {int}0x100c = 0")
    assert texts(gdb.ask("x/i 0x1008"))[0x1008] == "brk"


def test_the_file_alone_can_be_disassembled(gdb, script, tmp_path):
    debugger = gdb("-x", script, build(tmp_path / "main.elf", CODE))
    assert "<+8>:\tsub r0, r1" in debugger.ask("disassemble leaf")


def test_the_full_screen_mode_shows_our_instructions(boot, script, tmp_path):
    run = boot((DEMOS / "hello" / "hello.s").read_text().replace("../", f"{DEMOS}/"))
    words = ["-nx", "-q", "-x", script, "-ex", f"target remote :{run.port('gdb')}", run.image]
    with Screen(tmp_path, tool("gdb-multiarch"), *words) as screen:
        screen.shows("Remote debugging using", "(gdb)")
        screen.type("layout asm")
        text = screen.shows("> 0x1000 <start>", "<start+8>")
        assert re.search(r" 0x1008 <start\+8>\s+mov sp, \[r0\]", text), text
        assert re.search(r"mov r12, 0x1040\s+; <send_string>", text), text
        screen.type("stepi")
        screen.shows("> 0x1008 <start+8>")
