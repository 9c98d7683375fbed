"""One run from its options to its exit status: machine, serial line and debugger put together."""

import asyncio
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isa_spec.memory_map import MEMORY_START
from machine.device import NEVER
from machine.engines import maker
from machine.machine import Machine
from machine.nvram import NvramError
from soclet import sentences
from soclet.errors import UserError, tell
from soclet.files import check_apart, check_writable
from soclet.keeping import Files, Keeping
from soclet.recording.recordings import Recordings, Wanted
from soclet.runner import DEFAULT_HISTORY, EXIT_STATUS, Clock, End, Runner
from soclet.source_map import SourceMap
from soclet.start import Beginning, Start, find
from soclet.wiring import announce, end_on_signals, listen, open_log, open_serial

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `soclet run` was asked for; the fields are its options."""

    image: str | None
    gdb: str | None = None
    halt: bool = False
    history: int = DEFAULT_HISTORY
    serial: str = "stdio"
    nvram: Path | None = None
    nvram_sync: bool = False
    memory: int | None = None
    load_address: int = MEMORY_START
    clock: Clock | None = None
    engine: str = "auto"
    limit: int = NEVER
    byte_ticks: int | None = None
    serial_log: Path | None = None
    state: Path | None = None
    profile: Path | None = None
    trace: Path | None = None
    vcd: Path | None = None
    capsule: Path | None = None
    record: Path | None = None
    restore: Path | None = None
    state_dir: Path | None = None
    allow_remote: bool = False


def run(options: RunOptions) -> int:
    """Run a machine and give the exit status. Raises UserError where it cannot start."""
    if options.halt and options.gdb is None:
        raise UserError("--halt waits for a debugger: give --gdb PORT too")
    if options.nvram_sync and options.nvram is None:
        raise UserError("--nvram-sync forces the NVRAM file to the disk: give --nvram FILE too")
    _check_files(options)
    files = Files(options.capsule, options.record, options.state_dir)
    files.check()
    _wanted(options).check()
    start = find(
        Beginning(
            options.image,
            options.restore,
            options.nvram,
            options.nvram_sync,
            options.memory,
            options.byte_ticks,
            options.load_address,
        )
    )
    keeping = Keeping(files, start.keep_image)
    try:
        return asyncio.run(_run(options, start, keeping))
    except NvramError as error:
        raise UserError(str(error)) from error


def _check_files(options: RunOptions) -> None:
    kind, _, path = options.serial.partition(":")
    to_file = kind == "file" and "\0" not in path
    check_apart(
        {
            "--serial": Path(path) if to_file else None,
            "--nvram": options.nvram,
            "--serial-log": options.serial_log,
            "--state": options.state,
            "--profile": options.profile,
            "--trace": options.trace,
            "--vcd": options.vcd,
            "--capsule": options.capsule,
            "--record": options.record,
        },
        {
            "IMAGE": None if options.image is None else Path(options.image),
            "--restore": options.restore,
        },
    )
    if options.state is not None:
        check_writable(options.state)


def _wanted(options: RunOptions) -> Wanted:
    return Wanted(options.profile, options.trace, options.vcd)


async def _run(options: RunOptions, start: Start, keeping: Keeping) -> int:
    output = bytearray()
    async with AsyncExitStack() as stack:
        held = stack.enter_context(ExitStack())
        machine = start.machine(maker(options.engine), held)
        runner = Runner(machine, limit=options.limit)
        # Before anybody is told that there is something to end.
        end_on_signals(runner)
        # What may be refused comes before what empties a file.
        places = SourceMap(machine, start.image)
        target, gdb = None, None
        if options.gdb is not None:
            make = partial(_target, start, runner, places)
            remote = options.allow_remote
            target, gdb = await listen(options.gdb, runner, make, stack, allow_remote=remote)
        line = await open_serial(options.serial, runner, allow_remote=options.allow_remote)
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
        start.load(machine)
        machine.commit()
        recordings = Recordings(_wanted(options), machine, places)
        runner.forgets_events = not keeping.wanted and recordings.observers is None
        if gdb is not None:
            runner.remember(options.history)
        stack.callback(recordings.close)
        runner.observers = recordings.observers
        keeping.begin(machine, runner, held)
        if target is not None:
            target.live_run = keeping.live_run
        announce(gdb, line.announcement, allow_remote=options.allow_remote)
        if not options.halt:
            runner.start()
        end = await runner.run()
        await line.finish()
        recordings.keep()
        # Not asked where nobody is told: names and lines take longer to read than a start.
        told = end not in _EXPECTED or keeping.tells_why
        reason = _reason(options, machine, places, end) if told else ""
        keeping.end(machine, end.value, reason)
    return _report(options, machine, end, reason, bytes(output))


def _target(start: Start, runner: Runner, places: SourceMap) -> "ThreadTarget":
    from soclet.program_file import target_with

    return target_with(start.program(), runner, places)


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
        from soclet import state_file

        values = state_file.state(machine, end.value, status, output)
        state_file.write(options.state, values)
    if end not in _EXPECTED:
        tell(f"soclet: {reason}")
    return EXIT_STATUS[end] if status is None else status
