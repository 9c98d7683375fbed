"""What is done with a program besides running it: a list of actions that follows from a seed."""

from dataclasses import dataclass, replace
from random import Random

from plain_model.programs import Program, make_program

from engine_fuzz.images import make_image
from engine_fuzz.loops import make_loops
from isa_spec.traps import Access
from machine.happenings import KINDS
from machine.watch import Watch

LONG, SHORT = 2000, 60
CHANGED = 0.2  # how often others observe a run than observed the last
EAGER = 0.2  # compiling what was met once takes most of the time


@dataclass(frozen=True)
class Run:
    """Run for a budget, with breakpoints (some of which are decided), watchpoints, observers.

    `observed`: the names of the kinds of happenings that are told. `covered`: whether what is
    executed is seen.
    """

    budget: int
    breakpoints: frozenset[int] = frozenset()
    decided: frozenset[int] = frozenset()
    watches: tuple[Watch, ...] = ()
    observed: frozenset[str] = frozenset()
    covered: bool = False


@dataclass(frozen=True)
class WriteMemory:
    """A debugger's write."""

    address: int
    data: bytes


@dataclass(frozen=True)
class WriteRegister:
    """A debugger's write."""

    number: int
    value: int


@dataclass(frozen=True)
class Type:
    """Input on the serial line."""

    data: bytes


@dataclass(frozen=True)
class Keep:
    """Take a snapshot, to be gone back to."""


@dataclass(frozen=True)
class GoBack:
    """Restore the snapshot that was taken last, if one was."""


@dataclass(frozen=True)
class HandOver:
    """Have another engine take over."""


@dataclass(frozen=True)
class Commit:
    """Take the pages written, as the NVRAM file does."""


Action = Run | WriteMemory | WriteRegister | Type | Keep | GoBack | HandOver | Commit


@dataclass(frozen=True)
class Session:
    """A program, and what is done with it. `eager`: engines compile what is met once."""

    program: Program
    actions: tuple[Action, ...]
    eager: bool


def make_session(seed: int) -> Session:
    """Make the session of a seed: the same everywhere."""
    return _session(seed, make_program(seed) if seed % 4 == 0 else make_loops(seed))


def make_raw_session(seed: int) -> Session:
    """Make the session of a seed with an image that is no program."""
    return _session(seed, make_image(seed))


def _session(seed: int, program: Program) -> Session:
    rng = Random(f"session {seed}")
    if rng.random() < 0.25:  # nothing but running
        return Session(program, (Run(program.limit),), rng.random() < EAGER)
    code = [a for a, data in program.segments if data[:1] and a == 0x1000] or [0x1000]
    length = next(len(data) for address, data in program.segments if address <= code[0])
    actions = _observed(Random(f"observers {seed}"), _actions(rng, program, length))
    return Session(program, tuple(actions), rng.random() < EAGER)


def _actions(rng: Random, program: Program, length: int) -> list[Action]:
    breakpoints = frozenset[int]()
    decided = frozenset[int]()
    actions: list[Action] = []
    budget = program.limit
    stepping = rng.random() < 0.1
    while budget > 0:
        kind = rng.random()
        if kind < 0.12:
            breakpoints = frozenset(
                0x1000 + 8 * rng.randrange(max(1, length // 8)) for _ in range(rng.randrange(4))
            )
            decided = frozenset(a for a in sorted(breakpoints) if rng.random() < 0.7)
        elif kind < 0.2:
            actions.append(_interference(rng, program))
        watches: tuple[Watch, ...] = ()
        if rng.random() < 0.1:
            start = rng.choice((0x7F00, rng.randrange(0x4000, 0x8000)))
            kinds = rng.choice(({Access.STORE}, {Access.LOAD}, {Access.STORE, Access.LOAD}))
            watches = (Watch(frozenset(kinds), start, start + rng.choice((4, 0x100, 0x1000))),)
        most = 3 if stepping else LONG if watches else rng.choice((1, 8, SHORT, LONG))
        slice_ = min(budget, rng.randrange(1, most + 1))
        actions.append(Run(slice_, breakpoints, decided, watches))
        budget -= slice_ if not stepping else 20
    return actions


def _observed(rng: Random, actions: list[Action]) -> list[Action]:
    """Have some kinds of happenings, and what is executed, observed in some of the runs."""
    names = sorted(kind.__name__ for kind in KINDS)
    observed, covered = frozenset[str](), False
    more: list[Action] = []
    for action in actions:
        if isinstance(action, Run):
            if rng.random() < CHANGED:
                few = rng.choice((0, 0, 1, 2, len(names)))
                observed, covered = frozenset(rng.sample(names, few)), rng.random() < 0.3
            action = replace(action, observed=observed, covered=covered)
        more.append(action)
    return more


def _interference(rng: Random, program: Program) -> Action:
    match rng.randrange(8):
        case 0:
            address, data = rng.choice(program.segments)
            at = rng.randrange(max(1, len(data) - 8)) & ~3
            return WriteMemory(address + at, data[at : at + rng.randrange(1, 9)])
        case 1:
            return WriteRegister(rng.randrange(16), rng.choice((0, 1, 0x4000, 0xFFFFFFFF)))
        case 2:
            return Type(rng.randbytes(rng.randrange(1, 4)))
        case 3:
            return Keep()
        case 4:
            return GoBack()
        case 5:
            return HandOver()
        case 6:
            return Commit()
        case _:
            return WriteMemory(0x4000 + 4 * rng.randrange(1024), rng.randbytes(4))
