"""The monitor commands: what gdb's `monitor` passes on to the machine.

Importing this declares them all.
"""

from soclet.monitor import keeping as _keeping
from soclet.monitor import looking as _looking
from soclet.monitor import running as _running
from soclet.monitor import translation as _translation
from soclet.monitor import travelling as _travelling
from soclet.monitor.registry import COMMANDS, Command, execute

_DECLARING = (_keeping, _looking, _running, _translation, _travelling)

__all__ = ["COMMANDS", "Command", "execute"]
