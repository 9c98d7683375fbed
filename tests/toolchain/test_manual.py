"""The assembler's manual is true: its examples assemble, its tables are those of the program."""

import re
from pathlib import Path

import pytest

from toolchain.assembler import assemble
from toolchain.directives import DIRECTIVES
from toolchain.grammar import ESCAPES
from toolchain.problems import AssemblyErrors
from toolchain.pseudo import PSEUDO

MANUAL = (Path(__file__).parents[2] / "docs" / "assembly.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```([\w-]+)\n(.*?)```", MANUAL, re.DOTALL)
EXAMPLES = [text for kind, text in BLOCKS if kind == "asm"]
CELLS = re.findall(r"^\| `([^`]+)` \| (.*) \|$", MANUAL, re.MULTILINE)


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_assembles(text):
    assert assemble("example.s", text).segments


def test_the_wrong_example_gives_exactly_the_errors_shown():
    (wrong,) = [text for kind, text in BLOCKS if kind == "asm-wrong"]
    (shown,) = [text for kind, text in BLOCKS if kind == "text"]
    with pytest.raises(AssemblyErrors) as caught:
        assemble("wrong.s", wrong)
    assert str(caught.value) == shown.strip()


def test_the_tables_of_directives_are_complete_and_say_how_each_is_written():
    shown = [written for written, _ in CELLS if written.startswith(".")]
    assert sorted(shown) == sorted(directive.usage for directive in DIRECTIVES.values())


def test_the_expansions_shown_are_the_real_ones():
    expansions = {w: e for w, e in CELLS if w.split()[0] in PSEUDO}
    assert {written.split()[0] for written in expansions} == set(PSEUDO)
    for written, cell in expansions.items():
        real = "\n".join(re.findall(r"`([^`]+)`", cell))
        both = [assemble("t.s", f"{text}\nlabel: nop") for text in (written, real)]
        assert both[0].segments == both[1].segments, written


def test_every_escape_is_told_of():
    for letter in ESCAPES:
        assert f"`\\{letter}`" in MANUAL
