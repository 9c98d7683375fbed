"""Invariants that most kernels have: what may be asked of a machine at every turn.

Each is given to a machine once and holds from then on; where it does not, the test fails at that
instruction. Others are made with `MachineUnderTest.always`. Must not know pytest.
"""

from isa_spec.paging import ENTRY_PAGE, PAGE_SHIFT, Entry
from isa_spec.registers import SP, Status
from machine.happenings import Block, ModeChange, TableSwitch
from machine.trapped import Happening
from soclet.testing.machine_under_test import MachineUnderTest
from soclet.views import mappings


def no_user_page_maps(machine: MachineUnderTest, start: int | str, end: int | str) -> None:
    """User mode is never entered with physical memory from start up to end in its reach.

    Looked at whenever the mode or ptbr changes: what a kernel does to a table in between is its own
    affair.
    """
    first, last = machine.symbols.address(start), machine.symbols.address(end)

    def check(_happening: Happening) -> str | None:
        if machine.registers["status"] & Status.KERNEL:
            return None
        for mapping in mappings(machine.machine):
            to = mapping.physical & ENTRY_PAGE
            if mapping.flags & Entry.USER and to < last and first < to + mapping.length:
                page = mapping.start >> PAGE_SHIFT
                return f"user page {page:#x} maps physical {to:#x}, which is the kernel's"
        return None

    machine.always(ModeChange, check)
    machine.always(TableSwitch, check)


def interrupts_are_off_for_at_most(machine: MachineUnderTest, ticks: int) -> None:
    """Interrupts, once they were on, are never off for longer than so many ticks.

    Looked at when they come on again.
    """
    off_since: list[int] = []

    def check(change: ModeChange) -> str | None:
        was_on, is_on = change.before & Status.INTERRUPTS, change.after & Status.INTERRUPTS
        if was_on and not is_on:
            off_since[:] = [change.time]
        elif is_on and off_since:
            since = off_since.pop()
            if change.time - since > ticks:
                return f"interrupts were off from tick {since} on, for {change.time - since} ticks"
        return None

    machine.always(ModeChange, check)


def sp_stays_inside(machine: MachineUnderTest, start: int | str, end: int | str) -> None:
    """The stack pointer, once it was set, is in start ≤ sp ≤ end wherever a block ends.

    Slow: blocks end every few instructions.
    """
    first, last = machine.symbols.address(start), machine.symbols.address(end)

    def check(_block: Block) -> str | None:
        sp = machine.machine.cpu.r[SP]
        return None if sp == 0 or first <= sp <= last else f"sp is {sp:#x}, outside its stack"

    machine.always(Block, check)
