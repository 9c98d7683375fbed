"""What happened to a machine, said in sentences for people. Knows machines, not debuggers."""

from collections.abc import Callable

from isa_spec.registers import CAUSE, DETAIL, EPC, IMASK, IVEC, PC, Status
from isa_spec.traps import BY_NUMBER, Access
from machine.machine import Machine
from machine.trapped import Entered

_ACCESS = {Access.LOAD: "loading from", Access.STORE: "storing to", Access.FETCH: "fetching from"}


def trap(cause: int, detail: int) -> str:
    """Tell a trap by its cause and detail, such as `page not present, loading from 0x5000`."""
    number, access = cause & 0xFF, cause & ~0xFF
    vector = BY_NUMBER.get(number)
    if vector is None:
        return f"interrupt {number}"
    if vector.access and access in _ACCESS:
        return f"{vector.what}, {_ACCESS[Access(access)]} {detail:#x}"
    return vector.what if vector.detail == "0" else f"{vector.what} ({detail:#x})"


def trap_entered(entered: Entered, name: Callable[[int], str] = hex) -> str:
    """Tell a trap that was entered: the tick, the vector, why, and where from."""
    return (
        f"tick {entered.time}: vector {entered.cause & 0xFF}, "
        f"{trap(entered.cause, entered.detail)}, at pc {name(entered.pc)}"
    )


def mode(status: int) -> str:
    """Tell the mode that a status is of."""
    return "kernel mode" if status & Status.KERNEL else "user mode"


def check_stop(machine: Machine) -> str:
    """Tell why the CPU check-stopped (isa §5)."""
    r = machine.cpu.r
    number = r[CAUSE] & 0xFF
    slot = r[IVEC] + 4 * number
    if not machine.memory.holds(slot, 4):
        why = f"its vector word at {slot:#x} is not in memory (ivec is {r[IVEC]:#x})"
    else:
        handler = machine.memory.words[slot >> 2]
        why = (
            f"its handler, {handler:#x} by the vector word at {slot:#x}, "
            "is not an instruction's address in memory"
        )
    return f"check-stop: {trap(r[CAUSE], r[DETAIL])}, at pc {r[PC]:#x}; {why}"


def asleep(machine: Machine) -> str:
    """Tell that nothing can wake the CPU."""
    return (
        f"asleep: the wait before pc {machine.cpu.r[PC]:#x} sleeps and nothing can wake it "
        f"(imask is {machine.cpu.r[IMASK]:#x})"
    )


def power_off(machine: Machine) -> str:
    """Tell the exit status."""
    return (
        f"power-off: the firmware switched the machine off, exit status {machine.cpu.exit_status}"
    )


def brk(machine: Machine) -> str:
    """Tell where the brk was."""
    return f"brk: the instruction before pc {machine.cpu.r[PC]:#x} stopped here"


def trapped_at(machine: Machine) -> str:
    """Tell the last trap and where it came from."""
    r = machine.cpu.r
    return f"{trap(r[CAUSE], r[DETAIL])}, from pc {r[EPC]:#x}"
