"""Commands of the target's own.

Knows how their text comes and goes; must not know a single command.
"""

from gdbstub.client import Client
from gdbstub.registers import unhex
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import Monitor, TargetError


@packet(b"qRcmd,")
def command(client: Client, target: Monitor, arguments: bytes) -> bytes:
    """Will you carry out this command?  GDB manual: `qRcmd,command`.

    To a client that cannot take words for an error, the sentence is shown as output.
    """
    text = unhex(arguments).decode("utf-8", "replace")
    try:
        client.say(target.monitor(text))
    except TargetError as error:
        if "error-message" in client.supports:
            raise
        client.say(error.message)
    return OK
