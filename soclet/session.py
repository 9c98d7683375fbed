"""One run from its options to its exit status: machine, serial line and debugger put together."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isa_spec.memory_map import DEFAULT_MEMORY, MEMORY_START
from machine.device import NEVER
from machine.engines import maker
from machine.machine import Machine
from machine.nvram import Nvram, NvramError
from soclet import demos, sentences, state_file
from soclet.errors import UserError, tell
from soclet.files import check_writable, memory_size_of
from soclet.lines.line import open_line
from soclet.recording.recordings import Recordings, Wanted
from soclet.runner import EXIT_STATUS, Clock, End, Runner
from soclet.source_map import SourceMap

if TYPE_CHECKING:
    from toolchain.images import Image

NO_IMAGE = "-"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `soclet run` was asked for; the fields are its options."""

    image: str
    gdb: str | None = None
    halt: bool = False
    serial: str = "stdio"
    nvram: Path | None = None
    memory: int | None = None
    load_address: int = MEMORY_START
    clock: Clock | None = None
    engine: str = "auto"
    limit: int = NEVER
    byte_ticks: int = 0
    serial_log: Path | None = None
    state: Path | None = None
    profile: Path | None = None
    trace: Path | None = None
    vcd: Path | None = None
    allow_remote: bool = False


def run(options: RunOptions) -> int:
    """Run a machine and give the exit status. Raises UserError where it cannot start."""
    if options.halt and options.gdb is None:
        raise UserError("--halt waits for a debugger: give --gdb PORT too")
    if options.image == NO_IMAGE and options.nvram is None:
        raise UserError("'-' runs what is in NVRAM: give --nvram FILE too")
    if options.state is not None:
        check_writable(options.state)
    _wanted(options).check()
    image = _image(options)
    try:
        return asyncio.run(_run(options, image))
    except NvramError as error:
        raise UserError(str(error)) from error


def _wanted(options: RunOptions) -> Wanted:
    return Wanted(options.profile, options.trace, options.vcd)


def _image(options: RunOptions) -> "Image | None":
    """Read what is to be run, None where that is in NVRAM."""
    if options.image == NO_IMAGE:
        return None
    from toolchain.images import load_image

    return load_image(
        demos.resolve(options.image),
        memory_size=options.memory or memory_size_of(options.nvram) or DEFAULT_MEMORY,
        load_address=options.load_address,
    )


async def _run(options: RunOptions, image: "Image | None") -> int:
    output = bytearray()
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        machine = _machine(options, stack)
        runner = Runner(machine, limit=options.limit)
        # Before anybody is told that there is something to end.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, runner.finish, End.INTERRUPTED)
        # What may be refused comes before what empties a file.
        places = SourceMap(machine, image)
        gdb = await _listen(options, runner, image, places, stack)
        line = await open_line(options.serial, runner, allow_remote=options.allow_remote)
        stack.callback(line.close)
        runner.line = line
        paced = line.interactive if options.clock is None else options.clock is Clock.PACED
        runner.clock = Clock.PACED if paced else Clock.VIRTUAL
        log = _open_log(options.serial_log, stack)

        def keep(data: bytes) -> None:
            if options.state is not None:
                output.extend(data)
            log(data)

        runner.on_output = keep
        if image is not None:
            machine.flash((segment.address, segment.data) for segment in image.segments)
        machine.commit()
        recordings = Recordings(_wanted(options), machine, places)
        stack.callback(recordings.close)
        runner.observers = recordings.observers
        for announcement in (gdb, line.announcement):
            if announcement is not None:
                tell(announcement)
        if not options.halt:
            runner.start()
        end = await runner.run()
        await line.finish()
        recordings.keep()
    return _report(options, machine, places, end, bytes(output))


def _open_log(path: Path | None, stack: AsyncExitStack) -> Callable[[bytes], None]:
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


def _machine(options: RunOptions, stack: AsyncExitStack) -> Machine:
    nvram = None
    if options.nvram is not None:
        nvram = Nvram(options.nvram, options.memory, default_size=DEFAULT_MEMORY)
        stack.callback(nvram.close)
        if nvram.recovered:
            tell(f"soclet: {nvram.recovered}")
    try:
        return Machine(
            nvram.size if nvram is not None else options.memory or DEFAULT_MEMORY,
            byte_ticks=options.byte_ticks,
            engine=maker(options.engine),
            nvram=nvram,
        )
    except (ValueError, OSError) as error:
        raise UserError(str(error)) from error


async def _listen(
    options: RunOptions,
    runner: Runner,
    image: "Image | None",
    places: SourceMap,
    stack: AsyncExitStack,
) -> str | None:
    """Open the debugger's port, if there is to be one; give the line that says where it is."""
    if options.gdb is None:
        return None
    from gdbstub.server import serve
    from soclet import addresses
    from soclet.program_file import ProgramTarget, program_file
    from soclet.thread_target import ThreadTarget

    host, port = addresses.parse(options.gdb)
    addresses.check_exposure(host, options.allow_remote)
    shown = program_file(image) if image is not None else None
    target = ThreadTarget(runner) if shown is None else ProgramTarget(runner, shown)
    target.places = places
    try:
        bound = addresses.resolve(host, port)[0].host
        server = await serve(target, bound, port, busy="soclet: another debugger is attached")
    except OSError as error:
        raise addresses.refusal(error, host, port) from error
    stack.push_async_callback(server.close)
    target.server = server
    server.on_ready = runner.ready_changed
    runner.watcher = target
    return f"gdb: listening on {addresses.show(*server.address)}"


def _report(
    options: RunOptions, machine: Machine, places: SourceMap, end: End, output: bytes
) -> int:
    status = machine.cpu.exit_status if end is End.POWER_OFF else None
    if options.state is not None:
        values = state_file.state(machine, end.value, status, output)
        state_file.write(options.state, values)
    match end:
        case End.CHECK_STOP:
            tell(f"soclet: {sentences.check_stop(machine, places)}")
        case End.ASLEEP:
            tell(f"soclet: {sentences.asleep(machine, places)}")
        case End.LIMIT:
            tell(f"soclet: the limit of {options.limit} ticks was reached")
    return EXIT_STATUS[end] if status is None else status
