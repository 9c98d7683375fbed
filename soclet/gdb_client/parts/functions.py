"""Where functions begin, by what the program's file says."""

from isa_spec.formats import LENGTH
from isa_spec.words import WORD
from soclet.gdb_client import api as gdb
from soclet.gdb_client.parts.frames import Context
from soclet.gdb_client.parts.target import symbol_at


def within(pc: int, context: Context) -> int:
    """Give an address in the function of a frame: a call may be the last thing in it."""
    return pc if context.exact else (pc - LENGTH) & WORD


def described(address: int) -> int | None:
    """Give the beginning of the function that debugging information has at an address.

    Such a function has call frame information too. None where there is none.
    """
    block = gdb.block_for_pc(address)
    while block is not None and block.function is None:
        block = block.superblock
    return None if block is None else block.start


def beginning(address: int) -> int | None:
    """Give the beginning of the function at an address, by any symbol."""
    start = described(address)
    if start is None and (symbol := symbol_at(address)) is not None:
        start = address - symbol[1]
    return start
