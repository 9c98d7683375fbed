"""Options that several sub-commands share."""

from collections.abc import Callable
from typing import Any, Final

import click
from click.core import ParameterSource

from machine.device import NEVER
from machine.engines import AUTO, ENGINES
from soclet.commands.parameters import FILE, SIZE, TICKS
from soclet.runner import DEFAULT_HISTORY

Declare = Callable[[Callable[..., Any]], Callable[..., Any]]

GDB: Final = click.option(
    "--gdb", metavar="[HOST:]PORT", help="Listen for gdb; port 0 takes a free one."
)
GDB_1234: Final = click.option("-s", "gdb_1234", is_flag=True, help="The same as --gdb 1234.")
HALT: Final = click.option(
    "-S", "--halt", is_flag=True, help="Wait for gdb before the first instruction."
)
ENGINE: Final = click.option(
    "--engine",
    type=click.Choice([AUTO, *ENGINES]),
    default=AUTO,
    show_default=True,
    help="What executes instructions.",
)
HISTORY: Final = click.option(
    "--history",
    type=SIZE,
    metavar="SIZE",
    default=DEFAULT_HISTORY,
    show_default="256M",
    help="Memory for the past that a debugger can go back to.",
)
LIMIT: Final = click.option(
    "--limit",
    type=TICKS,
    metavar="TICKS",
    default=NEVER,
    show_default="none",
    help="End the run at this tick: 5000, 10k, 3M.",
)
NVRAM_SYNC: Final = click.option(
    "--nvram-sync",
    is_flag=True,
    help="Have the NVRAM file survive the host's losing power, too; slower.",
)
STATE: Final = click.option(
    "--state", type=FILE, metavar="FILE", help="Write how the run ended, as JSON."
)
STATE_DIR: Final = click.option(
    "--state-dir",
    type=FILE,
    metavar="DIR",
    help="Let monitor commands read and write files in this folder.",
)
REMOTE: Final = click.option(
    "--allow-remote", is_flag=True, help="Let listeners be reached from other hosts."
)


def serial(default: str) -> Declare:
    """Give the option that says where the serial line goes."""
    return click.option(
        "--serial",
        metavar="SPEC",
        default=default,
        show_default=True,
        help="stdio, tcp:[HOST:]PORT, telnet:[HOST:]PORT, unix:PATH, pty, file:PATH or none.",
    )


def gdb_port(gdb: str | None, gdb_1234: bool) -> str | None:
    """Give the debugger's port from --gdb and -s; raise UsageError where they contradict."""
    if not gdb_1234:
        return gdb
    source = click.get_current_context().get_parameter_source("gdb")
    if source is ParameterSource.COMMANDLINE and gdb != "1234":
        raise click.UsageError("-s is --gdb 1234: give one of them.")
    return "1234"
