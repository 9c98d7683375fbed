"""Coming, going, and the beginning and end of the program.

Knows what each of them leaves behind; must not know how a connection is closed.
"""

from gdbstub import parsing
from gdbstub.client import Client, Program
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import Killable, Restartable, TargetError


@packet(b"qAttached", without_program=True)
def attached() -> bytes:
    """Was the program there before you?  GDB manual: `qAttached`. So quitting detaches."""
    return b"1"


@packet(b"D")
def detach(client: Client, arguments: bytes) -> bytes:
    """May the program go on without me?  GDB manual: `D`, `D;pid`."""
    if arguments:
        _check_process(arguments)
    client.detach()
    client.leaving = not client.extended
    return OK


@packet(b"k")
def kill(client: Client, target: Killable) -> None:
    """Will you end the program?  GDB manual: `k`, which has no reply."""
    _kill(client, target)
    client.leaving = not client.extended


@packet(b"vKill;")
def kill_process(client: Client, target: Killable, arguments: bytes) -> bytes:
    """Will you end the program and tell me so?  GDB manual: `vKill;pid`; the connection stays."""
    _check_process(b";" + arguments)
    _kill(client, target)
    return OK


@packet(b"!", needs=Restartable, without_program=True)
def extend(client: Client) -> bytes:
    """May the connection outlive the program?  GDB manual: `!`, extended mode."""
    client.extended = True
    return OK


@packet(b"R", without_program=True)
def restart(client: Client, target: Restartable, arguments: bytes) -> None:
    """Will you begin the program again?  GDB manual: `R XX`, which has no reply."""
    parsing.number(arguments)  # which the manual leaves without a meaning
    if not client.extended:
        raise TargetError("the program is begun again in extended mode only")
    client.attach()
    target.restart()
    client.program = Program.HALTED


def _kill(client: Client, target: Killable) -> None:
    target.kill(stay=client.extended)
    client.program = Program.GONE


def _check_process(text: bytes) -> None:
    """`;pid`: there is one process, and clients call it what they like."""
    if text[:1] != b";":
        raise TargetError("a semicolon and a process are wanted")
    parsing.number(text[1:])
