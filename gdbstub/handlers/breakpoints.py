"""Setting and clearing breakpoints, with the agent expressions that belong to them.

Knows how they are named on the wire; must not know how a target stops at one.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from gdbstub import parsing
from gdbstub.agent.expression import Expression, UnderflowError, Unsound, parse
from gdbstub.agent.program import BreakpointProgram
from gdbstub.client import Client
from gdbstub.registers import unhex
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import BreakpointKind, Breakpoints, ConditionalBreakpoints, TargetError

AGENT: Final[Mapping[type, tuple[str, ...]]] = {
    ConditionalBreakpoints: ("ConditionalBreakpoints", "BreakpointCommands")
}


@packet(b"Z0", features=("swbreak",), further=AGENT)
def set_software_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop before this instruction?  GDB manual: `Z0,addr,kind[;conds][;cmds:…]`."""
    return _set(client, target, BreakpointKind.SOFTWARE, arguments)


@packet(b"z0")
def clear_software_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop there no longer?  GDB manual: `z0,addr,kind`."""
    client.points.clear_breakpoint(target, BreakpointKind.SOFTWARE, _address(arguments))
    return OK


@packet(b"Z1", features=("hwbreak",), further=AGENT)
def set_hardware_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop there, leaving memory alone?  GDB manual: `Z1,addr,kind[;conds][;cmds:…]`."""
    return _set(client, target, BreakpointKind.HARDWARE, arguments)


@packet(b"z1")
def clear_hardware_breakpoint(client: Client, target: Breakpoints, arguments: bytes) -> bytes:
    """Will you stop there no longer?  GDB manual: `z1,addr,kind`."""
    client.points.clear_breakpoint(target, BreakpointKind.HARDWARE, _address(arguments))
    return OK


def _set(client: Client, target: Breakpoints, kind: BreakpointKind, arguments: bytes) -> bytes:
    place, semicolon, lists = arguments.partition(b";")
    address = _address(place)
    program = parse_program(semicolon + lists)
    for expression in (*program.conditions, *program.commands):
        for number in expression.registers:
            client.registers.check(number)
    client.points.set_breakpoint(target, kind, address, program, client.chosen_thread)
    return OK


def _address(arguments: bytes) -> int:
    """The address; the kind must be a number, and is ignored: clients vary it for one place."""
    if not arguments.startswith(b","):
        raise TargetError("a comma, an address and a kind are wanted")
    address, _kind = parsing.place(arguments[1:])
    return address


_PROGRAM: Final = re.compile(
    rb"(?P<conditions>(?:;?X[^X;]*)+)?(?:;cmds:(?P<persist>[01]),(?P<commands>(?:;?X[^X;]*)+))?"
)
_EXPRESSION: Final = re.compile(rb"([0-9a-fA-F]{1,4}),([0-9a-fA-F]*);?")


@lru_cache(maxsize=1024)  # gdb sends its breakpoints anew with every resume
def parse_program(text: bytes) -> BreakpointProgram:
    """What follows address and kind, its semicolon too. Raises TargetError."""
    match = _PROGRAM.fullmatch(text)
    if match is None:
        raise TargetError(
            "a breakpoint's conditions are ;Xlen,expr and its commands ;cmds:persist,X…"
        )
    program = BreakpointProgram(
        conditions=_expressions(match["conditions"]),
        commands=_expressions(match["commands"]),
        persist=match["persist"] == b"1",
    )
    if not all(condition.gives_value for condition in program.conditions):
        raise TargetError("a condition of a breakpoint gives no value")
    return program


def _expressions(text: bytes | None) -> tuple[Expression | Unsound, ...]:
    return tuple(map(_expression, (text or b"").split(b"X")[1:]))


def _expression(text: bytes) -> Expression | Unsound:
    """`len,expr`, the length in bytes.

    For what it cannot express, a vector for instance, gdb sends code that underflows, and where
    that is refused it blames memory. So it is taken, and the user learns why it stops there.
    """
    match = _EXPRESSION.fullmatch(text)
    if match is None or len(match[2]) != 2 * int(match[1], 16):
        raise TargetError("an agent expression is its length and as many pairs of digits")
    code = unhex(match[2])
    try:
        return parse(code)
    except UnderflowError as error:
        return Unsound(code, error.message)
