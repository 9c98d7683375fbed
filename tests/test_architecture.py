"""Who may import whom, how long a module may be, and what lies at the top of the project."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
OURS = {
    "isa_spec": set(),
    "machine": {"isa_spec"},
    "gdbstub": set(),
    "toolchain": {"isa_spec"},
    "soclet": {"isa_spec", "machine", "gdbstub", "toolchain"},
}
"""Each package of ours, and which others of ours it may import."""
OTHERS = {
    "isa_spec": {"construct"},
    "machine": {"construct"},
    "gdbstub": set(),
    "toolchain": {"construct", "lark", "elftools", "bincopy"},
    "soclet": {"click", "cloudpickle", "construct", "pytest", "vcd"},
}
"""Which packages of other people each may import."""
EVENT_LOOP = {"asyncio", "socket", "socketserver", "selectors", "select", "ssl"}
OUTSIDE_WORLD = EVENT_LOOP | {
    "threading",
    "multiprocessing",
    "time",
    "datetime",
    "random",
    "secrets",
}
"""What a machine that is the same on every run must not know."""
DISTRIBUTIONS = {"elftools": "pyelftools", "vcd": "pyvcd"}
LONGEST_MODULE = 400
TOP = {
    "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", ".gitignore", ".ci", "isa_spec",
    "machine", "gdbstub", "toolchain", "soclet", "firmware", "scripts", "tests", "docs",
}  # fmt: skip

MODULES = [path for package in OURS for path in sorted((PROJECT / package).rglob("*.py"))]


def name_of(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def imported(path: Path) -> Iterator[str]:
    """Give every module that a module imports, at its top or where it is used."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield path.relative_to(PROJECT).parts[0]
            elif node.module is not None:
                yield node.module


def edges() -> Iterator[tuple[str, str, str]]:
    """Give (module, package it is in, top of the module it imports)."""
    for path in MODULES:
        for module in imported(path):
            yield name_of(path), path.relative_to(PROJECT).parts[0], module.partition(".")[0]


def test_there_are_modules_of_every_package():
    assert {path.relative_to(PROJECT).parts[0] for path in MODULES} == OURS.keys()
    assert len(list(edges())) > 100


def test_packages_import_only_the_packages_below_them():
    wrong = [
        f"{module} imports {target}"
        for module, package, target in edges()
        if target in OURS and target not in {package, *OURS[package]}
    ]
    assert wrong == []


def test_packages_import_only_the_libraries_that_are_theirs():
    wrong = [
        f"{module} imports {target}"
        for module, package, target in edges()
        if target not in OURS
        and target not in sys.stdlib_module_names
        and target not in OTHERS[package]
    ]
    assert wrong == []


def test_what_is_imported_is_declared():
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = {line for name, lines in project["optional-dependencies"].items()
              if name != "dev" for line in lines}  # fmt: skip
    always = {line.partition(">")[0] for line in project["dependencies"]}
    declared = always | {line.partition(">")[0] for line in extras}
    needed = {
        DISTRIBUTIONS.get(target, target)
        for _, _, target in edges()
        if target not in OURS and target not in sys.stdlib_module_names
    }
    assert always <= needed <= declared


@pytest.mark.isa("3.8")
def test_the_machine_knows_neither_the_network_nor_the_clock_nor_chance():
    wrong = [
        f"{module} imports {target}"
        for module, package, target in edges()
        if package in ("machine", "isa_spec") and target in OUTSIDE_WORLD
    ]
    assert wrong == []


def test_only_the_server_of_gdbstub_knows_an_event_loop():
    users = {module for module, package, target in edges()
             if package == "gdbstub" and target in EVENT_LOOP}  # fmt: skip
    assert users == {"gdbstub/server.py"}


def test_the_toolchain_knows_no_event_loop():
    assert [
        m for m, package, target in edges() if package == "toolchain" and target in EVENT_LOOP
    ] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_what_it_is_for_and_is_not_long(path: Path):
    source = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(source))
    assert len(source.splitlines()) <= LONGEST_MODULE


def ignored(entry: Path) -> bool:
    """Tell whether .gitignore leaves an entry of the top folder out."""
    lines = (PROJECT / ".gitignore").read_text(encoding="utf-8").split()
    return any(fnmatch(entry.name, line.rstrip("/")) for line in lines)


def test_the_top_folder_holds_what_it_should_and_no_more():
    present = {
        entry.name for entry in PROJECT.iterdir() if entry.name != ".git" and not ignored(entry)
    }
    assert present == TOP


def test_test_modules_are_no_packages():
    support = PROJECT / "tests" / "support"
    packages = [p for p in (PROJECT / "tests").rglob("__init__.py") if support not in p.parents]
    assert packages == []
