"""When a machine's history keeps another moment: often enough, and as often as it may cost.

Knows history, and host time as it is told it. What happens in a machine does not depend on it.
"""

import time
from typing import Final

from machine.history import History

SHORTEST: Final = 0.05
"""Seconds of execution between two moments that are kept, at least."""

COST: Final = 0.02
"""The share of a run's time that keeping moments may take."""

_PAGE_COST: Final = 100e-6
"""Seconds that a page costs when it is next written: whoever executes stores has to be left."""

PATIENCE: Final = 0.5
"""Seconds of execution between moments that are kept for long: to any point it takes no longer."""

_LEARNING: Final = 0.2


class Spacing:
    """Keeps moments of a history, as it is told how fast its machine runs."""

    def __init__(self, history: History) -> None:
        self._history: Final = history
        self._interval = SHORTEST
        self._since = 0.0
        self._speed = 0.0

    def passed(self, executed: int, seconds: float) -> None:
        """So many instructions were executed, in that time; perhaps keep this moment."""
        self._since += seconds
        if executed > 0 and seconds > 0:
            self._speed += _LEARNING * (executed / seconds - self._speed)
        if self._since >= self._interval and not self._history.repeats:
            self._keep()

    def _keep(self) -> None:
        started = time.perf_counter()
        pages = self._history.keep(int(self._speed * PATIENCE))
        spent = time.perf_counter() - started + pages * _PAGE_COST
        self._interval = max(SHORTEST, spent / COST)
        self._since = 0.0
