"""The manual: derived from the rows, up to date in docs, every sentence of it held by a test."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from isa_spec import manual
from isa_spec.formats import FORMATS
from isa_spec.instructions import BASE
from isa_spec.manual import render, sentences
from isa_spec.memory_map import PORTS
from isa_spec.registers import REGISTERS
from isa_spec.traps import VECTORS

PROJECT = Path(__file__).parents[2]


def is_isa_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.isa"


def marks() -> Iterator[tuple[str, str]]:
    """Give (sentence, test) for all marks on tests, those on single parameters included."""
    for path in sorted((PROJECT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for decorator in node.decorator_list:
                    for mark in filter(is_isa_mark, ast.walk(decorator)):
                        for argument in mark.args:
                            yield ast.literal_eval(argument), f"{path.name}::{node.name}"


def test_every_sentence_of_the_manual_is_held_by_a_test():
    held = {sentence for sentence, _ in marks()}
    assert [f"{number} {text}" for number, text in sentences().items() if number not in held] == []


def test_no_test_claims_to_hold_a_sentence_that_does_not_exist():
    assert [(sentence, test) for sentence, test in marks() if sentence not in sentences()] == []


def test_the_manual_in_docs_is_up_to_date():
    written = (PROJECT / "docs" / "isa.md").read_text(encoding="utf-8")
    assert written == render("markdown"), "run: soclet isa --format markdown > docs/isa.md"


def test_every_row_has_a_number_of_its_own():
    numbers = sentences().keys()
    for names, section in (
        ((row.body.__name__ for row in BASE), 2),
        ((vector.name for vector in VECTORS), 5),
        ((port.name for port in PORTS), 6),
    ):
        assert {f"{section}.{name}" for name in names} <= numbers
    assert {"1.r0-r14", "1.ks0-ks1", "2.with-value", "4.present", "8.link"} <= numbers


@pytest.mark.parametrize("number", ["1.1", "4.12", "2.load", "6.DEADLINE"])
def test_numbers_are_visible_in_markdown_and_text(number: str):
    assert f"**{number}**" in render("markdown")
    assert re.search(rf"^{re.escape(number)} ", render("text"), re.MULTILINE)


def test_every_sentence_is_in_every_rendering():
    markdown = " ".join(render("markdown").split())
    text = re.sub(r"\s", "", render("text"))
    data = json.loads(render("json"))
    assert data["sentences"] == sentences()
    for number, sentence in sentences().items():
        if re.fullmatch(r"\d+\.\d+", number):
            assert sentence in markdown
            assert re.sub(r"[\s`]", "", sentence) in text


def test_no_placeholder_is_left_over():
    assert not re.search(r"[{}]", render("markdown") + render("text"))


def test_no_line_of_prose_is_long():
    prose = [line for line in render("markdown").splitlines() if not line.startswith("|")]
    assert max(map(len, prose)) <= 100


def test_the_data_hold_every_row_and_enough_to_decode_with():
    data = json.loads(render("json"))
    assert [register["name"] for register in data["registers"]] == [r.name for r in REGISTERS]
    assert [row["syntax"] for row in data["instructions"]] == [row.syntax for row in BASE]
    assert [port["address"] for port in data["ports"]] == [port.address for port in PORTS]
    assert [vector["number"] for vector in data["vectors"]] == [v.number for v in VECTORS]
    assert [form["name"] for form in data["formats"]] == [form.name for form in FORMATS]
    assert {entry["name"]: entry["mask"] for entry in data["page_table_entry"]} == {
        "present": 1, "readable": 2, "writable": 4, "executable": 8, "user": 16, "accessed": 32,
        "dirty": 64, "software": 0xF80, "page": 0xFFFF_F000,
    }  # fmt: skip
    condbr = {field["name"]: field for field in data["formats"][2]["fields"]}
    assert condbr["target"] == {
        "name": "target", "kind": "target", "first_bit": 16, "bits": 16, "signed": True, "scale": 8,
    }  # fmt: skip


def test_the_data_decode_an_instruction_as_the_rows_do():
    data = json.loads(render("json"))
    formats = {form["name"]: form["fields"] for form in data["formats"]}
    for row, described in zip(BASE, data["instructions"], strict=True):
        operands = [7 if name in "ab" else 0x1238 for name in row.operands]
        word = int.from_bytes(row.encode(*operands), "little")
        fields = {
            field["name"]: (word >> field["first_bit"] & (1 << field["bits"]) - 1) * field["scale"]
            for field in formats[described["format"]]
        }
        assert fields["opcode"] == described["opcode"]
        assert [fields[name] for name in described["operands"]] == operands


def test_another_format_is_refused():
    with pytest.raises(ValueError, match="html: no such format: choose from text, markdown, json"):
        render("html")


def test_two_sentences_of_one_number_are_refused(monkeypatch):
    twice = manual.Rules((("1.1", "One."), ("1.1", "Two.")))
    monkeypatch.setattr(manual, "blocks", lambda: (twice,))
    with pytest.raises(ValueError, match="two sentences of one number"):
        manual.sentences()


def test_a_machine_does_not_load_the_manual():
    code = "import machine.machine, sys; print([m for m in sys.modules if 'manual' in m])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout == "[]\n"
