"""`soclet gdb-script`: write the script that gives gdb our disassembler and commands."""

from pathlib import Path

import click

from soclet.commands.parameters import FILE


@click.command()
@click.option("-o", "out", type=FILE, metavar="FILE", help="Write it there instead.")
def command(out: Path | None) -> None:
    """Print the script for gdb's own Python: `gdb-multiarch -x FILE firmware.elf` loads it.

    One file that needs nothing of soclet. It acts only where gdb is attached to a machine of ours.
    """
    from soclet.files import check_writable, write_whole
    from soclet.gdb_client.generator import generate

    script = generate()
    if out is None:
        click.echo(script, nl=False)
        return
    check_writable(out)
    write_whole(out, script.encode())
