"""What every session puts around a runner: signals, the serial log, a debugger's port.

Knows files, signals and how a debugger's server is opened; must not know what is run or why.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Final

from soclet.errors import UserError, tell
from soclet.files import open_written, write_descriptor
from soclet.lines.line import Line, LineError, open_line
from soclet.runner import End, Runner

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget


_LISTENING: Final = ": listening on "


def end_on_signals(runner: Runner) -> None:
    """Have signals end the run, on the running loop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, runner.finish, End.INTERRUPTED)


def open_log(path: Path | None, stack: AsyncExitStack) -> Callable[[bytes], None]:
    """Open the file that keeps what the firmware sends; give what writes there."""
    if path is None:
        return lambda _data: None
    try:
        file = stack.enter_context(open_written(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error

    def write(data: bytes) -> None:
        try:
            write_descriptor(file, data)
        except OSError as error:
            raise UserError(f"{path}: cannot be written: {error.strerror}") from error

    return write


async def open_serial(spec: str, runner: Runner, *, allow_remote: bool) -> Line:
    """Open the serial line that `spec` names. Raises UserError where that cannot be."""
    try:
        return await open_line(spec, runner, allow_remote=allow_remote)
    except LineError as error:
        raise UserError(f"--serial: {error}") from error


def announce(*lines: str | None, allow_remote: bool) -> None:
    """Tell where listeners are, and before that which of them other hosts can reach."""
    told = [line for line in lines if line is not None]
    if allow_remote:
        from soclet import addresses

        for where in (line.partition(_LISTENING)[2] for line in told):
            if addresses.is_remote(where):
                tell(
                    f"soclet: warning: {where} can be reached from other hosts: "
                    "whoever connects to it has the machine"
                )
    for line in told:
        tell(line)


async def listen(
    spec: str,
    runner: Runner,
    make_target: Callable[[], "ThreadTarget"],
    stack: AsyncExitStack,
    *,
    allow_remote: bool,
) -> "tuple[ThreadTarget, str]":
    """Open the debugger's port `[HOST:]PORT`; give its target, and the line that says where."""
    from gdbstub.server import serve
    from soclet import addresses

    try:
        host, port = addresses.parse(spec)
        endpoint = addresses.resolve(host, port)[0]
        addresses.check_exposure(endpoint.host, allow_remote)
    except addresses.AddressError as error:
        raise UserError(f"--gdb: {error}") from error
    target = make_target()
    try:
        server = await serve(
            target, endpoint.host, port, busy="soclet: another debugger is attached"
        )
    except OSError as error:
        raise UserError(f"--gdb: {addresses.refusal(error, host, port)}") from error
    stack.push_async_callback(server.close)
    target.server = server
    server.on_ready = runner.ready_changed
    runner.watcher = target
    return target, f"gdb{_LISTENING}{addresses.show(*server.address)}"
