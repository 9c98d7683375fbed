"""Includes, macros and conditions are undone line by line."""

import pytest

from isa_spec.instructions import BASE
from toolchain.assembler import assemble
from toolchain.problems import AssemblyErrors
from toolchain.reader import split_arguments


def words(data):
    return [int.from_bytes(data[n : n + 4], "little") for n in range(0, len(data), 4)]


def test_comments_end_a_line_but_not_inside_literals(data):
    text = """
    .word 1 ; two, 3
    .word 2 // three
    .ascii "a;b//c" ; that was text
    .byte ';', '/' ; '
    """
    assert data(text) == bytes([1, 0, 0, 0, 2, 0, 0, 0]) + b"a;b//c;/"


def test_a_macro_puts_its_arguments_in_place_of_its_parameters(data):
    text = """
    .macro pair first, second=7
      .word \\first, \\second
    .endm
    pair 1, 2
    pair 3
    pair (4 + 5) * 2, 'x'
    """
    assert words(data(text)) == [1, 2, 3, 7, 18, ord("x")]


def test_a_macro_can_count_its_uses_so_that_its_labels_differ(code):
    text = """
    .macro spin
    again\\@:
      condbr r0 == 0, again\\@
    .endm
      spin
      spin
    """
    row = next(row for row in BASE if row.syntax == "condbr a == value, target")
    assert code(text) == row.encode(0, 0, 0) * 2


def test_macros_may_use_macros_and_define_macros(data):
    text = """
    .macro inner x
      .word \\x
    .endm
    .macro outer x
      inner \\x
      inner \\x + 1
      .macro late
        .word 99
      .endm
    .endm
    outer 5
    late
    """
    assert words(data(text)) == [5, 6, 99]


def test_an_escape_in_a_literal_is_no_parameter_and_a_longer_name_is(data):
    text = """
    .macro say n, name
      .ascii "\\n\\name\\\\n"
      .byte \\n, '\\n'
    .endm
    say 65, bob
    """
    assert data(text) == b"\nbob\\nA\n"


def test_empty_brackets_part_a_parameter_from_what_follows(data):
    text = ".macro define name\n\\name\\()_value: .word 3\n.endm\ndefine x\n.word x_value\n"
    assert words(data(text)) == [3, 0x1000]


def test_arguments_are_parted_by_commas_outside_literals_and_brackets():
    assert split_arguments("a, (b, c), ',', \"d, e\", [f,g]") == [
        "a",
        "(b, c)",
        "','",
        '"d, e"',
        "[f,g]",
    ]
    assert split_arguments("  ") == []
    assert split_arguments("a,,b") == ["a", "", "b"]


@pytest.mark.parametrize(
    ("value", "expected"), [("1", [1, 9]), ("0", [2, 9]), ("a - b", [2, 9]), ("b - a", [1, 9])]
)
def test_a_condition_takes_one_way_or_the_other(data, value, expected):
    text = f"""
    .equ zero, 0
    a: .space zero
    b:
    .equ a2, 4
    .if {value.replace("b - a", "a2").replace("a - b", "zero")}
      .word 1
    .else
      .word 2
    .endif
      .word 9
    """
    assert words(data(text)) == expected


def test_conditions_lie_within_each_other_and_skipped_ones_are_not_computed(data):
    text = """
    .if 0
      .if nowhere
        this is not assembled
      .else
        .word 1
      .endif
      .macro never
      .endm
    .else
      .if 1
        .if 0
          .word 2
        .endif
        .word 3
      .else
        .word 4
      .endif
    .endif
    """
    assert words(data(text)) == [3]


def test_an_include_is_found_beside_the_file_that_names_it(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "one.s").write_text('.word 1\n.include "two.s"\n')
    (tmp_path / "lib" / "two.s").write_text(".word 2\n")
    main = tmp_path / "main.s"
    main.write_text('.include "lib/one.s"\n.word 3\n')
    program = assemble(main)
    assert words(program.segments[0].data) == [1, 2, 3]
    assert [line.source.file for line in program.listed] == [
        str(main),
        str(tmp_path / "lib/one.s"),
        str(tmp_path / "lib/one.s"),
        str(tmp_path / "lib/two.s"),
        str(main),
    ]


def test_a_file_that_includes_itself_is_refused_and_not_forever(tmp_path):
    main = tmp_path / "main.s"
    main.write_text('.include "main.s"\n')
    with pytest.raises(AssemblyErrors, match="more than 64 uses"):
        assemble(main)


def test_a_macro_that_uses_itself_is_refused(errors):
    (line,) = errors(".macro f\nf\nf\n.endm\nf\n")
    assert line.startswith("test.s:2:1: macro f: more than 64 uses within each other; let it end")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".if 1\n", "test.s:1:1: .if without .endif; end it with .endif"),
        (".if 0\n.else\n", "test.s:1:1: .if without .endif; end it with .endif"),
        (".if 0\n.if 1\n.endif\n", "test.s:1:1: .if without .endif; end it with .endif"),
        (".else\n", "test.s:1:1: .else without .if; write .if EXPRESSION before it"),
        ("  .endif\n", "test.s:1:3: .endif without .if; write .if EXPRESSION before it"),
        (
            ".if 1\n.else\n.else\n.endif\n",
            "test.s:3:1: the .if at test.s:1:1 has an .else already; end it with .endif",
        ),
        (
            ".if 0\n.else\n.else\n.endif\n",
            "test.s:3:1: the .if at test.s:1:1 has an .else already; end it with .endif",
        ),
        (".macro m\nnop\n", "test.s:1:1: .macro without .endm; end it with .endm"),
        (".endm\n", "test.s:1:1: .endm without .macro; begin with `.macro NAME`"),
        (".macro 5\n.endm\n", "test.s:1:1: a macro needs a name; write `.macro NAME a, b=1`"),
        (
            ".macro m 5\n.endm\n",
            "test.s:1:1: `5` is no parameter; write `.macro m a, b=1`",
        ),
        (
            ".macro m\n.endm\n.macro m\n.endm\n",
            "test.s:3:1: macro m is already defined at test.s:1:1; use another name",
        ),
        (
            ".macro m a, b=2\n.endm\n m 1, 2, 3\n",
            "test.s:3:2: macro m takes 2 arguments, not 3; write `m a, b=2`",
        ),
        (
            ".macro m a, b=2\n.endm\nm\n",
            "test.s:3:1: macro m needs a value for a; write `m a, b=2`",
        ),
        (
            '.include "nowhere.s"\n',
            "test.s:1:1: nowhere.s cannot be read: No such file or directory; "
            "name a file beside this one",
        ),
    ],
)
def test_what_is_wrong_with_blocks_is_said_where_they_begin(errors, text, expected):
    assert errors(text) == [expected]


def test_an_error_in_a_macro_names_its_line_and_the_uses_that_led_there(errors):
    text = ".macro inner\n  movv r1, 2\n.endm\n.macro outer\n  inner\n.endm\n  outer\n"
    assert errors(text) == [
        "test.s:2:3: unknown instruction or macro movv; did you mean mov? "
        "(in macro inner, used at test.s:5:3, in macro outer, used at test.s:7:3)"
    ]


def test_an_error_in_an_included_file_names_who_included_it(tmp_path):
    (tmp_path / "part.s").write_text("nopp\n")
    main = tmp_path / "main.s"
    main.write_text('\n .include "part.s"\n')
    with pytest.raises(AssemblyErrors) as caught:
        assemble(main)
    assert str(caught.value) == (
        f"{tmp_path}/part.s:1:1: unknown instruction or macro nopp; did you mean nop? "
        f"(included at {main}:2:2)"
    )


def test_an_included_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "part.s").write_bytes(b"\xff\xfe")
    main = tmp_path / "main.s"
    main.write_text('.include "part.s"\n')
    with pytest.raises(AssemblyErrors, match="is not text; name an assembly source in UTF-8"):
        assemble(main)
