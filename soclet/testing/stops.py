"""What a run of a machine under test is to stop at, in a test's words."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from isa_spec.traps import VECTORS, Access
from machine.reason import Reason
from machine.watch import WIDTH, Watch

if TYPE_CHECKING:
    from soclet.testing.machine_under_test import MachineUnderTest

Predicate = Callable[["MachineUnderTest"], bool]


@dataclass(frozen=True, slots=True)
class Stops:
    """Where a run stops before its end: see `Machine.run`. `vector`: after that one is entered."""

    breakpoints: frozenset[int] = frozenset()
    watches: tuple[Watch, ...] = ()
    vector: int | None = None
    budget: int | None = None


NOWHERE: Final = Stops()


def vector_number(trap: int | str) -> int:
    """Give a vector's number; raise LookupError for a name that is none."""
    if isinstance(trap, int):
        return trap
    for vector in VECTORS:
        if vector.name == trap:
            return vector.number
    names = ", ".join(vector.name for vector in VECTORS)
    raise LookupError(f"no trap {trap!r}; there are {names}, and numbers")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is waited for. `words` say it; `reached` is what the caller is told for each stop."""

    stops: Stops
    words: str
    predicate: Predicate | None = None
    called: dict[int, str] = field(default_factory=dict)


def wish(
    machine: "MachineUnderTest",
    pc: int | str | None,
    symbol: int | str | None,
    write_to: int | str | None,
    trap: int | str | None,
    predicate: Predicate | None,
) -> Wish:
    """Understand the arguments of `run_until`; raise LookupError or TypeError for wrong ones."""
    words: list[str] = []
    called: dict[int, str] = {}
    watches: tuple[Watch, ...] = ()
    for name, place in (("pc", pc), ("symbol", symbol)):
        if place is not None:
            called[machine.symbols.address(place)] = name
            words.append(f"{name} {_shown(place)}")
    if write_to is not None:
        start = machine.symbols.address(write_to)
        watches = (Watch(frozenset({Access.STORE}), start, start + WIDTH),)
        words.append(f"a store to {_shown(write_to)}")
    if trap is not None:
        words.append(f"trap {trap}")
    if predicate is not None:
        words.append(f"that {getattr(predicate, '__name__', predicate)} is true")
    if not words:
        raise TypeError("run_until needs one of pc, symbol, write_to, trap, predicate")
    stops = Stops(
        frozenset(called),
        watches,
        None if trap is None else vector_number(trap),
        None if predicate is None else 1,
    )
    return Wish(stops, " or ".join(words), predicate, called)


def _shown(place: int | str) -> str:
    return f"{place:#x}" if isinstance(place, int) else place


def run_to_wish(machine: "MachineUnderTest", wish: Wish, end: int) -> str | None:
    """Run until a wish comes true, by tick `end`; give the word for what did, None where none."""
    stops, passing = wish.stops, machine.pc in wish.stops.breakpoints
    while machine.time < end:
        # A breakpoint that the machine is at already has been reached before.
        here = Stops(frozenset(), stops.watches, stops.vector, 1) if passing else stops
        passing = False
        reason = machine.advance(end, here)
        match reason:
            case Reason.BREAKPOINT:
                return wish.called[machine.pc]
            case Reason.WATCHPOINT:
                if machine.finish_store():
                    return "write_to"
            case Reason.OBSERVED if machine.entered_what_was_wanted:
                return "trap"
            case Reason.POWER_OFF | Reason.CHECK_STOP | Reason.ASLEEP:
                break
        if wish.predicate is not None and wish.predicate(machine):
            return "predicate"
    return None
