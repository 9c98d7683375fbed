"""Reading and writing registers.

Knows which packet asks for which; must not know a register by name.
"""

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import TargetError


@packet(b"g")
def read_registers(client: Client) -> bytes:
    """What is in the registers?  GDB manual: `g`."""
    return client.registers.read_all()


@packet(b"G")
def write_registers(client: Client, arguments: bytes) -> bytes:
    """Will you load these registers?  GDB manual: `G XX…`."""
    client.registers.write_all(arguments)
    return OK


@packet(b"p")
def read_register(client: Client, arguments: bytes) -> bytes:
    """What is in this register?  GDB manual: `p n`."""
    return client.registers.read(parsing.number(arguments))


@packet(b"P")
def write_register(client: Client, arguments: bytes) -> bytes:
    """Will you load this register?  GDB manual: `P n…=r…`."""
    register, equals, digits = arguments.partition(b"=")
    if not equals:
        raise TargetError("a register, an equals sign and its value are wanted")
    client.registers.write(parsing.number(register), digits)
    return OK
