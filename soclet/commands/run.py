"""`soclet run`: the options of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from isa_spec.memory_map import MEMORY_START
from soclet.commands import options
from soclet.commands.parameters import ADDRESS, FILE, IMAGE, MEMORY, NVRAM, TICKS, reporting
from soclet.errors import UserError
from soclet.runner import Clock
from soclet.session import RunOptions
from soclet.session import run as run_session


def _read_config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> None:
    """Take defaults from a TOML file's table [run]; the command line wins."""
    if path is None:
        return
    from soclet.toml_file import read_toml

    table = read_toml(path).get("run", {})
    known = {
        name.removeprefix("--"): param
        for param in ctx.command.params
        if isinstance(param, click.Option) and param.expose_value
        for name in param.opts
        if name.startswith("--")
    }
    if not isinstance(table, dict):
        raise UserError(f"{path}: 'run' must be a table: [run]")
    for key in table:
        if key not in known:
            raise UserError(f"{path}: no option {key!r}; there are {', '.join(sorted(known))}")
    ctx.default_map = {
        str(known[key].name): _text(path, key, value, known[key].is_flag)
        for key, value in table.items()
    }


def _text(path: Path, key: str, value: Any, is_flag: bool) -> Any:
    """Give a value as the command line would; raise UsageError where it could not be there."""
    if isinstance(value, bool) and is_flag:
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        wanted = "true or false" if is_flag else "a text or a number"
        shown = str(value).lower() if isinstance(value, bool) else value
        raise click.UsageError(f"{path}: {key} must be {wanted}, not {shown}.")
    return str(value)


_OPTIONS = (
    options.GDB,
    options.GDB_1234,
    options.HALT,
    options.HISTORY,
    click.option("--nvram", type=NVRAM, metavar="FILE", help="Keep memory in a file."),
    options.NVRAM_SYNC,
    click.option(
        "--memory", type=MEMORY, metavar="SIZE", help="Memory: 64k, 1M (the default), 2G."
    ),
    click.option(
        "--load-address",
        type=ADDRESS,
        metavar="A",
        default=MEMORY_START,
        help="Where a raw image goes (0x1000).",
    ),
    click.option(
        "--clock",
        type=click.Choice([clock.value for clock in Clock]),
        help="How sleep passes: at once, or a microsecond a tick (where a person can type).",
    ),
    options.ENGINE,
    options.LIMIT,
    click.option(
        "--byte-ticks",
        type=TICKS,
        metavar="N",
        help="Ticks that a byte takes on the serial line (0).",
    ),
    click.option("--serial-log", type=FILE, metavar="FILE", help="Write what the firmware sends."),
    options.STATE,
    click.option(
        "--profile",
        type=FILE,
        metavar="FILE",
        help="Write how many instructions each function and call stack executed: "
        ".collapsed, .txt or .speedscope.json.",
    ),
    click.option(
        "--trace",
        type=FILE,
        metavar="FILE",
        help="Write what happened when, as JSON for Perfetto.",
    ),
    click.option(
        "--vcd", type=FILE, metavar="FILE", help="Write pc, mode, interrupts and ports as waves."
    ),
    click.option(
        "--capsule", type=FILE, metavar="FILE", help="Write the run, for `soclet replay`."
    ),
    click.option(
        "--record",
        type=FILE,
        metavar="FILE",
        help="Write the run as it goes, for `soclet replay`, with marks of the state on the way.",
    ),
    click.option(
        "--restore",
        type=FILE,
        metavar="FILE",
        help="Go on with a machine that `monitor save` saved.",
    ),
    options.STATE_DIR,
    options.REMOTE,
    click.option(
        "--config",
        type=FILE,
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        help="Take options from the table [run] of a TOML file.",
    ),
)

_SERIAL_AT = 3
"""Where the help shows the serial line."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def takes_run_options(*, serial: str) -> Callable[[_Function], _Function]:
    """Declare the options of a run: the function gets them by name, for `read_options`.

    `serial` is the serial line unless said otherwise.
    """
    line = options.serial(serial)

    def declare(function: _Function) -> _Function:
        for option in reversed((*_OPTIONS[:_SERIAL_AT], line, *_OPTIONS[_SERIAL_AT:])):
            function = option(function)
        return function

    return declare


def read_options(
    image: str | None, *, gdb: str | None, gdb_1234: bool, clock: str | None, **others: Any
) -> RunOptions:
    """Give a run's options from what the command line has; raise UsageError where it lacks some."""
    if image is None and others["restore"] is None:
        raise click.UsageError("Missing argument 'IMAGE', or --restore FILE for a saved machine.")
    return RunOptions(
        image,
        gdb=options.gdb_port(gdb, gdb_1234),
        clock=Clock(clock) if clock else None,
        **others,
    )


@click.command()
@click.argument("image", required=False, type=IMAGE)
@takes_run_options(serial="stdio")
def command(image: str | None, **given: Any) -> int:
    """Run firmware.

    IMAGE is an ELF, Intel HEX, S-record or raw binary file, an assembly source, `demo:NAME` for
    firmware that comes with soclet, or `-` to run what is in NVRAM. With --restore the machine goes
    on from where it was saved: memory, --memory and --byte-ticks are the saved one's, an --nvram
    file takes that memory, and IMAGE, which may be left out, only gives names and lines.

    The exit status is the firmware's own; 124 the limit was reached; 125 it could not start; 126
    the CPU check-stopped; 127 it sleeps and nothing can wake it; 130 interrupted.
    """
    chosen = read_options(image, **given)
    status: int = reporting(lambda: run_session(chosen))
    return status
