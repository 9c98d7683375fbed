"""Tells gdb of all that the script defines. A second load takes the place of the first."""

from soclet.gdb_client.parts.disassembling import install_disassembler


def install() -> None:
    """Put everything in its place."""
    install_disassembler()
