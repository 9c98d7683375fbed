"""Coming, going, and the beginning and end of the program.

Knows what each of them leaves behind; must not know how a connection is closed.
"""

from gdbstub import parsing
from gdbstub.client import Client, Program
from gdbstub.registers import unhex
from gdbstub.registry import packet
from gdbstub.replies import NO_PROGRAM, OK, stop_reply
from gdbstub.target import ExecFile, Killable, Restartable, Target, TargetError


@packet(b"qAttached", without_program=True)
def attached() -> bytes:
    """Was the program there before you?  GDB manual: `qAttached`. So quitting detaches."""
    return b"1"


@packet(b"qAttached:", without_program=True)
def process_attached(arguments: bytes) -> bytes:
    """Was this process there before you?  GDB manual: `qAttached:pid`."""
    parsing.number(arguments)
    return attached()


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
    _begin(client, target)


@packet(b"vRun;", without_program=True)
def run(client: Client, target: Restartable, arguments: bytes) -> bytes:
    """Will you begin this program?  GDB manual: `vRun;filename[;argument]…`.

    There is one program: no name means it, and so does its own.
    """
    name, *words = (unhex(each).decode("utf-8", "replace") for each in arguments.split(b";"))
    if not client.extended:
        raise TargetError("a program is run in extended mode only")
    if name:
        _check_program(target, name)
    if words:
        raise TargetError("a program takes no arguments here")
    _begin(client, target)
    return stop_reply(client, client.target.stop)


@packet(b"qExecAndArgs", without_program=True)
def program_and_arguments(target: ExecFile) -> bytes:
    """What would be run without a name?  GDB manual: `qExecAndArgs`. No arguments are passed."""
    return b"S;%b;;" % target.exec_file.encode().hex().encode()


@packet(b"vAttach;", needs=Restartable, without_program=True)
def attach(client: Client, target: Target, arguments: bytes) -> bytes:
    """Will you take hold of this process?  GDB manual: `vAttach;pid`. So one undoes a `D`."""
    parsing.number(arguments)
    if not client.extended:
        raise TargetError("a process is attached to in extended mode only")
    if client.attached and client.program is Program.HALTED:
        raise TargetError("the program is attached to already")
    client.attach()
    if client.program is not Program.HALTED:
        raise TargetError("the program has ended; it can be run again", NO_PROGRAM.code)
    return stop_reply(client, target.stop)


def _begin(client: Client, target: Restartable) -> None:
    client.attach()
    target.restart()
    client.program = Program.HALTED


def _check_program(target: Restartable, name: str) -> None:
    """A name that is the program's own, in full or without its folders."""
    own = target.exec_file if isinstance(target, ExecFile) else ""
    if name not in (own, own.rpartition("/")[2]):
        only = f"only {own}" if own else "only the program that is there, without a name,"
        raise TargetError(f"{only} can be run here")


def _kill(client: Client, target: Killable) -> None:
    target.kill(stay=client.extended)
    client.program = Program.GONE


def _check_process(text: bytes) -> None:
    """`;pid`: there is one process, and clients call it what they like."""
    if text[:1] != b";":
        raise TargetError("a semicolon and a process are wanted")
    parsing.number(text[1:])
