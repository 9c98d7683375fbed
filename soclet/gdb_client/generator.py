"""Writes the script for gdb: the parts, with all that they import from us put in with them.

Knows how to gather definitions and put them in order. Must not know what the parts do: a table,
a row of the instruction set or a part that is added comes along by being imported.
"""

import ast
import copy
import textwrap
from collections.abc import Iterable
from types import FunctionType, GenericAlias, UnionType
from typing import Any, Final

from isa_spec.body import read_body
from isa_spec.instruction import InstructionSet
from isa_spec.instructions import BASE
from soclet.gdb_client import tables
from soclet.gdb_client.literals import literal
from soclet.gdb_client.sources import Imported, is_ours, needs_of, source_of

_PARTS: Final = "soclet.gdb_client.parts."
_API: Final = Imported("soclet.gdb_client", "api", "gdb")
_ENTRY: Final = f"{_PARTS}installing"
"""The part that imports all others; its function `install` is called."""

_HEAD: Final = '''\
"""gdb's side of soclet: disassembler, unwinder and commands.

Written by `soclet gdb-script` from the machine's instruction set: change that, not this. Needs
nothing but gdb's own Python:

    gdb-multiarch -x THIS-FILE firmware.elf
"""

from __future__ import annotations


def _soclet_client() -> None:
    """Define everything where no other script's names are, and tell gdb of it."""
'''
_ALIASES: Final = (UnionType, GenericAlias)
"""What a name for a type is: not to be written as a value."""
_GDB: Final = """\
import gdb
import gdb.FrameDecorator
import gdb.unwinder

# gdb 12 has none.
with contextlib.suppress(ImportError):
    import gdb.disassembler
"""
_TAIL: Final = """

_soclet_client()
del _soclet_client, annotations
"""


def generate(instructions: InstructionSet = BASE) -> str:
    """Give the script for machines with an instruction set."""
    script = _Script({"ROWS": tables.rows_of(instructions)})
    script.part(_ENTRY)
    imports = "\n".join(sorted(script.imports))
    text = "\n\n".join((imports, _GDB, *script.chunks, "install()"))
    return _HEAD + textwrap.indent(text, "    ") + _TAIL


class _Script:
    """The script as far as it is gathered.

    `imports`: lines for what must be there. `chunks`: definitions, each after what it needs.
    """

    def __init__(self, replaced: dict[str, Any]) -> None:
        self.imports: set[str] = {"import contextlib"}
        self.chunks: list[str] = []
        self._replaced = replaced
        self._owners: dict[str, object] = {}
        self._bodies: dict[FunctionType, str] = {}

    def part(self, module: str) -> None:
        """Put a part in, whole, after all that it imports."""
        if not self._claim(module, module):
            return
        source = source_of(module)
        for found in source.imports.values():
            self._import(found)
        for name in source.definitions:
            self._claim(name, module)
        heading, _, _ = (ast.get_docstring(source.tree) or "").partition("\n")
        self.chunks.append(f"# {heading}\n\n{source.after_imports()}")

    def _import(self, found: Imported) -> None:
        if found == _API:
            return
        if not is_ours(found.module):
            self.imports.add(found.line)
        elif found.name is None or found.alias != found.name:
            raise TypeError(f"{found.module}: import the names that are used, by their own names")
        elif found.module.startswith(_PARTS):
            self.part(found.module)
        else:
            self._take(found.module, found.name)

    def _take(self, module: str, name: str) -> None:
        """Put in what a module calls by a name, and what that needs."""
        source = source_of(module)
        if name in source.imports:
            self._import(source.imports[name])
            return
        definition = source.definitions.get(name)
        if definition is None:
            return  # One of Python's own.
        value = getattr(source.module, name)
        if not self._claim(name, value):
            return
        if isinstance(definition, ast.Assign | ast.AnnAssign) and not isinstance(value, _ALIASES):
            value = self._replaced.get(name, value)
            self.chunks.append(f"{name} = {literal(value, self._name_of)}")
            return
        needs = needs_of(definition)
        self._take_all(module, needs.now)
        self.chunks.append(source.segment(definition))
        self._take_all(module, needs.later)

    def _take_all(self, module: str, names: Iterable[str]) -> None:
        for name in sorted(names):
            self._take(module, name)

    def _claim(self, name: str, owner: object) -> bool:
        """Take a name; tell whether it is new. Raise TypeError where it means something else."""
        if name not in self._owners:
            self._owners[name] = owner
            return True
        if self._owners[name] != owner:
            raise TypeError(f"the script for gdb would have two things called {name!r}")
        return False

    def _name_of(self, value: type | FunctionType) -> str:
        """Give the name of a class or of an instruction's body, and put it in."""
        if isinstance(value, type):
            self._take(value.__module__, value.__name__)
            return value.__name__
        if value not in self._bodies:
            name = f"body_{len(self._bodies)}_{value.__name__}"
            self._bodies[value] = name
            tree = _bare(read_body(value).tree, name)
            needs = needs_of(tree)
            self._take_all(value.__module__, needs.now | needs.later)
            self.chunks.append(ast.unparse(tree))
        return self._bodies[value]


def _bare(function: ast.FunctionDef, name: str) -> ast.FunctionDef:
    """Give a function by another name, without decorators and annotations."""
    bare = copy.deepcopy(function)
    bare.name = name
    bare.decorator_list = []
    bare.returns = None
    for argument in bare.args.args:
        argument.annotation = None
    return bare
