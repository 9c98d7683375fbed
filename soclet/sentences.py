"""What happened to a machine, said in sentences for people. Knows machines, not debuggers."""

from isa_spec.registers import CAUSE, DETAIL, EPC, IMASK, IVEC, PC
from isa_spec.traps import BY_NUMBER, Access
from machine.machine import Machine

_ACCESS = {Access.LOAD: "loading from", Access.STORE: "storing to", Access.FETCH: "fetching from"}


def trap(machine: Machine) -> str:
    """Tell the trap that cause, detail and epc hold, such as `page not present, loading from …`."""
    r = machine.cpu.r
    number, access = r[CAUSE] & 0xFF, r[CAUSE] & ~0xFF
    vector = BY_NUMBER.get(number)
    if vector is None:
        return f"interrupt {number}"
    if vector.access:
        return f"{vector.what}, {_ACCESS[Access(access)]} {r[DETAIL]:#x}"
    return vector.what if vector.detail == "0" else f"{vector.what} ({r[DETAIL]:#x})"


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
    return f"check-stop: {trap(machine)}, at pc {r[PC]:#x}; {why}"


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
    return f"{trap(machine)}, from pc {machine.cpu.r[EPC]:#x}"
