"""`soclet replay`: run again what a capsule holds."""

from pathlib import Path
from typing import Any

import click

from soclet.commands import options
from soclet.commands.parameters import FILE
from soclet.errors import UserError
from soclet.replay import ReplayOptions, replay


@click.command()
@click.argument("capsule", type=FILE, metavar="FILE")
@options.GDB
@options.GDB_1234
@click.option("-S", "--halt", is_flag=True, help="Wait for gdb, as with --gdb it always does.")
@options.serial("stdio")
@options.HISTORY
@options.ENGINE
@options.LIMIT
@options.STATE
@options.STATE_DIR
@options.REMOTE
def command(capsule: Path, *, gdb: str | None, gdb_1234: bool, halt: bool, **others: Any) -> int:
    """Run again, exactly, what the capsule FILE holds.

    `soclet run --capsule FILE` writes one, and so does a failing test; `soclet run --record FILE`
    writes one as it runs, with marks of the state on the way. Nothing that is typed counts until
    the recording ends. With --gdb the machine waits for gdb, which stops at that end; after it
    the machine goes on as a live one.

    The replay is compared with the recording at each mark and at the end. Where they differ, it is
    told between which marks, or at which instruction the engine is wrong, and what differs.

    The exit status is 0 where the machine ended in the recorded state; 3 where it did not; 124
    the limit was reached before; 130 interrupted before.
    """
    port = options.gdb_port(gdb, gdb_1234)
    if halt and port is None:
        raise UserError("--halt waits for a debugger: give --gdb PORT too")
    return replay(ReplayOptions(capsule, gdb=port, **others))
