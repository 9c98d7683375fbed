"""Values as the Python that makes them again. Knows plain values, enums and dataclasses only."""

import dataclasses
import inspect
import textwrap
from collections.abc import Callable
from enum import Enum, IntFlag
from types import FunctionType
from typing import Any

Name = Callable[[type | FunctionType], str]
"""Gives the name that a class or function has where the value is to be made."""


def literal(value: Any, name: Name) -> str:
    """Give an expression for a value; raise TypeError for one of another kind."""
    if isinstance(value, IntFlag):
        return f"{name(type(value))}({int(value)})"
    if isinstance(value, Enum):
        return f"{name(type(value))}.{value.name}"
    if value is None or isinstance(value, bool | int | str | bytes | range):
        return repr(value)
    if isinstance(value, tuple):
        items = _joined([literal(item, name) for item in value])
        return f"({items},)" if len(value) == 1 and items[-1] != "\n" else f"({items})"
    if isinstance(value, dict):
        pairs = [f"{literal(key, name)}: {literal(held, name)}" for key, held in value.items()]
        return "{" + _joined(pairs) + "}"
    if isinstance(value, FunctionType):
        return name(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return f"{name(type(value))}({', '.join(_fields(value, name))})"
    raise TypeError(f"{value!r} cannot be written as Python: give a plain value or a dataclass")


def _joined(items: list[str]) -> str:
    """Put items on a line of their own each, unless all fit one line."""
    line = ", ".join(items)
    if len(line) <= 70:
        return line
    return "\n" + textwrap.indent("".join(f"{item},\n" for item in items), "    ")


def _fields(value: Any, name: Name) -> list[str]:
    """Give the arguments that make a dataclass: those that differ from its defaults."""
    parameters = inspect.signature(type(value)).parameters
    return [
        f"{field.name}={literal(held, name)}"
        for field in dataclasses.fields(value)
        if field.init and (held := getattr(value, field.name)) != parameters[field.name].default
    ]
