"""What happened to a machine, said in sentences for people, with the program's names for places.

Knows machines and the map of the program; must not know debuggers.
"""

from typing import Final

from isa_spec.formats import LENGTH
from isa_spec.memory_map import MEMORY_START
from isa_spec.registers import CAUSE, DETAIL, IMASK, IVEC, PC, PTBR, STATUS, Status
from isa_spec.traps import (
    BY_NUMBER,
    FIRST_INTERRUPT,
    ILLEGAL,
    NOTHING,
    PRIVILEGED,
    SYSTEM_CALL,
    VECTOR_COUNT,
    Access,
)
from isa_spec.words import WORD
from machine.machine import Machine
from machine.trapped import Entered
from soclet.source_map import SourceMap

_DOING: Final[dict[int, str]] = {
    Access.LOAD: "loading from",
    Access.STORE: "storing to",
    Access.FETCH: "fetching from",
}


def trap(machine: Machine, entered: Entered) -> str:
    """Tell why a trap or interrupt came, such as `page not present, loading from 0x5000`."""
    number, detail = entered.cause & 0xFF, entered.detail
    vector = BY_NUMBER.get(number)
    if vector is None:
        return f"interrupt {number}"
    if vector.access:
        # A debugger may have written anything to cause.
        where = f"{_DOING.get(entered.cause & ~0xFF, 'using')} {detail:#x}"
        if vector is NOTHING:
            return f"{where} ({_nothing(machine, entered)})"
        return f"{vector.what}, {where}"
    if vector is SYSTEM_CALL:
        return f"the instruction `trap {detail:#x}`"
    if vector in (ILLEGAL, PRIVILEGED):
        return f"{vector.what}, whose low word is {detail:#010x}"
    return vector.what


def _nothing(machine: Machine, entered: Entered) -> str:
    """Say of an address that an access found nothing at what is there instead."""
    address = entered.detail
    if entered.status & Status.VIRTUAL:
        return "its page is no memory, or no port for that"
    if address >= MEMORY_START:
        return f"nothing is there: memory is {_memory(machine)}"
    if entered.cause & ~0xFF == Access.FETCH:
        return "the I/O page holds no instructions"
    if not entered.status & Status.KERNEL:
        return "user mode reaches the I/O page only through a page table"
    for device in machine.bus.devices.values():
        for port in device.ports:
            if port.address == address:
                way = "loaded from" if port.store is None else "stored to"
                return f"the port {port.name} can only be {way}"
    return "no port is at exactly that address"


def _memory(machine: Machine) -> str:
    return f"{MEMORY_START:#x} to {machine.memory.size - 1:#x}"


def _place(entered: Entered, places: SourceMap) -> str:
    """Tell where a trap was, or what an interrupt came before."""
    number = entered.cause & 0xFF
    at = "before" if FIRST_INTERRUPT <= number < VECTOR_COUNT else "at"
    mode = "" if entered.status & Status.KERNEL else ", in user mode"
    return f"{at} pc {places.show_in(entered.pc, entered.status, entered.ptbr)}{mode}"


def trap_entered(machine: Machine, places: SourceMap, entered: Entered) -> str:
    """Tell a trap that was entered: the tick, the vector, why, and where."""
    return (
        f"tick {entered.time}: vector {entered.cause & 0xFF}, "
        f"{trap(machine, entered)}, {_place(entered, places)}"
    )


def mode(status: int) -> str:
    """Tell the mode that a status is of."""
    return "kernel mode" if status & Status.KERNEL else "user mode"


def position(machine: Machine, places: SourceMap) -> str:
    """Tell the tick, where the machine is, and in what mode and state."""
    cpu = machine.cpu
    state = "switched off" if cpu.exit_status is not None else "asleep" if cpu.asleep else ""
    state = "check-stopped" if cpu.check_stopped else state
    at = f"tick {cpu.time}: pc {places.show(cpu.r[PC])}, {mode(cpu.r[STATUS])}"
    return f"{at}, {state}" if state else at


def interrupted(machine: Machine, places: SourceMap) -> str:
    """Tell the interrupt that was just entered, and what it came before."""
    entered = machine.cpu.entered[-1]
    return f"interrupt: {trap(machine, entered)}, {_place(entered, places)}"


def check_stop(machine: Machine, places: SourceMap) -> str:
    """Tell why the CPU check-stopped (isa §5)."""
    r = machine.cpu.r
    # The registers say it even of a machine that was restored; pc and status are as they were.
    entered = Entered(machine.cpu.time, r[PC], r[CAUSE], r[DETAIL], r[STATUS], r[PTBR])
    why = f"{trap(machine, entered)}, {_place(entered, places)}"
    return f"check-stop: {why}; {no_handler(machine)}"


def no_handler(machine: Machine) -> str:
    """Say why the handler of what check-stopped the CPU could not be entered."""
    memory, ivec = machine.memory, machine.cpu.r[IVEC]
    number = machine.cpu.r[CAUSE] & 0xFF
    slot = ivec + 4 * number
    vector = f"vector {number}'s word at {slot:#x}"
    if not memory.holds(slot, 4):
        unset = "" if ivec else ": no vector table was set up"
        return f"{vector} is not in memory (ivec is {ivec:#x}{unset})"
    handler = memory.words[slot >> 2]
    if not handler:
        return f"{vector} is 0: it has no handler (ivec is {ivec:#x})"
    wrong = f"{vector} says that its handler is at {handler:#x}"
    if handler % LENGTH:
        return f"{wrong}, which is no multiple of {LENGTH}"
    if handler < MEMORY_START:
        return f"{wrong}, in the I/O page, which holds no instructions"
    return f"{wrong}, where nothing is: memory is {_memory(machine)}"


def asleep(machine: Machine, places: SourceMap) -> str:
    """Tell that nothing can wake the CPU, and what could have."""
    mask = machine.cpu.r[IMASK]
    only = f"lets only {interrupts(mask)} through, which nothing will raise"
    through = only if mask else "lets no interrupt through"
    pending = machine.bus.pending(machine.cpu.time)
    waiting = f"; pending but masked: {interrupts(pending)}" if pending else ""
    return (
        f"asleep: nothing can wake the wait at pc {_before(machine, places)}: "
        f"imask is {mask:#x} and {through}{waiting}"
    )


def interrupts(lines: int) -> str:
    """Name interrupts by the bits of imask, as `timer (16)`."""
    return ", ".join(interrupt(n) for n in range(VECTOR_COUNT) if lines >> n & 1) or "none"


def interrupt(number: int) -> str:
    """Name an interrupt, as `timer (16)`."""
    vector = BY_NUMBER.get(number)
    return f"{vector.name} ({number})" if vector is not None else f"interrupt {number}"


def power_off(machine: Machine, places: SourceMap) -> str:
    """Tell the exit status, and where the firmware gave it."""
    return (
        "power-off: the firmware switched the machine off, "
        f"exit status {machine.cpu.exit_status}, at pc {_before(machine, places)}"
    )


def brk(machine: Machine, places: SourceMap) -> str:
    """Tell where the brk was."""
    mode = "" if machine.cpu.r[STATUS] & Status.KERNEL else ", in user mode"
    return f"brk: the program stopped itself at pc {_before(machine, places)}{mode}"


def _before(machine: Machine, places: SourceMap) -> str:
    """Show the instruction that was executed last: one that has only moved pc on."""
    return places.show((machine.cpu.r[PC] - LENGTH) & WORD)


def entry_name(entered: Entered) -> str:
    """Name a trap or an interrupt in a word or two, as `trap system-call`, `interrupt timer`."""
    number = entered.cause & 0xFF
    vector = BY_NUMBER.get(number)
    kind = "interrupt" if FIRST_INTERRUPT <= number < VECTOR_COUNT else "trap"
    return f"{kind} {number if vector is None else vector.name}"
