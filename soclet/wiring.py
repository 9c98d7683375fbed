"""What every session puts around a runner: signals, the serial log, a debugger's port.

Knows files, signals and how a debugger's server is opened; must not know what is run or why.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from soclet.errors import UserError
from soclet.runner import End, Runner

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget


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
        file = stack.enter_context(path.open("wb", buffering=0))
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}") from error

    def write(data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[file.write(left) or 0 :]
        except OSError as error:
            raise UserError(f"{path}: cannot be written: {error.strerror}") from error

    return write


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

    host, port = addresses.parse(spec)
    addresses.check_exposure(host, allow_remote)
    target = make_target()
    try:
        bound = addresses.resolve(host, port)[0].host
        server = await serve(target, bound, port, busy="soclet: another debugger is attached")
    except OSError as error:
        raise addresses.refusal(error, host, port) from error
    stack.push_async_callback(server.close)
    target.server = server
    server.on_ready = runner.ready_changed
    runner.watcher = target
    return target, f"gdb: listening on {addresses.show(*server.address)}"
