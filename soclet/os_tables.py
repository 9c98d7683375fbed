"""The machine and its guest as tables: what gdb's `info os` shows.

Knows machines and the guest's processes; must not know packets.
"""

from itertools import islice
from typing import Final

from gdbstub.target import OsTable
from isa_spec.registers import PC, STATUS
from isa_spec.traps import BY_NUMBER
from machine.machine import Machine
from soclet import sentences, views
from soclet.processes.source import Process, ThreadSource
from soclet.source_map import SourceMap

MOST_PAGES: Final = 1000
"""Rows of the table of pages: a client reads each table whole."""

Row = tuple[str, ...]


def processes(machine: Machine, source: ThreadSource | None) -> OsTable:
    """Give the guest's processes, as far as it carries a descriptor."""
    found = () if source is None else tuple(source.processes())
    rows = tuple(_process(machine, source, each) for each in found if source is not None)
    columns = ("pid", "name", "state", "mode", "pc", "ptbr")
    return OsTable("processes", "Processes", "The guest's processes", columns, rows)


def _process(machine: Machine, source: ThreadSource, process: Process) -> Row:
    running = process.pid == source.current_pid()
    pc = machine.cpu.r[PC] if running else source.register(process, PC)
    status = machine.cpu.r[STATUS] if running else source.register(process, STATUS)
    ptbr = source.ptbr(process)
    state = "running" if running else process.state
    mode = "" if status is None else sentences.mode(status)
    return str(process.pid), process.name, state, mode, _hex(pc), _hex(ptbr)


def _hex(word: int | None) -> str:
    return "" if word is None else f"{word:#x}"


def traps(machine: Machine, places: SourceMap) -> OsTable:
    """Give the last traps and interrupts that were entered, the newest last."""
    rows = []
    for each in machine.cpu.entered:
        vector = BY_NUMBER.get(each.cause & 0xFF)
        name = "" if vector is None else vector.name
        what = sentences.trap(machine, each)
        place = places.show_in(each.pc, each.status, each.ptbr)
        rows.append((str(each.time), str(each.cause & 0xFF), name, place, what))
    columns = ("tick", "vector", "name", "pc", "what")
    return OsTable("traps", "Traps", "The last traps and interrupts", columns, tuple(rows))


def ports(machine: Machine) -> OsTable:
    """Give the devices' ports with what a load would see, without its side effects."""
    rows = []
    for device in machine.bus.devices.values():
        for port in device.ports:
            word = machine.bus.peek(port.address, machine.cpu.time)
            rows.append((device.name, port.name, f"{port.address:#06x}", _hex(word)))
    columns = ("device", "port", "address", "word")
    return OsTable("ports", "Ports", "The ports of the I/O page", columns, tuple(rows))


def pages(machine: Machine) -> OsTable:
    """Give what the page table that ptbr names maps."""
    rows = tuple(
        (
            f"{each.start:#x}",
            f"{each.start + each.length - 1:#x}",
            f"{each.physical:#x}",
            views.rights(each.flags),
        )
        for each in islice(views.mappings(machine), MOST_PAGES)
    )
    columns = ("from", "to", "physical", "rights")
    return OsTable("pages", "Pages", "What the page table maps", columns, rows)


def tables(machine: Machine, source: ThreadSource | None, places: SourceMap) -> tuple[OsTable, ...]:
    """Give all of them."""
    return processes(machine, source), traps(machine, places), pages(machine), ports(machine)
