"""One replay from its options to its exit status: a capsule's machine, run as it was recorded."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from machine.device import NEVER
from machine.engines import maker
from machine.machine import Machine
from soclet import sentences, state_file
from soclet.capsule import Capsule
from soclet.divergence.replayed import explain
from soclet.errors import UserError, tell
from soclet.files import check_apart, check_writable
from soclet.lines.line import Line
from soclet.live_run import LiveRun
from soclet.recorded_run import Recording, Verdict
from soclet.runner import DEFAULT_HISTORY, EXIT_STATUS, End, Runner
from soclet.source_map import SourceMap
from soclet.state_dir import StateDir
from soclet.wiring import announce, end_on_signals, listen, open_serial

if TYPE_CHECKING:
    from soclet.thread_target import ThreadTarget

NOT_REPRODUCED: Final = 3
"""The exit status where the machine did not do what was recorded."""

_STDIO: Final = "stdio"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What `soclet replay` was asked for; the fields are its options."""

    capsule: Path
    gdb: str | None = None
    history: int = DEFAULT_HISTORY
    serial: str = _STDIO
    engine: str = "auto"
    limit: int = NEVER
    state: Path | None = None
    state_dir: Path | None = None
    allow_remote: bool = False


def replay(options: ReplayOptions) -> int:
    """Replay a capsule and give the exit status. Raises UserError where it cannot start."""
    check_apart({"--state": options.state}, {"FILE": options.capsule})
    if options.state is not None:
        check_writable(options.state)
    capsule = Capsule.load(options.capsule)
    try:
        machine = capsule.machine(engine=maker(options.engine))
    except (OSError, UserError) as error:
        where = f"{options.capsule}: " if isinstance(error, UserError) else ""
        raise UserError(f"{where}{error}") from error
    folder = None if options.state_dir is None else StateDir(options.state_dir)
    return asyncio.run(_replay(options, capsule, machine, folder))


async def _replay(
    options: ReplayOptions, capsule: Capsule, machine: Machine, folder: StateDir | None
) -> int:
    output = bytearray()
    recording = Recording(capsule, machine)
    places = SourceMap(machine, None if capsule.image is None else capsule.image.image())
    async with AsyncExitStack() as stack:
        runner = Runner(machine, limit=options.limit)
        end_on_signals(runner)
        runner.on_output = output.extend
        runner.on_replayed = recording.end
        if options.gdb is None:
            recording.on_departure = partial(runner.finish, End.DEPARTED)
        announcement = None
        if options.gdb is not None:
            runner.remember(options.history)
            make = partial(_target, runner, recording, places)
            remote = options.allow_remote
            target, announcement = await listen(
                options.gdb, runner, make, stack, allow_remote=remote
            )
            if folder is not None:
                target.live_run = LiveRun(machine, capsule.base, capsule.image, folder)
        runner.line = line = await _open_line(options, runner)
        stack.callback(line.close)
        announce(announcement, line.announcement, allow_remote=options.allow_remote)
        if options.gdb is None:
            runner.start()
        end = await runner.run()
        await line.finish()
    return _report(options, recording, machine, places, end, bytes(output))


async def _open_line(options: ReplayOptions, runner: Runner) -> Line:
    """Open the serial line; standard input is left alone, since nothing that is typed counts."""
    if options.serial == _STDIO:
        from soclet.lines.stdio import open_output

        return open_output(runner)
    return await open_serial(options.serial, runner, allow_remote=options.allow_remote)


def _target(runner: Runner, recording: Recording, places: SourceMap) -> "ThreadTarget":
    from soclet.program_file import kept_program, target_with

    target = target_with(kept_program(recording.capsule.image), runner, places)
    target.recording = recording
    return target


def _report(
    options: ReplayOptions,
    recording: Recording,
    machine: Machine,
    places: SourceMap,
    end: End,
    output: bytes,
) -> int:
    ended = recording.capsule.ended if recording.verdict is not None else end.value
    status = machine.cpu.exit_status if ended == End.POWER_OFF.value else None
    if options.state is not None:
        state_file.write(options.state, state_file.state(machine, ended, status, output))
    if recording.verdict is not None:
        tell(f"soclet: end of the recording: {recording.reason}")
    tell(f"soclet: {sentences.position(machine, places)}")
    if recording.verdict is Verdict.REPRODUCED:
        return 0
    if recording.verdict is None and not recording.departed and end in (End.INTERRUPTED, End.LIMIT):
        return EXIT_STATUS[end]
    tell(f"soclet: {options.capsule}: the replay {recording.complaint()}")
    if not recording.changed:
        tell("soclet: running it again from the last mark on, on the reference engine, to see why")
        for line in explain(recording.capsule, recording.reproduced, maker(options.engine)):
            tell(f"soclet: {line}")
    return NOT_REPRODUCED
