"""Makes a session on which engines disagree smaller, and keeps it as a file.

Actions are left out, budgets cut, and instructions replaced by ones that do nothing, as long as
the engines still disagree.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from plain_model.encoding import MOV, encode
from plain_model.programs import Program

from engine_fuzz.session import (
    Action,
    Commit,
    GoBack,
    HandOver,
    Keep,
    Run,
    Session,
    Type,
    WriteMemory,
    WriteRegister,
)
from isa_spec.traps import Access
from machine.watch import Watch

NOTHING = encode(MOV, 14, 14)
KINDS: dict[str, type[Action]] = {
    kind.__name__: kind
    for kind in (Run, WriteMemory, WriteRegister, Type, Keep, GoBack, HandOver, Commit)
}
Fails = Callable[[Session], bool]


def shrink(session: Session, fails: Fails) -> Session:
    """Give the smallest session that can be found which still fails."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(session):
            if fails(candidate):
                session, smaller = candidate, True
                break
    session = _with_fewer_segments(session, fails)
    return _with_less_code(session, fails)


def _smaller(session: Session) -> Iterator[Session]:
    actions = session.actions
    size = len(actions) // 2
    while size:
        for start in range(0, len(actions), size):
            yield replace(session, actions=actions[:start] + actions[start + size :])
        size //= 2
    for index, action in enumerate(actions):
        if isinstance(action, Run) and action.budget > 1:
            for budget in (action.budget // 2, action.budget - 1):
                less = replace(action, budget=budget)
                yield replace(session, actions=(*actions[:index], less, *actions[index + 1 :]))


def _with_fewer_segments(session: Session, fails: Fails) -> Session:
    for segment in session.program.segments:
        rest = tuple(other for other in session.program.segments if other != segment)
        candidate = replace(session, program=replace(session.program, segments=rest))
        if fails(candidate):
            session = candidate
    return session


def _with_less_code(session: Session, fails: Fails) -> Session:
    for number, (address, data) in enumerate(session.program.segments):
        size = max(8, len(data) // 16 * 8)
        while size >= 8:
            for at in range(0, len(data) - size + 1, size):
                current = session.program.segments[number][1]
                nothing = NOTHING * (size // 8)
                if current[at : at + size] == nothing:
                    continue
                less = current[:at] + nothing + current[at + size :]
                segments = list(session.program.segments)
                segments[number] = (address, less)
                candidate = replace(
                    session, program=replace(session.program, segments=tuple(segments))
                )
                if fails(candidate):
                    session = candidate
            size = size // 16 * 8
    return session


def save(session: Session, path: Path) -> None:
    """Write a session as JSON."""
    program = asdict(session.program)
    program["segments"] = [(a, _packed(data)) for a, data in session.program.segments]
    program["feeds"] = [(tick, data.hex()) for tick, data in session.program.feeds]
    actions = [{"do": type(action).__name__, **_plain(action)} for action in session.actions]
    text = json.dumps({"program": program, "actions": actions, "eager": session.eager}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Session:
    """Read a session that was saved."""
    data = json.loads(path.read_text(encoding="utf-8"))
    program = data["program"]
    program["segments"] = tuple((a, _unpacked(code)) for a, code in program["segments"])
    program["feeds"] = tuple((tick, bytes.fromhex(typed)) for tick, typed in program["feeds"])
    actions = tuple(_action(dict(action)) for action in data["actions"])
    return Session(Program(**program), actions, data["eager"])


def _packed(data: bytes) -> str:
    return b64encode(zlib.compress(data, 9)).decode()


def _unpacked(text: str) -> bytes:
    return zlib.decompress(b64decode(text))


def _plain(action: Action) -> dict[str, Any]:
    """The fields of an action, as JSON has them."""
    fields = dict(vars(action))
    for name, value in fields.items():
        if isinstance(value, bytes):
            fields[name] = value.hex()
        elif isinstance(value, frozenset):
            fields[name] = sorted(value)
        elif name == "watches":
            fields[name] = [(sorted(w.accesses), w.start, w.end) for w in value]
    return fields


def _action(fields: dict[str, Any]) -> Action:
    kind = KINDS[fields.pop("do")]
    for name in ("breakpoints", "decided", "observed"):
        if name in fields:
            fields[name] = frozenset(fields[name])
    if "data" in fields:
        fields["data"] = bytes.fromhex(fields["data"])
    if "watches" in fields:
        fields["watches"] = tuple(
            Watch(frozenset(map(Access, accesses)), start, end)
            for accesses, start, end in fields["watches"]
        )
    return kind(**fields)
