"""Who asked to be told of what: data that a run is given.

Knows kinds of happenings by their classes. Must not know how anything is noticed.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, TypeVar

from machine.coverage import Coverage
from machine.happenings import KINDS
from machine.trapped import Happening

H = TypeVar("H", bound=Happening)


class Observers:
    """Callables by the kind of happening that they are told of, in the order they are asked for.

    Each is called with the state exact, which it leaves as it is, and tells whether the run is to
    stop there; what it raises goes to whoever runs the machine. What nobody asks for costs nothing.

    coverage: what is to see which instructions are executed.
    """

    def __init__(self, coverage: Coverage | None = None) -> None:
        self.coverage: Final = coverage
        self._observers: Final[list[tuple[type[Happening], Callable[[Any], bool]]]] = []

    def on(self, kind: type[H], observer: Callable[[H], bool]) -> "Observers":
        """Have an observer told of all happenings that are of a kind, before the first run."""
        self._observers.append((kind, observer))
        return self

    @cached_property
    def asked(self) -> frozenset[type[Happening]]:
        """The kinds that somebody asked for."""
        wanted = tuple(kind for kind, _ in self._observers)
        return frozenset(kind for kind in KINDS if issubclass(kind, wanted))

    def tell(self, happening: Happening) -> bool:
        """Tell all who asked; tell whether one of them wants the run to stop."""
        stops = False
        for observer in self._by_kind[type(happening)]:
            stops |= observer(happening)
        return stops

    @cached_property
    def _by_kind(self) -> dict[type[Happening], tuple[Callable[[Any], bool], ...]]:
        return {
            kind: tuple(tell for wanted, tell in self._observers if issubclass(kind, wanted))
            for kind in KINDS
        }
