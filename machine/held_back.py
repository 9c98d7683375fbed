"""Ctrl-C in a program that has no event loop: held back while generated code runs.

Generated code has the registers in places of its own. Were KeyboardInterrupt raised in it, or while
they are copied back, they would be lost, and with them all that was executed since it was entered.
Knows signals; no engine.
"""

import signal
from types import FrameType, TracebackType
from typing import Self


class HeldBack:
    """A context in which Ctrl-C only sets `asked`; elsewhere, and once left, it is what it was.

    Where Ctrl-C does not raise KeyboardInterrupt anyway, nothing is held back.
    """

    def __init__(self) -> None:
        self.asked = False
        self._holds = False

    def __enter__(self) -> Self:
        self.asked = False
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            try:
                signal.signal(signal.SIGINT, self._ask)
                self._holds = True
            except ValueError:  # another thread than the one that Ctrl-C interrupts
                pass
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._holds:
            self._holds = False
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self.asked:
            self.asked = False
            raise KeyboardInterrupt

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
