"""Runs a session on the reference and on other engines, and tells where they differ first.

One side begins with the compiled engine, another with the native one, where the host can run it; in
both, all engines take turns. Both have their memory between fences.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from itertools import cycle
from typing import Final

from fenced_memory import fenced
from plain_model.registers import REGISTER_NAMES

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
from machine import events
from machine.compiled.engine import Compiled
from machine.coverage import Coverage
from machine.happenings import KINDS
from machine.machine import EngineMaker, Machine
from machine.native.backend import refusal
from machine.native.engine import Native
from machine.observers import Observers
from machine.reference import Reference
from machine.snapshot import Snapshot
from machine.trapped import Happening

Seen = dict[str, object]


Turns = tuple[EngineMaker, ...]
"""The engines that take turns on a side, beginning with the first."""

_EAGER: Final = partial(Compiled, warm=1, stride=3, worthwhile=1)
_PATIENT: Final = partial(Compiled, warm=2, stride=23, worthwhile=1)
_STUBBORN: Final = partial(Native, patience=1 << 30)
_PLAIN: Final[Turns] = (Reference,)
_RUNS_NATIVE: Final = refusal() is None


def sides(session: Session) -> tuple[Turns, ...]:
    """The sides that are tested."""
    compiled = _EAGER if session.eager else _PATIENT
    if not _RUNS_NATIVE:
        return ((compiled, Reference, _PATIENT),)
    return (compiled, Reference, Native, _PATIENT), (_STUBBORN, _PATIENT, Native, Reference)


class Side:
    """A machine, what was done to it, and what it showed."""

    def __init__(self, session: Session, turns: Turns) -> None:
        program = session.program
        self.makers = cycle(turns)
        with nullcontext() if turns == _PLAIN else fenced():
            self.machine = Machine(
                program.memory_size, byte_ticks=program.byte_ticks, engine=next(self.makers)
            )
        self.machine.flash(program.segments)
        for tick, data in program.feeds:
            self.machine.schedule(tick, events.SerialInput(data))
        self.kept: Snapshot | None = None
        self.asked: list[tuple[int, int, int]] = []
        self.coverage = Coverage()
        self.told: list[tuple[Happening, int]] = []
        self.output = bytearray()
        self.reason = ""

    def act(self, action: Action) -> None:
        """Do one of a session's actions."""
        machine = self.machine
        match action:
            case Run(budget, breakpoints, decided, watches, observed, covered):
                decisions = {address: self._decision(address) for address in decided}
                self.reason = machine.run(
                    budget=budget,
                    breakpoints=breakpoints,
                    decisions=decisions,
                    watches=watches,
                    observers=self._observers(observed, covered=covered),
                ).value
                self.output += bytes(sent.byte for sent in machine.take_output())
            case WriteMemory(address, data):
                if machine.memory.holds(address, len(data)):
                    machine.post(events.WriteMemory(address, data))
            case WriteRegister(number, value):
                machine.post(events.WriteRegister(number, value))
            case Type(data):
                machine.post(events.SerialInput(data))
            case Keep():
                self.kept = machine.snapshot()
            case GoBack():
                if self.kept is not None:
                    machine.restore(self.kept)
            case HandOver():
                machine.hand_over(next(self.makers))
            case Commit():
                machine.memory.take_uncommitted()

    def _decision(self, address: int) -> Callable[[], bool]:
        """Stop every third time; note that one was asked, and what the state was."""

        def decide() -> bool:
            cpu = self.machine.cpu
            self.asked.append((address, cpu.time, hash(tuple(cpu.r))))
            return len(self.asked) % 3 == 0

        return decide

    def _observers(self, names: frozenset[str], *, covered: bool) -> Observers:
        """Note what is told, and what the state was; stop every seventh time."""

        def note(happening: Happening) -> bool:
            self.told.append((happening, hash((self.machine.cpu.time, *self.machine.cpu.r))))
            return len(self.told) % 7 == 0

        observers = Observers(self.coverage if covered else None)
        for kind in KINDS:
            if kind.__name__ in names:
                observers.on(kind, note)
        return observers

    def seen(self) -> Seen:
        """All that can be seen, by name; memory as one."""
        machine, cpu = self.machine, self.machine.cpu
        seen: Seen = dict(zip(REGISTER_NAMES, cpu.r, strict=True))
        seen |= {
            "reason": self.reason,
            "cpu": cpu.save()[1:],
            "watched": cpu.watched and (cpu.watched.watch, cpu.watched.address),
            "trapped": list(cpu.entered),
            "asked": self.asked,
            "told": self.told,
            "covered": dict(self.coverage),
            "output": bytes(self.output),
            "touched": machine.memory.touched,
            "uncommitted": machine.memory.uncommitted,
            "memory": machine.memory.read(0, machine.memory.size),
        }
        return seen | {name: d.save(cpu.time) for name, d in machine.bus.devices.items()}


def first_difference(
    session: Session, tested: tuple[Turns, ...] | None = None
) -> tuple[int, str] | None:
    """Give the index of the action after which sides differ, and how; None if they never do."""
    plain = Side(session, _PLAIN)
    others = [Side(session, turns) for turns in tested or sides(session)]
    for index, action in enumerate(session.actions):
        plain.act(action)
        expected = plain.seen()
        for side in others:
            differences = _differences(side, action, expected)
            if differences:
                return index, f"after {action}, {side.machine.engine.name} engine:{differences}"
    return None


def _differences(side: Side, action: Action, expected: Seen) -> str:
    try:
        side.act(action)
    except Exception as error:
        return f" {error!r}"
    return compare(expected, side.seen())


def compare(expected: Seen, actual: Seen) -> str:
    """Describe what differs, a line each."""
    if expected == actual:
        return ""
    lines = ""
    for name, value in expected.items():
        if value == actual[name]:
            continue
        if name == "memory" and isinstance(value, bytes):
            other = actual[name]
            assert isinstance(other, bytes)
            at = next(n for n in range(0, len(value), 4) if value[n : n + 4] != other[n : n + 4])
            lines += (
                f"\n  memory at {at:#x}: {value[at : at + 4].hex()} | {other[at : at + 4].hex()}"
            )
        else:
            lines += f"\n  {name}: {value} | {actual[name]}"
    return lines
