"""`soclet asm`: assemble a source file into an image."""

from pathlib import Path

import click

from soclet.commands.parameters import reporting
from soclet.files import write_whole

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("source", type=_FILE)
@click.option(
    "-o",
    "out",
    type=_FILE,
    metavar="OUT",
    help="The image: ELF, or by its ending .hex, .srec, .bin; else SOURCE with the ending .elf.",
)
@click.option("--listing", type=_FILE, metavar="FILE", help="Write addresses, bytes and source.")
def command(source: Path, out: Path | None, listing: Path | None) -> None:
    """Assemble SOURCE.

    Every error is told, one a line, as file:line:column; nothing is written then.
    """
    from toolchain.assembler import assemble
    from toolchain.listing import listing as listing_of
    from toolchain.writers import write_image

    def build() -> None:
        program = assemble(source)
        write_image(program, out if out is not None else source.with_suffix(".elf"))
        if listing is not None:
            lines = "".join(f"{line}\n" for line in listing_of(program))
            write_whole(listing, lines.encode())

    reporting(build)
