"""The script for gdb: one file that needs nothing of ours, derived from what we know."""

import ast
import builtins
import dis
import sys
from types import CodeType

import pytest
from fake_gdb import show

from isa_spec.formats import GENERAL
from isa_spec.instruction import Rows
from isa_spec.instructions import BASE
from isa_spec.paging import Entry
from isa_spec.registers import REGISTERS
from isa_spec.traps import ILLEGAL, VECTORS
from isa_spec.words import WORD
from soclet.gdb_client import sources, tables
from soclet.gdb_client.generator import generate
from soclet.gdb_client.literals import literal

OTHERS = {*sys.stdlib_module_names, "gdb"}


def imported(script):
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def tables_of(script):
    """The values that the script gives names to, as source."""
    (client,) = [n for n in ast.parse(script).body if isinstance(n, ast.FunctionDef)]
    return {
        node.targets[0].id: ast.unparse(node.value)
        for node in client.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def test_it_needs_nothing_but_gdbs_own_python(script):
    tops = {module.partition(".")[0] for module in imported(script)}
    assert "gdb" in tops
    assert tops <= OTHERS


@pytest.mark.usefixtures("fake")
def test_it_leaves_no_name_behind_in_gdbs_python(script):
    names = {"__name__": "__main__", "__doc__": None}
    exec(compile(script, "soclet.py", "exec"), names)
    assert set(names) == {"__name__", "__doc__", "__builtins__"}


def globals_of(code):
    """The names that code looks for outside all functions."""
    yield from (i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from globals_of(constant)


def test_every_name_in_it_is_defined_in_it(script):
    assert set(globals_of(compile(script, "soclet.py", "exec"))) <= set(dir(builtins))


def test_it_is_the_same_every_time(script):
    assert generate() == script


def test_the_tables_are_isa_specs(script):
    found = tables_of(script)
    assert found["ROWS"].count("Row(") == len(list(BASE))
    for row in BASE:
        assert repr(row.syntax) in found["ROWS"]
    assert found["REGISTERS"].count("Register(") == len(REGISTERS)
    assert found["WORD"] == str(WORD)


def test_gdbs_names_of_the_registers_are_the_machines():
    assert tables.GDB_NAMES[15] == ("sp", "r15")
    assert tables.GDB_NAMES[17] == ("lr", "link")
    assert tables.GDB_NAMES[16] == ("pc",)
    assert tables.GDB_NAMES[3] == ("r3",)
    assert tables.CONSTANT_NAMES == ("cpsr",)


# Extensions


_extension = Rows()
TWO = 2


def twice(word):
    return word * TWO


@_extension.instruction(0x40, "double a, b", GENERAL)
def _double(r, a, b):
    """a ← 2 b"""
    r[a] = twice(r[b]) & WORD


@_extension.instruction(0x41, "forbid a", GENERAL)
def _forbid(cpu, a):
    """trap 1, about a"""
    cpu.trap(ILLEGAL, cpu.r[a])


def test_an_extensions_rows_are_in_it_with_all_that_their_bodies_need():
    found = generate(BASE + _extension)
    assert "'double a, b'" in found
    assert "def twice(word):" in found
    assert "TWO = 2" in found
    assert "__double(r, a, b):" in found
    assert repr(ILLEGAL.what) in found
    compile(found, "soclet.py", "exec")


def test_an_extensions_rows_are_shown(load):
    gdb = load(generate(BASE + _extension))
    assert show(gdb, 0x1000, bytes.fromhex("4001020000000000")) == (8, "double r1, r2")


# What it is made with


@pytest.mark.parametrize(
    "value",
    [0, -1, True, None, "a\n'b'", b"\0", (), (1,), (1, 2), {}, {1: "a"}, range(3), ("a" * 50,) * 2],
)
def test_a_literal_makes_the_value_again(value):
    assert eval(literal(value, str)) == value


def test_literals_of_enums_and_dataclasses_name_their_classes():
    def name(cls):
        return cls.__name__

    environment = {cls.__name__: cls for cls in (Entry, type(VECTORS[0]))}
    for value in (Entry.USER | Entry.DIRTY, VECTORS, {"a": VECTORS[2]}):
        assert eval(literal(value, name), environment) == value


def test_what_is_no_plain_value_is_refused():
    with pytest.raises(TypeError, match="cannot be written as Python"):
        literal(object(), str)


def needs(text):
    found = sources.needs_of(ast.parse(text).body[0])
    return set(found.now), set(found.later)


@pytest.mark.parametrize(
    ("text", "now", "later"),
    [
        ("@a\ndef f(b: c, d=e) -> g: return h(b, d)", {"a", "e"}, {"h"}),
        ("class A(b):\n c: d = e\n def f(self): return g", {"b", "e"}, {"g"}),
        ("def f(x):\n y = x + z\n return y", set(), {"z"}),
        ("a = b", {"b"}, set()),
        ("a: b", set(), set()),
    ],
)
def test_needs_are_told_apart_by_when_they_are_needed(text, now, later):
    assert needs(text) == (now, later)
