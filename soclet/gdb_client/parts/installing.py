"""Tells gdb of all that the script defines. A second load takes the place of the first."""

from soclet.gdb_client.parts.commands import install_commands
from soclet.gdb_client.parts.decorating import install_decorating
from soclet.gdb_client.parts.disassembling import install_disassembler
from soclet.gdb_client.parts.refreshing import install_refreshing
from soclet.gdb_client.parts.unwinding import install_unwinder


def install() -> None:
    """Put everything in its place."""
    install_disassembler()
    unwinder = install_unwinder()
    install_decorating(unwinder.is_interrupted)
    install_refreshing()
    install_commands()
