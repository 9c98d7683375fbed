"""`soclet flash`: put an image into an NVRAM file."""

from pathlib import Path

import click

from isa_spec.memory_map import DEFAULT_MEMORY
from machine import nvram as nvram_file
from soclet import demos
from soclet.commands import options
from soclet.commands.parameters import ADDRESS, IMAGE, MEMORY, NVRAM, reporting
from soclet.errors import UserError, tell
from soclet.files import check_apart, memory_size_of


@click.command()
@click.argument("image", type=IMAGE)
@click.option(
    "--nvram",
    required=True,
    type=NVRAM,
    metavar="FILE",
    help="The file; made where it is missing.",
)
@options.NVRAM_SYNC
@click.option("--memory", type=MEMORY, metavar="SIZE", help="The file's size, 1M for a new one.")
@click.option(
    "--load-address",
    type=ADDRESS,
    metavar="A",
    default=0x1000,
    help="Where a raw image goes (0x1000).",
)
def command(
    image: str, nvram: Path, nvram_sync: bool, memory: int | None, load_address: int
) -> None:
    """Put IMAGE into an NVRAM file, keeping the rest of it, wholly or not at all.

    Refused while a machine has the file.
    """
    from toolchain.images import load_image

    def put() -> None:
        check_apart({"--nvram": nvram}, {"IMAGE": Path(image)})
        size = memory or memory_size_of(nvram) or DEFAULT_MEMORY
        loaded = load_image(
            demos.resolve(image),
            memory_size=size,
            load_address=load_address,
        )
        segments = [(segment.address, segment.data) for segment in loaded.segments]
        try:
            recovered = nvram_file.flash(
                nvram, memory, segments, default_size=DEFAULT_MEMORY, durable=nvram_sync
            )
        except nvram_file.NvramError as error:
            raise UserError(str(error)) from error
        if recovered:
            tell(f"soclet: {recovered}")

    reporting(put)
