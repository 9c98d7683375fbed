"""Bodies bound to what they work on: functions without parameters, made of the bodies' own trees.

The same statements, with the handle, what it is asked for, and the operands as local names: what is
called once for each instruction that is executed is handed nothing. Knows Python's syntax; must not
know any instruction.
"""

import ast
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from textwrap import indent
from typing import Any, Final

from isa_spec.body import read_body
from isa_spec.instruction import Body

Execute = Callable[[], None]

_CHANGING: Final = "next"
"""What a handle gives that is another each time."""


def bound(body: Body, handle: object, operands: tuple[int, ...]) -> Execute:
    """Give what executes a body with a handle and operands."""
    return _binder(body)(handle, *operands)


@cache
def _binder(body: Body) -> Callable[..., Execute]:
    """Make the function that binds a body."""
    tree = deepcopy(read_body(body).tree)
    parameters = [argument.arg for argument in tree.args.args]
    asked = _Asked(parameters[0])
    statements = [asked.visit(statement) for statement in tree.body]
    locals_ = [f"{name}={name}" for name in parameters]
    locals_ += [f"{name}={text}" for name, text in sorted(asked.names.items())]
    text = "\n".join(ast.unparse(ast.fix_missing_locations(each)) for each in statements)
    source = (
        f"def bind({', '.join(parameters)}):\n"
        f"    def {tree.name}({', '.join(locals_)}):\n"
        f"{indent(text, ' ' * 8)}\n"
        f"    return {tree.name}\n"
    )
    made: dict[str, Any] = {}
    exec(compile(source, f"<{tree.name}, bound>", "exec"), body.__globals__, made)
    bind: Callable[..., Execute] = made["bind"]
    return bind


class _Asked(ast.NodeTransformer):
    """Puts a name in the place of each thing that the handle is asked for.

    names: those names, and what they stand for.
    """

    def __init__(self, handle: str) -> None:
        self.names: Final[dict[str, str]] = {}
        self._handle = handle

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        """See one."""
        if not (isinstance(node.value, ast.Name) and node.value.id == self._handle):
            self.generic_visit(node)
            return node
        if node.attr == _CHANGING:
            return node
        name = f"{self._handle}_{node.attr}"
        self.names[name] = ast.unparse(node)
        return ast.Name(name, ast.Load())
