"""What a failing test shows of a machine: all that one would ask a debugger first."""

from collections.abc import Iterator
from typing import Final

from isa_spec.registers import REGISTERS
from soclet import sentences
from soclet.testing.machine_under_test import MachineUnderTest

_LINES: Final = 20
"""Lines of serial output."""
_TRAPS: Final = 5
_IN_A_ROW: Final = 4
"""Registers."""


def report(machine: MachineUnderTest) -> str:
    """Tell where a machine is, what it has said last, its registers and its last traps."""
    return "\n".join(_lines(machine))


def _lines(machine: MachineUnderTest) -> Iterator[str]:
    image = machine.image.name if machine.image is not None else "no image"
    yield f"{image}: {machine.how_it_stands()}"
    yield f"seed {machine.configuration.seed}"
    output = machine.serial.output.splitlines()
    yield f"serial output{' (its end)' if len(output) > _LINES else ''}:"
    yield from (f"  {line}" for line in output[-_LINES:] or ["nothing"])
    yield "registers:"
    shown = [f"{each.name:>8} {machine.registers[each.name]:#010x}" for each in REGISTERS]
    for at in range(0, len(shown), _IN_A_ROW):
        yield " ".join(shown[at : at + _IN_A_ROW])
    traps = machine.traps[-_TRAPS:]
    yield "last traps and interrupts:"
    for entered in traps:
        yield f"  {sentences.trap_entered(machine.machine, machine.places, entered)}"
    if not traps:
        yield "  none"
