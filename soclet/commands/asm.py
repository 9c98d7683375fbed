"""`soclet asm`: assemble a source file into an image."""

from pathlib import Path

import click

from soclet import demos
from soclet.commands.parameters import FILE, IMAGE, reporting
from soclet.files import check_apart, check_writable, write_together


@click.command()
@click.argument("source", type=IMAGE)
@click.option(
    "-o",
    "out",
    type=FILE,
    metavar="OUT",
    help="The image: ELF, or by its ending .hex, .srec, .bin; else SOURCE with the ending .elf.",
)
@click.option("--listing", type=FILE, metavar="FILE", help="Write addresses, bytes and source.")
def command(source: str, out: Path | None, listing: Path | None) -> None:
    """Assemble SOURCE, a file or `demo:NAME`.

    Every error is told, one a line, as file:line:column; nothing is written then.
    """
    from toolchain.assembler import assemble
    from toolchain.listing import listing as listing_of
    from toolchain.writers import encode_image

    path = Path(demos.resolve(source))
    # A demo's own folder is the package's, not the user's.
    beside = Path(path.name) if demos.is_demo(source) else path
    image = out if out is not None else beside.with_suffix(".elf")

    def build() -> None:
        check_apart({"-o": image, "--listing": listing}, {"SOURCE": path})
        program = assemble(path)
        files = {image: encode_image(program, image.name)}
        if listing is not None:
            files[listing] = "".join(f"{line}\n" for line in listing_of(program)).encode()
        for file in files:
            check_writable(file)
        write_together(files)

    reporting(build)
