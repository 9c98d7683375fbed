"""A source becomes a program, or a list of all that is wrong with it."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isa_spec.instructions import BASE
from toolchain.assembler import assemble
from toolchain.directives import DIRECTIVES
from toolchain.problems import AssemblyErrors, Place, Problem
from toolchain.program import Constant, Element, SourceLine, SymbolKind
from toolchain.pseudo import PSEUDO

GOLDEN = """
.equ TX, 0x14
        .global start
        .func start
        mov     sp, stack
        mov     r1, message
again:  mov     r0, [r1]
        condbr  r0 == 0, done
        call    put
        mov     r2, 4
        add     r1, r2
        jmp     again
done:   trap    1
        .endfunc

        .func put
        mov     r2, TX
        mov     [r2], r0
        ret
        .endfunc

        .data
message: .string32 "Hi"
        .align 8
        .space 64
stack:
"""
GOLDEN_TEXT = """
01 0f 00 00 d0 10 00 00   mov sp, stack
01 01 00 00 80 10 00 00   mov r1, message
03 00 01 00 00 00 00 00   mov r0, [r1]
0b 00 06 00 00 00 00 00   condbr r0 == 0, done
01 0c 00 00 58 10 00 00   mov at, put
09 0c 00 00 00 00 00 00   branch [at]
01 02 00 00 04 00 00 00   mov r2, 4
05 01 02 00 00 00 00 00   add r1, r2
01 10 00 00 10 10 00 00   mov pc, again
10 00 00 00 01 00 00 00   trap 1
01 02 00 00 14 00 00 00   mov r2, TX
04 02 00 00 00 00 00 00   mov [r2], r0
02 10 11 00 00 00 00 00   mov pc, link
"""


def golden_bytes():
    return bytes.fromhex("".join(line[:23] for line in GOLDEN_TEXT.split("\n")))


def test_a_small_program_becomes_exactly_these_bytes(asm):
    text = GOLDEN.replace("mov     sp, stack", "mov     sp, stack").lstrip()
    program = asm(text)
    code, data = program.segments
    expected = bytearray(golden_bytes())
    stack, message, put = data.end, data.address, 0x1000 + 10 * 8
    expected[4:8] = stack.to_bytes(4, "little")
    expected[12:16] = message.to_bytes(4, "little")
    expected[36:40] = put.to_bytes(4, "little")
    assert code.data == bytes(expected)
    assert data.address == 0x1070
    assert data.data == "Hi\0".encode("utf-32-le") + bytes(4) + bytes(64)


def test_symbols_have_kinds_sizes_and_places(asm):
    symbols = {symbol.name: symbol for symbol in asm(GOLDEN).symbols}
    shown = {n: (s.kind, s.size, s.is_global, s.source.line) for n, s in symbols.items()}
    assert shown == {
        "start": (SymbolKind.FUNCTION, 80, True, 4),
        "again": (SymbolKind.LABEL, 0, False, 7),
        "done": (SymbolKind.LABEL, 0, False, 13),
        "put": (SymbolKind.FUNCTION, 24, False, 16),
        "message": (SymbolKind.OBJECT, 12, False, 23),
        "stack": (SymbolKind.LABEL, 0, False, 26),
    }


def test_constants_are_kept_for_debuggers(asm):
    assert asm(GOLDEN).constants == (Constant("TX", 0x14, SourceLine("test.s", 2)),)


def test_labelled_data_have_elements_and_counts(asm):
    text = """
    .data
    one: .word 1
    table: also: .word 1, 2
      .word 3
    mixed: .word 1, 2
      .asciz "abc"
    raw: .byte 1, 2, 3
      .align 4
    wide: .string32 "ab"
    room: .space 100
    .Lhidden: .space 10
    """
    shown = {d.symbol.name: (d.element, d.count, d.symbol.size) for d in asm(text).objects}
    assert shown == {
        "one": (Element.WORD, 1, 4),
        "table": (Element.WORD, 3, 12),
        "also": (Element.WORD, 3, 12),
        "mixed": (Element.WORD, 2, 12),
        "raw": (Element.BYTE, 3, 3),
        "wide": (Element.WIDE_CHARACTER, 3, 12),
        "room": (Element.BYTE, 110, 110),
    }


def test_lines_belong_to_instructions_and_a_macro_to_where_it_is_used(asm):
    text = ".macro two\nnop\nnop\n.endm\nnop\ntwo\npush r4\n.word 1, 2\nnop\n"
    first, second = asm(text).sequences
    assert [(row.address, row.source.line) for row in first.rows] == [
        (0x1000, 5),
        (0x1008, 6),
        (0x1018, 7),
    ]
    assert first.end == 0x1030
    assert [(row.address, row.source.line) for row in second.rows] == [(0x1038, 9)]
    assert second.end == 0x1040


def test_all_errors_of_a_source_are_said_in_its_order(errors):
    text = """\
        movv r1, 2
        mov r1
        .bite 5
        mov r1, nowhere
        mov r99, 1
        add r1, 5
        .if 1
        call mian
        .endif
main:   condbr r1 << 4, main
        jmp main + 4, 5
        trap 'ab'
        mov r1, "x
        ???
        condbr r1 == 1, main + 4
        condbr r1 == 1, 0x100000
        """
    forms = "write `mov a, value`, `mov a, b`, `mov a, [b]` or `mov [a], b`"
    branches = (
        "write `condbr a < value, target`, `condbr a == value, target`, "
        "`condbr a > value, target` or `condbr a != value, target`"
    )
    assert errors(text) == [
        "test.s:1:9: unknown instruction or macro movv; did you mean mov?",
        f"test.s:2:15: something is missing here; {forms}",
        "test.s:3:9: unknown directive .bite; did you mean .byte?",
        "test.s:4:17: unknown symbol nowhere; define it: `nowhere:` before a statement, "
        "or `.equ nowhere, VALUE`",
        f"test.s:5:13: `r99` does not fit here; {forms}",
        "test.s:6:17: `5` does not fit here; write `add a, b`",
        "test.s:8:14: unknown symbol mian; did you mean main?",
        f"test.s:10:20: `<` does not fit here; {branches}",
        "test.s:11:23: this is one operand too many; write `jmp label`",
        "test.s:12:14: `'` does not fit here; write `trap value`",
        f'test.s:13:17: `"` does not fit here; {forms}',
        "test.s:14:9: `???` is no statement; write a mnemonic or a directive",
        "test.s:15:25: the target 0x101c is not at an instruction; "
        "name an address that is a multiple of 8",
        "test.s:16:25: the target 0x100000 is 1044448 bytes away, too far for condbr; "
        "stay within 262136 bytes, or go there by jmp",
    ]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("MOV r1, 2", "did you mean mov?"),
        ("brunch [r1]", "did you mean branch?"),
        ("pusch r1", "did you mean push?"),
        ("xyzzy", "a label ends with a colon"),
        (".zzzzzz", "there is none of that name"),
        (".WORD 5", "did you mean .word?"),
    ],
)
def test_what_was_probably_meant_is_said(errors, text, right):
    (line,) = errors(text)
    assert line.endswith(right)


def test_the_displacement_reaches_exactly_as_far_as_its_field(asm, errors):
    assert asm("x: nop\n.org 0x1000 + 0x40000\ncondbr r1 == 1, x")
    assert asm("condbr r1 == 1, . + 0x3fff8")
    (line,) = errors("x: nop\n.org 0x1008 + 0x40000\ncondbr r1 == 1, x")
    assert "too far for condbr" in line


def test_a_target_wraps_around_the_end_of_addresses(code):
    row = next(row for row in BASE if row.syntax == "condbr a == value, target")
    assert code("condbr r1 == 1, -8 & 0xffffffff") == row.encode(1, 1, -0x1008)


def test_a_source_that_cannot_be_read_is_one_problem(tmp_path):
    missing = tmp_path / "none.s"
    with pytest.raises(AssemblyErrors) as caught:
        assemble(missing)
    assert str(caught.value) == (
        f"{missing}: cannot be read: No such file or directory; name an assembly source"
    )
    binary = tmp_path / "binary.s"
    binary.write_bytes(b"\x80\x81")
    with pytest.raises(AssemblyErrors, match="is not text; name an assembly source in UTF-8"):
        assemble(binary)


def test_an_empty_source_is_an_empty_program(asm):
    assert asm("").segments == ()
    assert asm("\n; nothing\n").symbols == ()


def test_the_same_source_gives_the_same_program_and_file(asm):
    assert asm(GOLDEN) == asm(GOLDEN)
    assert asm(GOLDEN).elf() == asm(GOLDEN).elf()


def test_windows_line_ends_and_tabs_do_no_harm(asm):
    assert asm("\tnop\r\nx:\tnop\r\n").segments == asm("nop\nx: nop\n").segments


def test_a_problem_prints_as_file_line_and_column():
    assert str(Problem(Place("a.s", 3, 7), "wrong", "right")) == "a.s:3:7: wrong; right"


def said_of(text):
    """Give the errors of a text, none where it is right and its file can be made."""
    try:
        assemble("t.s", text).elf()
    except AssemblyErrors as errors:
        return [str(problem) for problem in errors.problems]
    return []


WORDS = [
    *DIRECTIVES,
    *PSEUDO,
    *("mov", "condbr", "branch", "x:", "1:", "x", "1b", "2f", "r1", "sp", "m"),
    *("[", "]", "(", ")", ",", "+", "-", "*", "/", "%", "<<", "==", "<", "~", "=", "."),
    *("0x10", "0b1", "7", "99999999999999999999", "'a'", '"b"', "\\", "'", '"', "é"),
    *(";", "//", "\\a", "\n", "\t", "\0"),
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=3)), max_size=40))
def test_any_text_at_all_is_assembled_or_refused_in_lines_but_never_breaks(words):
    text = " ".join(words)
    assert all(line.startswith("t.s:") for line in said_of(text))


@pytest.mark.parametrize(
    "text",
    [
        ".word " + "9" * 5000,
        ".word " + " + ".join(["1"] * 5000),
        ".word " + "(" * 5000 + "1" + ")" * 5000,
        ".word 1" + " << 63" * 300,
        ".word " + "-" * 5000 + "1",
        "\n".join(f".equ a{n}, a{n + 1}" for n in range(3000)) + "\n.word a0",
    ],
    ids=["digits", "terms", "brackets", "shifts", "signs", "names"],
)
def test_absurd_expressions_are_refused_or_computed_but_never_break(text):
    assert all(line.startswith("t.s:") for line in said_of(text))


def test_directives_and_pseudo_instructions_do_not_share_names():
    assert all(name.startswith(".") for name in DIRECTIVES)


def test_nothing_heavy_is_imported_before_it_is_used():
    """Start-up time counts: see the budget of `soclet run`."""
    script = (
        "import sys, toolchain.images, toolchain.elf_reader\n"
        "heavy = {'lark', 'bincopy', 'elftools', 'toolchain.program'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0, done.stderr
    script = script.replace("toolchain.images, toolchain.elf_reader", "toolchain.assembler")
    script = script.replace(", 'toolchain.program'", "")
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=root, check=False
    )
    assert done.returncode == 0, done.stderr
