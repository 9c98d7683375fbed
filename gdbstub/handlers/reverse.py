"""Going backwards.

Knows the packets; must not know how a target remembers.
"""

from gdbstub.client import Client
from gdbstub.handlers.execution import begun
from gdbstub.registry import packet
from gdbstub.target import ReverseExecution


@packet(b"bs", features=("ReverseStep",))
def step_back(client: Client, target: ReverseExecution) -> bytes | None:
    """Will you undo one instruction?  GDB manual: `bs`."""
    return begun(client, target.reverse_step())


@packet(b"bc", features=("ReverseContinue",))
def go_back(client: Client, target: ReverseExecution) -> bytes | None:
    """Will you run backwards?  GDB manual: `bc`."""
    return begun(client, target.reverse_continue())
