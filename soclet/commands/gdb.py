"""`soclet gdb`: a machine, and gdb on it."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from soclet import demos
from soclet.commands.parameters import IMAGE, reporting
from soclet.commands.run import read_options, takes_run_options
from soclet.errors import UserError
from soclet.session import RunOptions
from soclet.start import NO_IMAGE

_STDIO: Final = "stdio"
_FOR_GDB: Final = "gdb arguments"


class _PassesOn(click.Command):
    """A command whose words after `--` are not its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put them aside, and read the others."""
        end = args.index("--") if "--" in args else len(args)
        ctx.meta[_FOR_GDB] = args[end + 1 :]
        return super().parse_args(ctx, args[:end])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Show them."""
        return [*super().collect_usage_pieces(ctx), "[-- GDB-ARGUMENTS]"]


@click.command(cls=_PassesOn)
@click.argument("image", required=False, type=IMAGE)
@takes_run_options(serial="tcp:0")
@click.pass_context
def command(ctx: click.Context, /, image: str | None, **options: Any) -> int:
    """Debug firmware: run a machine, halted at reset, and gdb on it.

    IMAGE and the options are those of `soclet run`, but that the serial line cannot be the
    terminal: that is gdb's. Words after `--` go to gdb. The machine ends when gdb does; the exit
    status is gdb's.

    gdb is gdb-multiarch, or else a gdb that knows arm; the variable SOCLET_GDB names another.
    """
    chosen = read_options(image, **options)
    if chosen.serial == _STDIO:
        raise UserError("--serial stdio: the terminal is gdb's; give tcp:0, pty or another")
    chosen = replace(chosen, halt=True, gdb="0" if chosen.gdb is None else chosen.gdb)
    status: int = reporting(lambda: _debug(chosen, ctx.meta[_FOR_GDB]))
    return status


def _debug(options: RunOptions, arguments: list[str]) -> int:
    from soclet.gdb_client import debugger
    from soclet.gdb_client.generator import generate
    from soclet.gdb_client.machine_process import MachineProcess

    gdb = debugger.find()
    with tempfile.TemporaryDirectory(prefix="soclet-") as name:
        folder = Path(name)
        script = folder / "soclet.py"
        script.write_text(generate(), encoding="utf-8")
        symbols = _symbols(options.image, folder)
        if symbols is not None:
            options = replace(options, image=str(symbols))
        with MachineProcess(options, folder / "errors") as machine:
            return debugger.run(
                debugger.command(
                    gdb,
                    script=script,
                    address=machine.gdb_address,
                    symbols=symbols,
                    arguments=arguments,
                )
            )


def _symbols(image: str | None, folder: Path) -> Path | None:
    """Give an ELF file of the image: itself, or made of its source; None where there is none."""
    if image is None or image == NO_IMAGE:
        return None
    from toolchain.assembler import assemble
    from toolchain.images import ASSEMBLY, ELF, format_of
    from toolchain.writers import write_image

    path = Path(demos.resolve(image))
    try:
        with path.open("rb") as file:
            kind = format_of(path.name, file.read(4))
    except OSError:
        return None  # The run says what is wrong with it.
    if kind is ELF:
        return path
    if kind is not ASSEMBLY:
        return None
    made = folder / f"{path.stem}.elf"
    write_image(assemble(path), made)
    return made
