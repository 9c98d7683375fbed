"""Reading the program's file through the debugger's connection.

Knows the packets and the form of their replies (GDB manual: Host I/O Packets); must not know which
files there are.
"""

from collections.abc import Callable

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.files import FileErrno, FileError, look_up, stat
from gdbstub.framing import escape, escape_within
from gdbstub.handlers.transfer import piece
from gdbstub.registers import unhex
from gdbstub.registry import packet
from gdbstub.target import ExecFile


@packet(b"qXfer:exec-file:read:", features=("qXfer:exec-file:read",), without_program=True)
def exec_file(client: Client, target: ExecFile, arguments: bytes) -> bytes:
    """Which file is the program from?  GDB manual: `qXfer:exec-file:read:annex:offset,length`.

    The annex is a process, of which there is one, or nothing.
    """
    process = arguments.partition(b":")[0]
    known = not process or parsing.is_number(process)
    return piece(client, {process: target.exec_file} if known else {}, arguments)


@packet(b"vFile:setfs:", needs=ExecFile, without_program=True)
def choose_file_system(arguments: bytes) -> bytes:
    """Shall names mean what they mean to this process?  GDB manual: `vFile:setfs: pid`."""
    parsing.number(arguments)
    return b"F0"


@packet(b"vFile:open:", without_program=True)
def open_file(client: Client, target: ExecFile, arguments: bytes) -> bytes:
    """Will you open this file?  GDB manual: `vFile:open: filename, flags, mode`."""
    name, flags, _mode = parsing.fields(arguments, 3)
    wanted = parsing.number(flags)
    return _result(lambda: b"F%x" % client.files.open(target, _name(name), wanted))


@packet(b"vFile:close:", needs=ExecFile, without_program=True)
def close_file(client: Client, arguments: bytes) -> bytes:
    """Will you close it?  GDB manual: `vFile:close: fd`."""
    descriptor = parsing.number(arguments)

    def close() -> bytes:
        client.files.close(descriptor)
        return b"F0"

    return _result(close)


@packet(b"vFile:pread:", needs=ExecFile, without_program=True)
def read_file(client: Client, arguments: bytes) -> bytes:
    """What is in the file there?  GDB manual: `vFile:pread: fd, count, offset`."""
    descriptor, count, offset = map(parsing.number, parsing.fields(arguments, 3))

    def read() -> bytes:
        contents = client.files.contents(descriptor)
        data = contents[offset : offset + min(count, client.packet_size)]
        escaped, length = escape_within(data, client.packet_size - len(b"Fffff;"))
        return b"F%x;%b" % (length, escaped)

    return _result(read)


@packet(b"vFile:fstat:", needs=ExecFile, without_program=True)
def status_of_open_file(client: Client, arguments: bytes) -> bytes:
    """What kind of file did I open?  GDB manual: `vFile:fstat: fd`."""
    descriptor = parsing.number(arguments)
    return _result(lambda: _status(client.files.contents(descriptor)))


@packet(b"vFile:stat:", b"vFile:lstat:", without_program=True)
def status_of_file(target: ExecFile, arguments: bytes) -> bytes:
    """What kind of file is this?  GDB manual: `vFile:stat: filename`. None is a link."""
    return _result(lambda: _status(look_up(target, _name(arguments))))


@packet(b"vFile:readlink:", without_program=True)
def read_link(target: ExecFile, arguments: bytes) -> bytes:
    """Where does this link lead?  GDB manual: `vFile:readlink: filename`. None is a link."""

    def read() -> bytes:
        look_up(target, _name(arguments))
        raise FileError(FileErrno.EINVAL)

    return _result(read)


@packet(b"vFile:pwrite:", b"vFile:unlink:", needs=ExecFile, without_program=True)
def change_file(arguments: bytes) -> bytes:
    """Will you change a file?  GDB manual: `vFile:pwrite`, `vFile:unlink`. Never."""
    del arguments
    return _failed(FileErrno.EROFS)


def _result(request: Callable[[], bytes]) -> bytes:
    try:
        return request()
    except FileError as error:
        return _failed(error.errno)


def _failed(errno: FileErrno) -> bytes:
    return b"F-1,%x" % errno


def _status(contents: bytes) -> bytes:
    attached = stat(contents)
    return b"F%x;%b" % (len(attached), escape(attached))


def _name(digits: bytes) -> str:
    return unhex(digits).decode("utf-8", "replace")
