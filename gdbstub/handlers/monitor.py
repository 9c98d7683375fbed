"""Commands of the target's own.

Knows how their text comes and goes; must not know a single command.
"""

from gdbstub.client import Client, Program
from gdbstub.registers import unhex
from gdbstub.registry import packet
from gdbstub.replies import command_reply
from gdbstub.target import Monitor, TargetError


@packet(b"qRcmd,")
def command(client: Client, target: Monitor, arguments: bytes) -> bytes | None:
    """Will you carry out this command?  GDB manual: `qRcmd,command`."""
    text = unhex(arguments).decode("utf-8", "replace")
    try:
        answer = target.monitor(text)
    except TargetError as error:
        return command_reply(client, error)
    if answer is None:
        client.program = Program.COMMANDED
        return None
    return command_reply(client, answer)
