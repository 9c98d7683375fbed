"""`soclet dis`: show an image as assembly."""

import click

from soclet import demos
from soclet.commands.parameters import ADDRESS, IMAGE, reporting


@click.command()
@click.argument("image", type=IMAGE)
@click.option(
    "--load-address",
    type=ADDRESS,
    metavar="A",
    default=0x1000,
    help="Where a raw image goes (0x1000).",
)
def command(image: str, load_address: int) -> None:
    """Disassemble IMAGE, in a form that `soclet asm` takes again."""
    from toolchain.disassembly import disassemble_image
    from toolchain.images import load_image

    def show() -> None:
        loaded = load_image(demos.resolve(image), load_address=load_address)
        for line in disassemble_image(loaded):
            click.echo(line)

    reporting(show)
