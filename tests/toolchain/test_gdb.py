"""What stock gdb makes of a file, with no machine at hand."""

import pytest

from toolchain.assembler import assemble
from toolchain.writers import write_image

MAIN = """.equ TX, 0x14
.include "put.s"
.global start
.func start
        mov     sp, stack_top
        mov     r0, 'x'
        call    put
loop:   jmp     loop
.endfunc
.data
table:  .word 10, 20, 30, put
message: .asciz "hello"
        .align  4
wide:   .string32 "grüße"
one:    .word 0x12345678
bytes:  .byte 1, 2, 3
        .align 8
stack:  .space 256
stack_top:
"""
PUT = """.org 0x2000
.func put
        push    r4, link
        pop     r4, link
        ret
.endfunc
.org 0x1000
"""


@pytest.fixture
def ask(tmp_path, gdb):
    (tmp_path / "main.s").write_text(MAIN)
    (tmp_path / "put.s").write_text(PUT)
    write_image(assemble(tmp_path / "main.s"), tmp_path / "main.elf")
    return lambda *commands: gdb(tmp_path / "main.elf", *commands)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("info line start", 'Line 5 of "main.s" starts at address 0x1000 <start> and ends'),
        ("info line put.s:4", 'Line 4 of "put.s" starts at address 0x2028 <put+40>'),
        ("info symbol 0x2010", "put + 16 in section .text.2000"),
        ("info symbol 0x1000", "start in section .text"),
        ("info address loop", 'Symbol "loop" is at 0x1020'),
        ("break put", "Breakpoint 1 at 0x2000: file put.s, line 3."),
        ("break main.s:7", "Breakpoint 1 at 0x1010: file main.s, line 7."),
        ("break loop", "Breakpoint 1 at 0x1020"),
        ("print table", "$1 = {10, 20, 30, 8192}"),
        ("print table[1]", "$1 = 20"),
        ("print message", '$1 = "hello"'),
        ("print wide", '$1 = U"grüße"'),
        ("print/x one", "$1 = 0x12345678"),
        ("print/d bytes", "$1 = {1, 2, 3}"),
        ("print sizeof(stack)", "$1 = 256"),
        ("print TX", "$1 = 20"),
        ("ptype table", "type = word [4]"),
        ("ptype put", "type = word (void)"),
        ("info scope put", "contains no locals or arguments"),
        ("list put", "2\t.func put"),
        ("list main.s:7,7", "7\t        call    put"),
        ("print start", "{word (void)} 0x1000 <start>"),
        ("print &one", "(word *) 0x"),
        ("info line *0x2028", 'Line 4 of "put.s"'),
    ],
)
def test_gdb_answers_from_the_file(ask, command, expected):
    assert expected in ask("set charset UTF-8", command)


def test_gdb_says_that_the_language_is_assembly_and_complains_of_nothing(ask):
    answer = ask("set complaints 100", "maint expand-symtabs", "list start", "info source")
    assert "Source language is asm" in answer
    assert "DWARF 4" in answer
    assert "omplaint" not in answer
    assert "warning" not in answer


def test_gdb_lists_the_functions_and_data_with_their_lines(ask):
    functions = ask("info functions")
    assert "4:\tword start(void);" in functions
    assert "2:\tstatic word put(void);" in functions
    variables = ask("info variables")
    assert "static word table[4];" in variables
    assert "static char message[6];" in variables


def test_a_source_without_functions_still_has_lines_and_labels(tmp_path, gdb):
    path = tmp_path / "plain.elf"
    write_image(assemble(tmp_path / "plain.s", "nop\nhere: nop\n"), path)
    answer = gdb(path, "info line *0x1008", "info symbol 0x1008", "break plain.s:2")
    assert 'Line 2 of "plain.s" starts at address 0x1008 <here>' in answer
    assert "here in section .text" in answer
    assert "Breakpoint 1 at 0x1008: file " in answer
