"""Erasing and programming flash memory.

Knows the packets; must not know the rules for what may follow what, which the plan has.
"""

from gdbstub import parsing
from gdbstub.client import Client
from gdbstub.flash_plan import FlashPlan, NotFlashError
from gdbstub.registry import packet
from gdbstub.replies import OK
from gdbstub.target import Flash, TargetError

MEMORY_TYPE = b"E.memtype"
"""The reply that the manual wants where the address is not one of flash memory."""


@packet(b"vFlashErase:")
def erase(client: Client, target: Flash, arguments: bytes) -> bytes:
    """Will you erase these blocks?  GDB manual: `vFlashErase:addr,length`."""
    start, length = parsing.place(arguments)
    plan = client.flash_plan or FlashPlan(target)
    try:
        plan.erase(start, length)
    except NotFlashError:
        return MEMORY_TYPE
    client.flash_plan = plan
    return OK


@packet(b"vFlashWrite:")
def write(client: Client, target: Flash, arguments: bytes) -> bytes:
    """Will you program these bytes?  GDB manual: `vFlashWrite:addr:XX…`."""
    address, colon, data = arguments.partition(b":")
    if not colon:
        raise TargetError("an address, a colon and the data are wanted")
    plan = client.flash_plan or FlashPlan(target)
    try:
        plan.write(parsing.number(address), data)
    except NotFlashError:
        return MEMORY_TYPE
    return OK


@packet(b"vFlashDone", needs=Flash)
def done(client: Client) -> bytes:
    """Will you do it now?  GDB manual: `vFlashDone`. Whatever comes of it, the plan is over."""
    plan, client.flash_plan = client.flash_plan, None
    if plan is not None:
        plan.commit()
    return OK
