"""The encoding of values, derived from their types: construct's, for what a capsule holds.

Knows types of Python and how dataclasses are made of them; must not know which dataclasses.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import EllipsisType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from construct import (
    Adapter,
    Byte,
    Construct,
    Error,
    ExprAdapter,
    Flag,
    GreedyBytes,
    IfThenElse,
    LazyBound,
    PascalString,
    Pass,
    Prefixed,
    PrefixedArray,
    Sequence,
    Struct,
    Switch,
    VarInt,
    ZigZag,
    this,
)

_BYTES: Final = Prefixed(VarInt, GreedyBytes)


class _Plain(Adapter):  # type: ignore[misc]
    """A plain value of any kind: None, a truth, a number, bytes, or a tuple of such."""

    def _decode(self, parsed: Any, _context: Any, _path: str) -> Any:
        value = parsed.value
        return tuple(value) if isinstance(value, list) else value

    def _encode(self, value: Any, _context: Any, _path: str) -> dict[str, Any]:
        return {"kind": _KINDS[type(value)], "value": value}


_KINDS: Final = {NoneType: 0, bool: 1, int: 2, bytes: 3, tuple: 4}

_PLAIN: Final[Construct] = _Plain(
    Struct(
        "kind" / Byte,
        "value"
        / Switch(
            this.kind,
            {
                0: Pass,
                1: Flag,
                2: ZigZag,
                3: _BYTES,
                4: PrefixedArray(VarInt, LazyBound(lambda: _PLAIN)),
            },
            default=Error,
        ),
    )
)

_SIMPLE: Final[dict[Any, Construct]] = {
    int: ZigZag,
    bool: Flag,
    bytes: _BYTES,
    str: PascalString(VarInt, "utf8"),
    Any: _PLAIN,
}


def encoding_of(kind: Any) -> Construct:
    """Give the encoding of a type: a simple one, tuple, mapping, optional, or dataclass of such.

    Any stands for plain values, as devices' states are made of.
    """
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind)
    match get_origin(kind), get_args(kind):
        case builtin, (one, EllipsisType()) if builtin is tuple:
            items = PrefixedArray(VarInt, encoding_of(one))
            return ExprAdapter(items, lambda parsed, _: tuple(parsed), lambda value, _: value)
        case builtin, kinds if builtin is tuple:
            items = Sequence(*map(encoding_of, kinds))
            return ExprAdapter(items, lambda parsed, _: tuple(parsed), lambda value, _: value)
        case origin, (key, value) if origin is Mapping:
            items = PrefixedArray(VarInt, Sequence(encoding_of(key), encoding_of(value)))
            return ExprAdapter(
                items, lambda parsed, _: dict(parsed), lambda value, _: list(value.items())
            )
        case origin, (one, none) if origin in (Union, UnionType) and none is NoneType:
            return _optional(encoding_of(one))
    raise TypeError(f"no encoding is derived for {kind}")


def _optional(encoding: Construct) -> Construct:
    either = Struct("there" / Flag, "value" / IfThenElse(this.there, encoding, Pass))
    return ExprAdapter(
        either,
        lambda parsed, _: parsed.value,
        lambda value, _: {"there": value is not None, "value": value},
    )


def _record(kind: type[Any]) -> Construct:
    """Give the encoding of a dataclass: its fields, one after the other."""
    types, names = get_type_hints(kind), [field.name for field in fields(kind)]
    return ExprAdapter(
        Sequence(*(encoding_of(types[name]) for name in names)),
        lambda parsed, _: kind(*parsed),
        lambda value, _: [getattr(value, name) for name in names],
    )
