"""What a failing test shows of a machine: all that one would ask a debugger first."""

from collections.abc import Iterator
from typing import Final

from isa_spec.registers import PC, PTBR, REGISTERS, STATUS
from soclet import sentences
from soclet.backtrace import Backtrace
from soclet.excerpt import excerpt
from soclet.testing.machine_under_test import MachineUnderTest

_LINES: Final = 20
"""Lines of serial output."""
_TRAPS: Final = 5
_FRAMES: Final = 10
_IN_A_ROW: Final = 4
"""Registers."""


def report(machine: MachineUnderTest) -> str:
    """Tell where a machine is and how it came there, what it has said last, and its registers."""
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
    yield from _source(machine)
    yield "backtrace:"
    backtrace = Backtrace(machine.machine, machine.places, machine.image)
    yield from (f"  {frame}" for frame in backtrace.show(_FRAMES))
    traps = machine.traps[-_TRAPS:]
    yield "last traps and interrupts:"
    for entered in traps:
        yield f"  {sentences.trap_entered(machine.machine, machine.places, entered)}"
    if not traps:
        yield "  none"


def _source(machine: MachineUnderTest) -> Iterator[str]:
    """Show the source around the instruction to come, where it is found."""
    r = machine.machine.cpu.r
    line = machine.places.line_in(r[PC], r[STATUS], r[PTBR])
    shown = [] if line is None or machine.image is None else excerpt(machine.image, line)
    if line is not None and shown:
        yield f"source, {line.file}:"
        yield from (f"  {each}" for each in shown)
