"""Has gdb forget what it keeps of registers when they may have changed behind its back.

To gdb sp and r15, and lr and link, are registers apart, and what `monitor` does is unknown to it.
"""

from collections.abc import Callable
from typing import Any

from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.target import attached

_HOOK = "soclet-refresh"
_HANDLERS = "soclet_handlers"
"""Where gdb's module keeps the handlers of an earlier load of the script."""


class Refresh(gdb.Command):
    """Read the machine's registers anew. The script has gdb do this after `monitor` commands."""

    def __init__(self) -> None:
        super().__init__(_HOOK, gdb.COMMAND_DATA, gdb.COMPLETE_NONE)

    def invoke(self, _argument: str, _from_tty: bool) -> None:
        """Do it."""
        self.dont_repeat()
        refresh()


def refresh(*_: object) -> None:
    """Have gdb read the registers anew, without a word."""
    if attached():
        gdb.execute("maintenance flush register-cache", to_string=True)


def install_refreshing(forget: Callable[..., None]) -> None:
    """Have gdb do so; `forget` is told when the machine goes on."""
    for registry, handler in getattr(gdb, _HANDLERS, ()):
        registry.disconnect(handler)
    handlers: tuple[tuple[Any, Callable[..., None]], ...] = (
        (gdb.events.register_changed, refresh),
        (gdb.events.cont, forget),
    )
    for registry, handler in handlers:
        registry.connect(handler)
    setattr(gdb, _HANDLERS, handlers)
    Refresh()
    gdb.execute(f"define hookpost-monitor\n{_HOOK}\nend")
