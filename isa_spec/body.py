"""What a body's syntax tree tells: its operands, what it writes, whether it is quiet.

Knows the small Python that bodies are written in, and refuses the rest. Compiled engines take
their code from the same trees. Must not know any instruction.
"""

import ast
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

_QUIET_HANDLE: Final = "r"
_FULL_HANDLE: Final = "cpu"
_ACCESSES: Final = frozenset({"load", "store"})


@dataclass(frozen=True, slots=True)
class Syntax:
    """A body, read.

    `operands`: its parameters after the handle. `writes`: the operands that name a register it
    writes. `quiet`: it is given the registers alone, so it can neither trap nor jump nor see
    the machine. `plain`: beside that, it may trap or make one access, so that it can be given up
    there with nothing done. `jumps`: it may say where the next instruction is; `decides`: it does
    so on a condition. `tree`: the function definition.
    """

    operands: tuple[str, ...]
    writes: frozenset[str]
    quiet: bool
    plain: bool
    jumps: bool
    decides: bool
    tree: ast.FunctionDef


def read_body(body: Callable[..., None]) -> Syntax:
    """Read a body; raise ValueError where it is not written as bodies are."""
    tree = _function(body)
    parameters = [argument.arg for argument in tree.args.args]
    if not parameters or parameters[0] not in (_QUIET_HANDLE, _FULL_HANDLE):
        raise ValueError(f"body {tree.name}: the first parameter must be r or cpu")
    handle, *operands = parameters
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for operand in operands:
        if operand not in used:
            raise ValueError(f"body {tree.name}: operand {operand!r} is not used")
    quiet = handle == _QUIET_HANDLE
    if quiet and any(isinstance(node, ast.Raise) for node in ast.walk(tree)):
        raise ValueError(f"body {tree.name}: what raises a trap must take cpu")
    written = _written(tree, handle) & frozenset(operands)
    decides = any(isinstance(node, ast.If) and _jumps(node) for node in ast.walk(tree))
    return Syntax(
        tuple(operands), written, quiet, quiet or _is_plain(tree), _jumps(tree), decides, tree
    )


@cache
def _functions(path: str) -> dict[tuple[str, int], ast.FunctionDef]:
    """The functions of a source file by name and first line, decorators included."""
    module = ast.parse("".join(linecache.getlines(path)))
    return {
        (node.name, min([node.lineno, *(part.lineno for part in node.decorator_list)])): node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef)
    }


def _function(body: Callable[..., None]) -> ast.FunctionDef:
    code = body.__code__
    tree = _functions(code.co_filename).get((code.co_name, code.co_firstlineno))
    if tree is None:
        raise ValueError(f"body {body.__name__}: its source must be at hand, as a def statement")
    return tree


def _written(tree: ast.FunctionDef, handle: str) -> frozenset[str]:
    """The names that stand in brackets where a register is assigned: `r[a] = …`."""
    registers = handle if handle == _QUIET_HANDLE else f"{handle}.r"
    return frozenset(
        node.slice.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == registers
        and isinstance(node.slice, ast.Name)
    )


def _is_plain(tree: ast.FunctionDef) -> bool:
    """Whether it asks the CPU for one access at most, beside registers and traps."""
    asked = [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == _FULL_HANDLE
    ]
    accesses = sum(name in _ACCESSES for name in asked)
    loops = any(isinstance(node, ast.For | ast.While) for node in ast.walk(tree))
    return accesses <= 1 and not loops and _ACCESSES.union({"r", "trap"}).issuperset(asked)


def _jumps(tree: ast.AST) -> bool:
    """Whether `cpu.next` is assigned."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node) == f"{_FULL_HANDLE}.next"
        for node in ast.walk(tree)
    )
