"""Has gdb forget what it keeps of registers when they may have changed behind its back.

To gdb sp and r15, and lr and link, are registers apart, and what `monitor` does is unknown to it.
"""

from collections.abc import Callable

from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.target import attached

_HOOK = "soclet-refresh"
_HANDLER = "soclet_refresh"
"""Where gdb's module keeps the handler of an earlier load of the script."""


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


def install_refreshing() -> None:
    """Have gdb do so."""
    earlier: Callable[..., None] | None = getattr(gdb, _HANDLER, None)
    if earlier is not None:
        gdb.events.register_changed.disconnect(earlier)
    gdb.events.register_changed.connect(refresh)
    setattr(gdb, _HANDLER, refresh)
    Refresh()
    gdb.execute(f"define hookpost-monitor\n{_HOOK}\nend")
