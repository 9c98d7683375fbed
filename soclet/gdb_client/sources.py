"""What modules of ours define, as source text: the statements to copy, and what they need.

Knows Python's syntax. Must not know what the definitions are for.
"""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

OURS: Final = ("isa_spec", "toolchain", "soclet")
"""The packages whose definitions are copied; what else is imported must be there at gdb's side."""


def is_ours(module: str) -> bool:
    """Tell whether a module is one whose definitions are copied."""
    return module.partition(".")[0] in OURS


@dataclass(frozen=True, slots=True)
class Imported:
    """A name that a module imports: `name` of `module`; no name: the module itself."""

    module: str
    name: str | None
    alias: str

    @property
    def line(self) -> str:
        """The line that imports it."""
        called = f" as {self.alias}" if self.alias != (self.name or self.module) else ""
        if self.name is None:
            return f"import {self.module}{called}"
        return f"from {self.module} import {self.name}{called}"


@dataclass(frozen=True, slots=True)
class Source:
    """A module's text, and where its names come from."""

    module: ModuleType
    text: str
    tree: ast.Module
    imports: dict[str, Imported]
    definitions: dict[str, ast.stmt]

    def segment(self, node: ast.stmt) -> str:
        """Give a statement's text, with its decorators and the comments in it."""
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(part.lineno for part in decorators)])
        return "\n".join(self.text.splitlines()[first - 1 : node.end_lineno])

    def after_imports(self) -> str:
        """Give the text after the docstring and the imports, which come first."""
        imports = [n for n in self.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        last = max(node.end_lineno or 0 for node in (self.tree.body[0], *imports))
        return "\n".join(self.text.splitlines()[last:]).strip("\n")


@cache
def source_of(module: str) -> Source:
    """Read a module."""
    loaded = importlib.import_module(module)
    text = Path(str(loaded.__file__)).read_text(encoding="utf-8")
    tree = ast.parse(text)
    imports = {found.alias: found for found in _imports(tree)}
    return Source(loaded, text, tree, imports, dict(_definitions(tree)))


def _imports(tree: ast.Module) -> Iterator[Imported]:
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Imported(alias.name, None, alias.asname or alias.name)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            for alias in node.names:
                yield Imported(node.module, alias.name, alias.asname or alias.name)


def _definitions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name, node
            case _:
                pass


@dataclass(frozen=True, slots=True)
class Needs:
    """Names that a statement uses: `now` when it is executed, `later` when what it defines is."""

    now: frozenset[str]
    later: frozenset[str]


def needs_of(statement: ast.stmt) -> Needs:
    """Give the names that a statement uses; annotations do not count, they are never evaluated."""
    now: set[str] = set()
    later: set[str] = set()
    _collect(statement, now, later)
    return Needs(frozenset(now), frozenset(later - now))


def _collect(node: ast.AST, names: set[str], later: set[str]) -> None:
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            names.add(name)
        case ast.arg():
            pass
        case ast.AnnAssign(value=value):
            if value is not None:
                _collect(value, names, later)
        case ast.FunctionDef():
            for part in (*node.decorator_list, node.args):
                _collect(part, names, later)
            inner: set[str] = set()
            for statement in node.body:
                _collect(statement, inner, inner)
            later |= inner - _locals(node)
        case _:
            for child in ast.iter_child_nodes(node):
                _collect(child, names, later)


def _locals(function: ast.FunctionDef) -> set[str]:
    """Give the names that mean something of the function's own."""
    nodes = list(ast.walk(function))
    return {node.arg for node in nodes if isinstance(node, ast.arg)} | {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
