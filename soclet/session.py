"""One run from its options to its exit status: machine, serial line and debugger put together."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

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
from soclet.runner import DEFAULT_HISTORY, EXIT_STATUS, Clock, End, Runner
from soclet.source_map import SourceMap
from soclet.wiring import end_on_signals, listen, open_log

if TYPE_CHECKING:
    from soclet.capsule import KeptImage
    from soclet.thread_target import ThreadTarget
    from toolchain.images import Image

NO_IMAGE = "-"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `soclet run` was asked for; the fields are its options."""

    image: str
    gdb: str | None = None
    halt: bool = False
    history: int = DEFAULT_HISTORY
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
    capsule: Path | None = None
    allow_remote: bool = False


def run(options: RunOptions) -> int:
    """Run a machine and give the exit status. Raises UserError where it cannot start."""
    if options.halt and options.gdb is None:
        raise UserError("--halt waits for a debugger: give --gdb PORT too")
    if options.image == NO_IMAGE and options.nvram is None:
        raise UserError("'-' runs what is in NVRAM: give --nvram FILE too")
    for path in (options.state, options.capsule):
        if path is not None:
            check_writable(path)
    _wanted(options).check()
    image = _image(options)
    kept = _kept(image) if options.capsule is not None else None
    try:
        return asyncio.run(_run(options, image, kept))
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


def _kept(image: "Image | None") -> "KeptImage | None":
    """Keep the image for a capsule, before its file may become another."""
    if image is None:
        return None
    from soclet.capsule import KeptImage

    return KeptImage.of(image)


async def _run(options: RunOptions, image: "Image | None", kept: "KeptImage | None") -> int:
    output = bytearray()
    async with AsyncExitStack() as stack:
        machine = _machine(options, stack)
        runner = Runner(machine, limit=options.limit)
        # Before anybody is told that there is something to end.
        end_on_signals(runner)
        # What may be refused comes before what empties a file.
        places = SourceMap(machine, image)
        gdb = None
        if options.gdb is not None:
            gdb = await listen(
                options.gdb,
                runner,
                partial(_target, runner, image, places),
                stack,
                allow_remote=options.allow_remote,
            )
        line = await open_line(options.serial, runner, allow_remote=options.allow_remote)
        stack.callback(line.close)
        runner.line = line
        paced = line.interactive if options.clock is None else options.clock is Clock.PACED
        runner.clock = Clock.PACED if paced else Clock.VIRTUAL
        log = open_log(options.serial_log, stack)

        def keep(data: bytes) -> None:
            if options.state is not None:
                output.extend(data)
            log(data)

        runner.on_output = keep
        if image is not None:
            machine.flash((segment.address, segment.data) for segment in image.segments)
        machine.commit()
        if gdb is not None:
            runner.remember(options.history)
        recordings = Recordings(_wanted(options), machine, places)
        stack.callback(recordings.close)
        runner.observers = recordings.observers
        base = machine.snapshot() if options.capsule is not None else None
        for announcement in (gdb, line.announcement):
            if announcement is not None:
                tell(announcement)
        if not options.halt:
            runner.start()
        end = await runner.run()
        await line.finish()
        recordings.keep()
    # Not asked where nobody is told: names and lines take longer to read than a start.
    told = end not in _EXPECTED or options.capsule is not None
    reason = _reason(options, machine, places, end) if told else ""
    if options.capsule is not None and base is not None:
        from soclet.capsule import capsule_of

        capsule_of(machine, base, kept, ended=end.value, reason=reason).save(options.capsule)
    return _report(options, machine, end, reason, bytes(output))


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


def _target(runner: Runner, image: "Image | None", places: SourceMap) -> "ThreadTarget":
    from soclet.program_file import ProgramTarget, program_file
    from soclet.thread_target import ThreadTarget

    shown = program_file(image) if image is not None else None
    target = ThreadTarget(runner) if shown is None else ProgramTarget(runner, shown)
    target.places = places
    return target


def _reason(options: RunOptions, machine: Machine, places: SourceMap, end: End) -> str:
    match end:
        case End.POWER_OFF:
            return sentences.power_off(machine, places)
        case End.CHECK_STOP:
            return sentences.check_stop(machine, places)
        case End.ASLEEP:
            return sentences.asleep(machine, places)
        case End.LIMIT:
            return f"the limit of {options.limit} ticks was reached"
        case _:
            return str(end.value)


_EXPECTED: Final = (End.POWER_OFF, End.INTERRUPTED)
"""Ends that nobody has to be told of."""


def _report(options: RunOptions, machine: Machine, end: End, reason: str, output: bytes) -> int:
    status = machine.cpu.exit_status if end is End.POWER_OFF else None
    if options.state is not None:
        values = state_file.state(machine, end.value, status, output)
        state_file.write(options.state, values)
    if end not in _EXPECTED:
        tell(f"soclet: {reason}")
    return EXIT_STATUS[end] if status is None else status
