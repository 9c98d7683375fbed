"""`soclet isa`: show the manual of the instruction set."""

import click

FORMATS = ("text", "markdown", "json")


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="What to make of it.",
)
def command(form: str) -> None:
    """Show the manual of the instruction set, derived from the rows that define it."""
    from isa_spec.manual import render

    click.echo(render(form), nl=False)
