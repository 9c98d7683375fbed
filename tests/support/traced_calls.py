"""A child process that is killed at one of its system calls, by ptrace: no function is replaced."""

import ctypes
import os
import signal
from collections.abc import Callable

_LIBC = ctypes.CDLL(None, use_errno=True)
_TRACEME, _SYSCALL, _SETOPTIONS = 0, 24, 0x4200
_CALLS_MARKED, _DIES_WITH_TRACER = 1, 0x100000
_AT_CALL = signal.SIGTRAP | 0x80


def forked(act: Callable[[], object], output: int) -> int:
    """Fork a child that does something, its output going to a descriptor, its errors nowhere."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.dup2(output, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        act()
        status = 0
    finally:
        os._exit(status)


def killed_at_call(act: Callable[[], object], output: int, number: int) -> bool:
    """Have a child do something, up to a system call; tell whether it came to that.

    Calls are counted from 1, each twice: before it is carried out, and after.
    """

    def traced() -> None:
        _ptrace(_TRACEME, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        act()

    child = forked(traced, output)
    os.waitpid(child, 0)
    _ptrace(_SETOPTIONS, child, _CALLS_MARKED | _DIES_WITH_TRACER)
    passed_on = 0
    while True:
        _ptrace(_SYSCALL, child, passed_on)
        _, status = os.waitpid(child, 0)
        if not os.WIFSTOPPED(status):
            return False
        stopped_by = os.WSTOPSIG(status)
        passed_on = 0 if stopped_by == _AT_CALL else stopped_by
        number -= stopped_by == _AT_CALL
        if number == 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True


def _ptrace(request: int, process: int, data: int) -> None:
    if _LIBC.ptrace(request, process, 0, ctypes.c_void_p(data)) < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace: {os.strerror(error)}")
