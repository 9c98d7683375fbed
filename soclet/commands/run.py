"""`soclet run`: the options of a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from isa_spec.memory_map import MEMORY_START
from machine.device import NEVER
from machine.engines import AUTO, ENGINES
from soclet.commands.parameters import ADDRESS, MEMORY, TICKS, reporting
from soclet.errors import UserError
from soclet.runner import Clock
from soclet.session import RunOptions
from soclet.session import run as run_session

_FILE = click.Path(path_type=Path)


def _read_config(ctx: click.Context, _param: click.Parameter, path: Path | None) -> None:
    """Take defaults from a TOML file's table [run]; the command line wins."""
    if path is None:
        return
    import tomllib

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("run", {})
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from error
    options = {
        name.removeprefix("--"): param.name
        for param in ctx.command.params
        if isinstance(param, click.Option) and param.expose_value
        for name in param.opts
        if name.startswith("--")
    }
    if not isinstance(table, dict):
        raise UserError(f"{path}: 'run' must be a table: [run]")
    for key in table:
        if key not in options:
            raise UserError(f"{path}: no option {key!r}; there are {', '.join(sorted(options))}")
    ctx.default_map = {options[key]: _text(value) for key, value in table.items()}


def _text(value: Any) -> Any:
    return value if isinstance(value, bool) else str(value)


_OPTIONS = (
    click.option("--gdb", metavar="[HOST:]PORT", help="Listen for gdb; port 0 takes a free one."),
    click.option("-s", "gdb_1234", is_flag=True, help="The same as --gdb 1234."),
    click.option("-S", "--halt", is_flag=True, help="Wait for gdb before the first instruction."),
    click.option("--nvram", type=_FILE, metavar="FILE", help="Keep memory in a file."),
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
    click.option(
        "--engine",
        type=click.Choice([AUTO, *ENGINES]),
        default=AUTO,
        show_default=True,
        help="What executes instructions.",
    ),
    click.option(
        "--limit",
        type=TICKS,
        metavar="TICKS",
        default=NEVER,
        show_default="none",
        help="End the run at this tick: 5000, 10k, 3M.",
    ),
    click.option(
        "--byte-ticks",
        type=TICKS,
        metavar="N",
        default=0,
        show_default=True,
        help="Ticks that a byte takes on the serial line.",
    ),
    click.option("--serial-log", type=_FILE, metavar="FILE", help="Write what the firmware sends."),
    click.option("--state", type=_FILE, metavar="FILE", help="Write how the run ended, as JSON."),
    click.option(
        "--profile",
        type=_FILE,
        metavar="FILE",
        help="Write how many instructions each function and call stack executed: "
        ".collapsed, .txt or .speedscope.json.",
    ),
    click.option(
        "--trace",
        type=_FILE,
        metavar="FILE",
        help="Write what happened when, as JSON for Perfetto.",
    ),
    click.option(
        "--vcd", type=_FILE, metavar="FILE", help="Write pc, mode, interrupts and ports as waves."
    ),
    click.option("--allow-remote", is_flag=True, help="Let listeners be reached from other hosts."),
    click.option(
        "--config",
        type=_FILE,
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
    line = click.option(
        "--serial",
        metavar="SPEC",
        default=serial,
        show_default=True,
        help="stdio, tcp:[HOST:]PORT, unix:PATH, pty, file:PATH or none.",
    )

    def declare(function: _Function) -> _Function:
        for option in reversed((*_OPTIONS[:_SERIAL_AT], line, *_OPTIONS[_SERIAL_AT:])):
            function = option(function)
        return function

    return declare


def read_options(image: str, *, gdb_1234: bool, clock: str | None, **options: Any) -> RunOptions:
    """Give a run's options from what the command line has."""
    if gdb_1234:
        source = click.get_current_context().get_parameter_source("gdb")
        if source is ParameterSource.COMMANDLINE and options["gdb"] != "1234":
            raise click.UsageError("-s is --gdb 1234: give one of them.")
        options["gdb"] = "1234"
    return RunOptions(image, clock=Clock(clock) if clock else None, **options)


@click.command()
@click.argument("image")
@takes_run_options(serial="stdio")
def command(image: str, **options: Any) -> int:
    """Run firmware.

    IMAGE is an ELF, Intel HEX, S-record or raw binary file, an assembly source, `demo:NAME` for
    firmware that comes with soclet, or `-` to run what is in NVRAM. The exit status is the
    firmware's own; 124 the limit was reached; 125 it could not start; 126 the CPU check-stopped;
    127 it sleeps and nothing can wake it; 130 interrupted.
    """
    chosen = read_options(image, **options)
    status: int = reporting(lambda: run_session(chosen))
    return status
